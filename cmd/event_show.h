/*
 * cmd/event_show.h - an event as people and as programs read it
 */
#pragma once

#include <jansson.h>

#include "core/events.h"

/*
 * event_text - one line, as docker(1) prints it, without a newline
 * "TIME container start ID (image=..., name=...)"; the time is local.
 * Control characters are escaped.  The caller frees it.
 */
char *event_text(const struct event *event);

/*
 * event_object - with the members that docker(1) and those that podman(1)
 * gives an event, for --format: .Status .Type .Action .ID .Name .Image
 * .Actor.Attributes.KEY .Time .TimeNano, ...
 */
json_t *event_object(const struct event *event);
