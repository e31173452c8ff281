#include "base/json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"

enum { DEPTH_MAX = 64 };

void json_free_indirect(json_t **value)
{
	json_decref(*value);
}

/* jansson takes 2048 levels and recurses; ours are few, so count first */
static int check_depth(const char *text, size_t size, const char *what,
		       struct error *err)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return error_say(err, EINVAL,
						 "%s: nested deeper than %d",
						 what, DEPTH_MAX);
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return 0;
}

int json_parse(const char *text, size_t size, const char *what, json_t **ret,
	       struct error *err)
{
	json_error_t why;
	int r = check_depth(text, size, what, err);

	if (r < 0)
		return r;
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!value)
		return error_say(err, EINVAL,
				 "%s: not valid JSON: %s (line %d)", what,
				 why.text, why.line);
	*ret = value;
	return 0;
}

int json_read_file(int dirfd, const char *path, size_t max, json_t **ret,
		   struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(dirfd, path, max, &text, err);

	if (size < 0)
		return (int)size;
	return json_parse(text, (size_t)size, path, ret, err);
}

static int wrong_type(const char *key, const char *wanted, struct error *err)
{
	return error_say(err, EINVAL, "\"%s\" is not %s", key, wanted);
}

static json_t *member(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

int json_get_string(const json_t *object, const char *key, const char **ret,
		    struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong_type(key, "a string", err);
	*ret = json_string_value(value);
	return 1;
}

int json_get_u64(const json_t *object, const char *key, uint64_t *ret,
		 struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong_type(key, "a number from 0 on", err);
	*ret = (uint64_t)json_integer_value(value);
	return 1;
}

int json_get_object(const json_t *object, const char *key, json_t **ret,
		    struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong_type(key, "an object", err);
	*ret = value;
	return 1;
}

int json_get_array(const json_t *object, const char *key, json_t **ret,
		   struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_array(value))
		return wrong_type(key, "an array", err);
	*ret = value;
	return 1;
}

int json_get_strv(const json_t *object, const char *key, struct strv *ret,
		  struct error *err)
{
	json_t *array = NULL, *value;
	size_t i;
	int r = json_get_array(object, key, &array, err);

	if (r <= 0)
		return r;
	json_array_foreach (array, i, value)
		if (!json_is_string(value))
			return wrong_type(key, "an array of strings", err);
	json_array_foreach (array, i, value)
		strv_add(ret, json_string_value(value));
	return 1;
}

json_t *json_from_text(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();

	if (string)
		return string;
	size_t size = strlen(text);
	scoped(char) *hex = xcalloc(2 * size + 1, 1);
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
	return json_pack("{s:s}", "hex", hex);
}

json_t *json_from_texts(const struct strv *texts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(array, json_from_text(texts->v[i]));
	return array;
}

/* Return: the caller's to free; NULL when it is neither form */
static char *text_of(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	const char *hex = json_string_value(json_object_get(value, "hex"));
	if (!hex || strlen(hex) % 2 || hex[strspn(hex, "0123456789abcdef")])
		return NULL;
	char *text = xcalloc(strlen(hex) / 2 + 1, 1);
	for (size_t i = 0; hex[2 * i]; i++) {
		unsigned byte = 0;
		sscanf(hex + 2 * i, "%2x", &byte);
		if (byte == 0) { /* what follows it would be lost */
			free(text);
			return NULL;
		}
		text[i] = (char)byte;
	}
	return text;
}

int json_get_text(const json_t *object, const char *key, char **ret,
		  struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	char *text = text_of(value);
	if (!text)
		return wrong_type(key, "a text", err);
	*ret = text;
	return 1;
}

int json_get_texts(const json_t *object, const char *key, struct strv *ret,
		   struct error *err)
{
	json_t *array = NULL, *value;
	scoped_strv texts = { 0 };
	size_t i;
	int r = json_get_array(object, key, &array, err);

	if (r <= 0)
		return r;
	json_array_foreach (array, i, value) {
		char *text = text_of(value);
		if (!text)
			return wrong_type(key, "an array of texts", err);
		strv_take(&texts, text);
	}
	strv_extend(ret, texts.v);
	return 1;
}

int json_get_bool(const json_t *object, const char *key, bool *ret,
		  struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return wrong_type(key, "true or false", err);
	*ret = json_is_true(value);
	return 1;
}

int json_get_int(const json_t *object, const char *key, int *ret,
		 struct error *err)
{
	json_t *value = member(object, key);

	if (!value)
		return 0;
	json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < INT_MIN || number > INT_MAX)
		return wrong_type(key, "a number", err);
	*ret = (int)number;
	return 1;
}
