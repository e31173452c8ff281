/*
 * base/json.h - JSON from outside, through jansson, within bounds
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

#define scoped_json __attribute__((cleanup(json_free_indirect))) json_t

void json_free_indirect(json_t **value);

/*
 * json_parse - parse @size bytes of text, which must be one JSON value
 * @what: names the text in messages
 *
 * Duplicate keys, NUL in strings, invalid UTF-8, trailing text, and nesting
 * deeper than 64 are refused: -EINVAL.
 */
int json_parse(const char *text, size_t size, const char *what, json_t **ret,
	       struct error *err);

/* json_read_file - parse a file of at most @max bytes, below @dirfd */
int json_read_file(int dirfd, const char *path, size_t max, json_t **ret,
		   struct error *err);

/*
 * Members of an object.  A member that is missing or null leaves *ret as it
 * is and returns 0; a present one returns 1; one of a wrong type is -EINVAL
 * with the key in the message.  Strings are borrowed from @object.
 */
int json_get_string(const json_t *object, const char *key, const char **ret,
		    struct error *err);
int json_get_u64(const json_t *object, const char *key, uint64_t *ret,
		 struct error *err);
int json_get_object(const json_t *object, const char *key, json_t **ret,
		    struct error *err);
int json_get_array(const json_t *object, const char *key, json_t **ret,
		   struct error *err);
/* an array of strings, appended to @ret as copies */
int json_get_strv(const json_t *object, const char *key, struct strv *ret,
		  struct error *err);

/*
 * Texts that may be no UTF-8, as file names and arguments are: a JSON string
 * if it is UTF-8, else {"hex": "c3..."}.  Lists become arrays of such.
 */
json_t *json_from_text(const char *text); /* NULL: null */
json_t *json_from_texts(const struct strv *texts);
/* Return: 1 with a copy in *ret, the caller's; 0 missing or null; -EINVAL */
int json_get_text(const json_t *object, const char *key, char **ret,
		  struct error *err);
int json_get_texts(const json_t *object, const char *key, struct strv *ret,
		   struct error *err);

/* Return: 1 with *ret set; 0 missing or null; -EINVAL */
int json_get_bool(const json_t *object, const char *key, bool *ret,
		  struct error *err);
int json_get_int(const json_t *object, const char *key, int *ret,
		 struct error *err);
