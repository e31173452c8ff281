/*
 * cmd/event_filter.h - which events, as docker(1) filters them
 *
 *   container=ID or NAME or the beginning of one
 *   event=ACTION      docker's and podman's names for an action too
 *   image=NAME        of image events, and of containers made from it
 *   label=KEY, label=KEY=VALUE
 *   type=container, image or volume
 *   volume=NAME or the beginning of one
 *
 * Filters of one key are alternatives, those of different keys are not; but
 * labels must all be there.  Pure functions.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/events.h"

/* event_filter_check - Return: 0; -EINVAL with what can be filtered by */
int event_filter_check(const struct strv *filters, struct error *err);

/* event_filter_passes - @filters: checked */
bool event_filter_passes(const struct strv *filters, const struct event *event);
