#include "cmd/template/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/*
 * The types of members, as docker inspect has them.  Ports of docker ps is a
 * text, Options of a mount a list: of these the JSON says what they are.
 */
/* clang-format off */
static const struct {
	const char *name;
	enum value_type type;
} members[] = {
	{ "Aliases",       VALUE_LIST },
	{ "Annotations",   VALUE_TEXTS },
	{ "Args",          VALUE_LIST },
	{ "Attributes",    VALUE_TEXTS }, /* of an event */
	{ "Binds",         VALUE_LIST },
	{ "CapAdd",        VALUE_LIST },
	{ "CapDrop",       VALUE_LIST },
	{ "Cmd",           VALUE_LIST },
	{ "ContainerExitCode", VALUE_OPTIONAL }, /* of an event */
	{ "Data",          VALUE_TEXTS }, /* GraphDriver */
	{ "Devices",       VALUE_LIST },
	{ "Dns",           VALUE_LIST },
	{ "DnsOptions",    VALUE_LIST },
	{ "DnsSearch",     VALUE_LIST },
	{ "DriverOpts",    VALUE_TEXTS },
	{ "Entrypoint",    VALUE_LIST },
	{ "Env",           VALUE_LIST },
	{ "ExecIDs",       VALUE_LIST },
	{ "ExposedPorts",  VALUE_MAP },
	{ "ExtraHosts",    VALUE_LIST },
	{ "GroupAdd",      VALUE_LIST },
	{ "Health",        VALUE_OPTIONAL },
	{ "Healthcheck",   VALUE_OPTIONAL },
	{ "Label",         VALUE_TEXTS }, /* of docker ps */
	{ "Labels",        VALUE_TEXTS },
	{ "Layers",        VALUE_LIST },
	{ "Links",         VALUE_LIST },
	{ "MaskedPaths",   VALUE_LIST },
	{ "Mounts",        VALUE_LIST },
	{ "Networks",      VALUE_MAP },
	{ "OnBuild",       VALUE_LIST },
	{ "Options",       VALUE_TEXTS },
	{ "PortBindings",  VALUE_MAP },
	{ "Ports",         VALUE_MAP },
	{ "ReadonlyPaths", VALUE_LIST },
	{ "RepoDigests",   VALUE_LIST },
	{ "RepoTags",      VALUE_LIST },
	{ "SecurityOpt",   VALUE_LIST },
	{ "Shell",         VALUE_LIST },
	{ "StorageOpt",    VALUE_TEXTS },
	{ "Sysctls",       VALUE_TEXTS },
	{ "Tmpfs",         VALUE_TEXTS },
	{ "Volumes",       VALUE_MAP },
	{ "VolumesFrom",   VALUE_LIST },
};
/* clang-format on */

static enum value_type type_of_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strcmp(members[i].name, name) == 0)
			return members[i].type;
	return VALUE_PLAIN;
}

struct value value_take(json_t *json)
{
	return (struct value){ json, VALUE_PLAIN };
}

struct value value_borrow(json_t *json)
{
	return value_take(json_incref(json));
}

struct value value_copy(const struct value *value)
{
	return (struct value){ json_incref(value->json), value->type };
}

struct value value_text(const char *text, size_t n)
{
	return value_take(json_stringn_nocheck(text ? text : "", n));
}

struct value value_boolean(bool is_true)
{
	return value_take(json_boolean(is_true));
}

struct value value_integer(long long integer)
{
	return value_take(json_integer(integer));
}

void value_free(struct value *value)
{
	json_decref(value->json);
	*value = (struct value){ 0 };
}

static bool has_keys(enum value_type type)
{
	return type == VALUE_TEXTS || type == VALUE_MAP;
}

bool value_is_nil(const struct value *value)
{
	return !value->json || json_is_null(value->json);
}

bool value_is_map(const struct value *value)
{
	return json_is_object(value->json) ||
	       (json_is_null(value->json) && has_keys(value->type));
}

bool value_is_true(const struct value *value)
{
	const json_t *json = value->json;

	switch (json ? json_typeof(json) : JSON_NULL) {
	case JSON_OBJECT:
		return !has_keys(value->type) || json_object_size(json) > 0;
	case JSON_ARRAY:
		return json_array_size(json) > 0;
	case JSON_STRING:
		return json_string_length(json) > 0;
	case JSON_INTEGER:
		return json_integer_value(json) != 0;
	case JSON_REAL:
		return json_real_value(json) < 0 || json_real_value(json) > 0;
	case JSON_TRUE:
		return true;
	default:
		return false;
	}
}

const char *value_say(const struct value *value)
{
	if (!value->json)
		return "no value";
	switch (json_typeof(value->json)) {
	case JSON_OBJECT:
		return has_keys(value->type) ? "a map" : "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a fraction";
	case JSON_NULL:
		return has_keys(value->type)       ? "a map"
		       : value->type == VALUE_LIST ? "a list"
						   : "nil";
	default:
		return "true or false";
	}
}

long long value_count(const struct value *value)
{
	const json_t *json = value->json;

	if (json_is_string(json))
		return (long long)json_string_length(json);
	if (json_is_array(json))
		return (long long)json_array_size(json);
	if (json_is_object(json))
		return (long long)json_object_size(json);
	return json_is_null(json) ? 0 : -1;
}

static int no_member(const json_t *object, const char *name, struct error *err)
{
	scoped(const char *) *keys = value_keys(object);
	const char *near = text_nearest(name, keys);

	error_say(err, EINVAL, "there is no \"%s\"", name);
	if (near)
		return error_hint(err, "did you mean {{.%s}}?", near);
	return error_hint(err, "{{json .}} shows all names");
}

struct value value_element(const struct value *of, size_t i, const char *key)
{
	json_t *json = key ? json_object_get(of->json, key)
			   : json_array_get(of->json, i);

	return value_borrow(json_is_null(json) ? NULL : json);
}

/* docker has it written .ID and .Id */
static const char *other_name(const char *name)
{
	return strcmp(name, "ID") == 0   ? "Id"
	       : strcmp(name, "Id") == 0 ? "ID"
					 : NULL;
}

static int struct_member(const struct value *of, const char *name,
			 struct value *ret, struct error *err)
{
	json_t *json = json_object_get(of->json, name);
	const char *other = json ? NULL : other_name(name);
	enum value_type type = type_of_member(name);

	if (other)
		json = json_object_get(of->json, other);
	if (!json && type == VALUE_OPTIONAL)
		*ret = value_take(json_null());
	else if (!json)
		return no_member(of->json, name, err);
	else
		*ret = value_borrow(json);
	ret->type = type;
	return 0;
}

static int hint_nil(const struct value *value, struct error *err)
{
	return value_is_nil(value)
		       ? error_hint(err, "{{with .A}}...{{end}} passes over "
					 "what is not there")
		       : -err->code;
}

int value_member(const struct value *of, const char *name, struct value *ret,
		 struct error *err)
{
	if (value_is_map(of) && has_keys(of->type)) {
		*ret = value_element(of, 0, name);
		return 0;
	}
	if (json_is_object(of->json))
		return struct_member(of, name, ret, err);
	if (!of->json) {
		/* as Go: .Networks.wrong.IPAddress has no value either */
		*ret = (struct value){ 0 };
		return 0;
	}
	error_say(err, EINVAL, "%s has no \"%s\"", value_say(of), name);
	return hint_nil(of, err);
}

static int index_map(const struct value *of, const struct value *key,
		     struct value *ret, struct error *err)
{
	const char *name = json_string_value(key->json);

	if (!name)
		return error_say(err, EINVAL,
				 "index of %s wants a text, not %s",
				 value_say(of), value_say(key));
	if (!has_keys(of->type))
		return struct_member(of, name, ret, err);
	*ret = of->type == VALUE_TEXTS && !json_object_get(of->json, name)
		       ? value_text("", 0)
		       : value_element(of, 0, name);
	return 0;
}

int value_index(const struct value *of, const struct value *key,
		struct value *ret, struct error *err)
{
	long long count = value_count(of), i = json_integer_value(key->json);

	if (value_is_map(of))
		return index_map(of, key, ret, err);
	if (!json_is_array(of->json) && !json_is_string(of->json) &&
	    !(json_is_null(of->json) && of->type == VALUE_LIST)) {
		error_say(err, EINVAL, "%s cannot be indexed", value_say(of));
		return hint_nil(of, err);
	}
	if (!json_is_integer(key->json))
		return error_say(err, EINVAL,
				 "index of %s wants a number, not %s",
				 value_say(of), value_say(key));
	if (i < 0 || i >= count)
		return error_say(err, EINVAL,
				 "index %lld is out of range: %s of %lld", i,
				 value_say(of), count);
	if (json_is_string(of->json))
		*ret = value_integer(
			(unsigned char)json_string_value(of->json)[i]);
	else
		*ret = value_element(of, (size_t)i, NULL);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **value_keys(const json_t *object)
{
	size_t n = 0;
	const char **keys =
		xcalloc(json_object_size(object) + 1, sizeof(*keys));
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_bytes);
	return keys;
}

static int compare_texts(const json_t *a, const json_t *b)
{
	size_t n = json_string_length(a), m = json_string_length(b);
	int r = memcmp(json_string_value(a), json_string_value(b),
		       n < m ? n : m);

	return r ? r : (n > m) - (n < m);
}

/* Return: below 0, 0, above 0 */
static int compare_numbers(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) -
		       (json_integer_value(a) < json_integer_value(b));
	return (json_number_value(a) > json_number_value(b)) -
	       (json_number_value(a) < json_number_value(b));
}

static int not_comparable(const struct value *a, const struct value *b,
			  struct error *err)
{
	return error_say(err, EINVAL, "%s and %s cannot be compared",
			 value_say(a), value_say(b));
}

int value_is_equal(const struct value *a, const struct value *b,
		   struct error *err)
{
	if (value_is_nil(a) || value_is_nil(b))
		return value_is_nil(a) && value_is_nil(b);
	if (json_is_string(a->json) && json_is_string(b->json))
		return compare_texts(a->json, b->json) == 0;
	if (json_is_number(a->json) && json_is_number(b->json))
		return compare_numbers(a->json, b->json) == 0;
	if (json_is_boolean(a->json) && json_is_boolean(b->json))
		return json_is_true(a->json) == json_is_true(b->json);
	return not_comparable(a, b, err);
}

int value_is_less(const struct value *a, const struct value *b,
		  struct error *err)
{
	if (json_is_string(a->json) && json_is_string(b->json))
		return compare_texts(a->json, b->json) < 0;
	if (json_is_number(a->json) && json_is_number(b->json))
		return compare_numbers(a->json, b->json) < 0;
	return not_comparable(a, b, err);
}
