/*
 * storage/registry/toml.h - the part of TOML that registries.conf is made of
 *
 * Tables, arrays of tables, dotted and quoted keys, one-line strings, whole
 * decimal numbers, booleans, arrays and inline tables.  Dates, fractions,
 * other bases and strings of several lines are refused, not misread.  Pure,
 * fuzzed.  Source: TOML 1.0.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

#define TOML_MAX (1 << 20) /* bytes of a document */

/*
 * toml_parse - a document, as the same tree of values in JSON
 * @what: the file, for messages: "FILE:LINE: ..."
 *
 * A key that is set twice, a table that is opened twice, control characters
 * and invalid UTF-8 are refused, as is nesting deeper than 16.
 * Return: 0 with *@ret to be given back by json_decref(); -EINVAL, -EFBIG.
 */
int toml_parse(const char *text, size_t size, const char *what, json_t **ret,
	       struct error *err);
