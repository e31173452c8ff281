/*
 * cmd/show_json.h - values for people and programs, as JSON
 *
 * All results are new references.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/strv.h"
#include "core/spec.h"

/* show_text - bytes that are no UTF-8 become \xNN; NULL is "" */
json_t *show_text(const char *text);

/* show_list - an array of texts */
json_t *show_list(const struct strv *texts);

/* show_pairs - an object of KEY=VALUE pairs */
json_t *show_pairs(const struct strv *pairs);

/*
 * show_time - "2026-11-22T10:00:00.123456789Z"
 * @ns: CLOCK_REALTIME; 0, never, is Go's "0001-01-01T00:00:00Z"
 */
json_t *show_time(uint64_t ns);

/* show_network - "none", "host" */
const char *show_network(enum network_mode mode);

/* show_set - @object[@key] = show_text(@text) */
void show_set(json_t *object, const char *key, const char *text);
