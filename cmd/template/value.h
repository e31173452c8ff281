/*
 * cmd/template/value.h - what a template computes with: JSON, and no value
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What JSON does not tell: of null, and of a key that is not there. */
enum value_type {
	VALUE_PLAIN,    /* an object is a struct, null is nil */
	VALUE_LIST,     /* null is an empty one */
	VALUE_MAP,      /* null is an empty one; a missing key has no value */
	VALUE_TEXTS,    /* a map; index gives "" for a missing key */
	VALUE_OPTIONAL, /* nil when it is missing */
};

/* Owns a reference.  {0} is no value: what is printed as <no value>. */
struct value {
	json_t *json;
	enum value_type type;
};

struct value value_borrow(json_t *json); /* takes a reference of its own */
struct value value_copy(const struct value *value);
struct value value_take(json_t *json); /* the reference becomes the value's */
struct value value_text(const char *text, size_t n);
struct value value_boolean(bool is_true);
struct value value_integer(long long integer);
void value_free(struct value *value);

#define scoped_value __attribute__((cleanup(value_free))) struct value

bool value_is_nil(const struct value *value); /* nil, or no value */
bool value_is_map(const struct value *value); /* of a map or a struct */

/* value_is_true - as Go: not false, 0, "", nil, or an empty list or map */
bool value_is_true(const struct value *value);

/* value_say - "a text", "a list", "nil": for messages */
const char *value_say(const struct value *value);

/* value_count - bytes, elements, members; -1 if there is nothing to count */
long long value_count(const struct value *value);

/*
 * value_member - .@name of @of
 * Return: 0 with *ret the caller's; -EINVAL there is none.
 */
int value_member(const struct value *of, const char *name, struct value *ret,
		 struct error *err);

/* value_index - element @key of a list, byte of a text, or member; as above */
int value_index(const struct value *of, const struct value *key,
		struct value *ret, struct error *err);

/* value_element - element @i of a list, or the member with that @key */
struct value value_element(const struct value *of, size_t i, const char *key);

/*
 * value_keys - the keys of an object in order of their bytes
 * Return: to be freed, NULL-terminated; the keys are borrowed.
 */
const char **value_keys(const json_t *object);

/* value_is_equal, value_is_less - Return: 0, 1, or -EINVAL: not comparable */
int value_is_equal(const struct value *a, const struct value *b,
		   struct error *err);
int value_is_less(const struct value *a, const struct value *b,
		  struct error *err);
