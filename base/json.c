#include "base/json.h"

#include <errno.h>
#include <stdlib.h>

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
