/*
 * cmd/template/json.h - {{json .}}: JSON on one line, as docker(1) prints it
 *
 * Not through jansson's writer, which has no way to write 0.1 in two digits,
 * and refuses the half of a character that {{slice .A 0 1}} may leave.
 */
#pragma once

#include <jansson.h>

#include "cmd/template/bytes.h"

/*
 * print_json - members in the order that they have; < > and & as they are; no
 * UTF-8 as U+FFFD; fractions in as few digits as tell them from others
 * @json: NULL is null
 */
void print_json(struct bytes *to, const json_t *json);
