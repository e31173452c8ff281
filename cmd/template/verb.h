/*
 * cmd/template/verb.h - one % of printf with its value, as Go's package fmt
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/template/bytes.h"

/* of a width and a precision; written as digits they may have one more */
enum { VERB_SIZE_MAX = 1000000 };

struct verb {
	uint32_t letter; /* 'v', 's', 'd' ...: any character */
	bool plus, minus, sharp, zero, space;
	bool has_precision;
	size_t width, precision; /* characters */
};

/* verb_print - lists and objects: the verb is that of each element */
void verb_print(struct bytes *to, const struct verb *verb, const json_t *json);

/* verb_type_name - "string", "int", "map[string]interface {}" ... */
const char *verb_type_name(const json_t *json);

/*
 * real_print_shortest - in as few digits as tell it from other numbers, with
 * an exponent if that would be below @low, or @high or more
 * Return: the caller's to free.
 */
char *real_print_shortest(double real, int low, int high);
