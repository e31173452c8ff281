#include "core/spec_json.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

enum { FORMAT = 1 };

enum kind {
	TEXT,
	LIST,
	FLAG,
	NUMBER, /* int, or an enum without names */
	WORD,   /* uint32_t */
	LONG,   /* uint64_t */
	NAMED,  /* an enum */
};

struct field {
	const char *key;
	enum kind kind;
	size_t offset;
	const char *const *names; /* of NAMED, up to a NULL */
};

static const char *const rootfs_names[] = { "image", "directory",
					    "directory-rw", "host", NULL };
static const char *const network_names[] = { "none", "host", NULL };
static const char *const seccomp_names[] = { "default", "off", NULL };
static const char *const mount_names[] = { "bind", "tmpfs", "volume", NULL };
static const char *const userns_names[] = { "auto",    "nomap",  "as-me",
					    "keep-id", "single", NULL };
static const char *const driver_names[] = { "auto", "fuse-below-overlay",
					    "fuse-overlayfs", "overlay", NULL };

/* clang-format off */
#define FIELD(field, kind) { #field, kind, offsetof(struct spec, field), NULL }
#define ENUM(field, names) { #field, NAMED, offsetof(struct spec, field), names }
#define NESTED(key, kind, field) { key, kind, offsetof(struct spec, field), NULL }
static const struct field fields[] = {
	FIELD(id, TEXT),
	FIELD(name, TEXT),
	FIELD(hostname, TEXT),
	FIELD(labels, LIST),
	FIELD(created_ns, LONG),
	FIELD(remove, FLAG),
	FIELD(stop_timeout_ms, LONG),
	ENUM(restart, restart_names),
	FIELD(restart_max, WORD),
	FIELD(argv, LIST),
	FIELD(entrypoint_words, WORD),
	FIELD(env, LIST),
	FIELD(workdir, TEXT),
	NESTED("user", TEXT, user.text),
	NESTED("groups", LIST, user.groups),
	FIELD(stop_signal, NUMBER),
	FIELD(timeout_ms, LONG),
	FIELD(tty, FLAG),
	FIELD(interactive, FLAG),
	FIELD(stdin_once, FLAG),
	FIELD(pid1, FLAG),
	FIELD(keep, FLAG),
	NESTED("log_none", FLAG, log.none),
	NESTED("log_max_size", LONG, log.max_size),
	NESTED("log_max_files", WORD, log.max_file),
	ENUM(rootfs, rootfs_names),
	ENUM(driver, driver_names),
	FIELD(image, TEXT),
	FIELD(image_digest, TEXT),
	FIELD(rootfs_dir, TEXT),
	FIELD(layers, LIST),
	FIELD(whiteout_files, FLAG),
	FIELD(squash, FLAG),
	FIELD(read_only, FLAG),
	FIELD(shm_size, LONG),
	ENUM(userns, userns_names),
	FIELD(capabilities, LONG),
	FIELD(no_new_privileges, FLAG),
	ENUM(seccomp, seccomp_names),
	FIELD(landlock, FLAG),
	FIELD(masks, FLAG),
	FIELD(mask, LIST),
	FIELD(unmask, LIST),
	ENUM(network, network_names),
	FIELD(pids_limit, WORD),
};

#define MOUNT_FIELD(field, kind) \
	{ #field, kind, offsetof(struct spec_mount, field), NULL }
static const struct field mount_fields[] = {
	{ "kind", NAMED, offsetof(struct spec_mount, kind), mount_names },
	MOUNT_FIELD(source, TEXT),
	MOUNT_FIELD(target, TEXT),
	MOUNT_FIELD(read_only, FLAG),
	MOUNT_FIELD(exec, FLAG),
	MOUNT_FIELD(no_recurse, FLAG),
	MOUNT_FIELD(symlinks, FLAG),
	MOUNT_FIELD(size, LONG),
	MOUNT_FIELD(mode, WORD),
};
/* clang-format on */

static json_t *get_field(const void *from, const struct field *field)
{
	const char *at = (const char *)from + field->offset;

	switch (field->kind) {
	case TEXT:
		return json_from_text(*(char *const *)(const void *)at);
	case LIST:
		return json_from_texts((const struct strv *)(const void *)at);
	case FLAG:
		return json_boolean(*(const bool *)at);
	case NUMBER:
		return json_integer(*(const int *)(const void *)at);
	case WORD:
		return json_integer(*(const uint32_t *)(const void *)at);
	case LONG:
		return json_integer((json_int_t) *
				    (const uint64_t *)(const void *)at);
	case NAMED:
		return json_string(
			field->names[*(const int *)(const void *)at]);
	}
	return json_null();
}

static json_t *get_fields(const void *from, const struct field *list, size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, list[i].key,
				    get_field(from, &list[i]));
	return object;
}

/* all ones, which mean "no bound", are -1 there */
static int set_long(uint64_t *to, const json_t *object, const char *key,
		    struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) != -1)
		return json_get_u64(object, key, to, err);
	*to = UINT64_MAX;
	return 1;
}

static int set_named(int *to, const json_t *object, const struct field *field,
		     struct error *err)
{
	const char *name = NULL;
	int r = json_get_string(object, field->key, &name, err);

	if (r <= 0)
		return r;
	for (int i = 0; field->names[i]; i++)
		if (strcmp(field->names[i], name) == 0) {
			*to = i;
			return 1;
		}
	return error_say(err, EINVAL, "\"%s\": there is no \"%.40s\"",
			 field->key, name);
}

static int set_field(void *to, const json_t *object, const struct field *field,
		     struct error *err)
{
	void *at = (char *)to + field->offset;
	uint64_t number = 0;
	int r;

	switch (field->kind) {
	case TEXT:
		return json_get_text(object, field->key, at, err);
	case LIST:
		return json_get_texts(object, field->key, at, err);
	case FLAG:
		return json_get_bool(object, field->key, at, err);
	case NUMBER:
		return json_get_int(object, field->key, at, err);
	case LONG:
		return set_long(at, object, field->key, err);
	case NAMED:
		return set_named(at, object, field, err);
	case WORD:
		r = json_get_u64(object, field->key, &number, err);
		if (r < 0 || number > UINT32_MAX)
			return r < 0 ? r
				     : error_say(err, ERANGE, "\"%s\"",
						 field->key);
		if (r > 0)
			*(uint32_t *)at = (uint32_t)number;
		return r;
	}
	return 0;
}

static int set_fields(void *to, const json_t *object, const struct field *list,
		      size_t n, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = set_field(to, object, &list[i], err);
	return r < 0 ? r : 0;
}

static json_t *map_to_json(const struct idmap *map)
{
	json_t *array = json_array();

	for (size_t i = 0; i < map->n; i++) {
		const struct idextent *e = &map->extents[i];
		json_array_append_new(array, json_pack("[I, I, I]",
						       (json_int_t)e->inside,
						       (json_int_t)e->outside,
						       (json_int_t)e->count));
	}
	return array;
}

static int map_from_json(const json_t *object, const char *key,
			 struct idmap *ret, struct error *err)
{
	json_t *array = NULL, *extent;
	size_t i;
	int r = json_get_array(object, key, &array, err);

	json_array_foreach (array, i, extent) {
		json_int_t inside, outside, count;
		if (json_unpack(extent, "[I, I, I!]", &inside, &outside,
				&count) < 0 ||
		    inside < 0 || inside >= ID_NONE || outside < 0 ||
		    outside >= ID_NONE || count < 1 || count > ID_NONE)
			return error_say(err, EINVAL, "\"%s\": no id map", key);
		r = idmap_add(ret, (uint32_t)inside, (uint32_t)outside,
			      (uint32_t)count, err);
		if (r < 0)
			return error_prefix(err, "\"%s\"", key);
	}
	return r < 0 ? r : 0;
}

static json_t *mounts_to_json(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->n_mounts; i++)
		json_array_append_new(array,
				      get_fields(&spec->mounts[i], mount_fields,
						 ARRAY_SIZE(mount_fields)));
	return array;
}

static int mounts_from_json(const json_t *object, struct spec *spec,
			    struct error *err)
{
	json_t *array = NULL, *one;
	size_t i;
	int r = json_get_array(object, "mounts", &array, err);

	if (r <= 0)
		return r;
	spec->mounts =
		xcalloc(json_array_size(array) + 1, sizeof(*spec->mounts));
	json_array_foreach (array, i, one) {
		r = set_fields(&spec->mounts[spec->n_mounts++], one,
			       mount_fields, ARRAY_SIZE(mount_fields), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static json_t *rlimits_to_json(const struct spec *spec)
{
	json_t *array = json_array();

	/* RLIM_INFINITY is all ones: -1 */
	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct spec_rlimit *l = &spec->rlimits[i];
		json_array_append_new(array,
				      json_pack("[i, I, I]", l->resource,
						(json_int_t)l->limit.rlim_cur,
						(json_int_t)l->limit.rlim_max));
	}
	return array;
}

static int rlimits_from_json(const json_t *object, struct spec *spec,
			     struct error *err)
{
	json_t *array = NULL, *one;
	size_t i;
	int r = json_get_array(object, "rlimits", &array, err);

	if (r <= 0)
		return r;
	spec->rlimits =
		xcalloc(json_array_size(array) + 1, sizeof(*spec->rlimits));
	json_array_foreach (array, i, one) {
		struct spec_rlimit *l = &spec->rlimits[spec->n_rlimits];
		json_int_t soft, hard;
		if (json_unpack(one, "[i, I, I!]", &l->resource, &soft, &hard) <
		    0)
			return error_say(err, EINVAL, "\"rlimits\": no limit");
		l->limit.rlim_cur = (rlim_t)soft;
		l->limit.rlim_max = (rlim_t)hard;
		spec->n_rlimits++;
	}
	return 0;
}

json_t *spec_to_json(const struct spec *spec)
{
	json_t *object = get_fields(spec, fields, ARRAY_SIZE(fields));

	json_object_set_new(object, "format", json_integer(FORMAT));
	json_object_set_new(object, "mounts", mounts_to_json(spec));
	json_object_set_new(object, "rlimits", rlimits_to_json(spec));
	json_object_set_new(object, "outer_uids",
			    map_to_json(&spec->outer_uids));
	json_object_set_new(object, "outer_gids",
			    map_to_json(&spec->outer_gids));
	json_object_set_new(object, "inner_uids",
			    map_to_json(&spec->inner_uids));
	json_object_set_new(object, "inner_gids",
			    map_to_json(&spec->inner_gids));
	return object;
}

static int check_format(const json_t *object, struct error *err)
{
	uint64_t format = 0;
	int r = json_get_u64(object, "format", &format, err);

	if (r < 0)
		return r;
	if (format > FORMAT)
		return error_say(err, ENOTSUP,
				 "a newer version of wolffia made this "
				 "container");
	return format == FORMAT
		       ? 0
		       : error_say(err, EINVAL, "\"format\" is missing");
}

static int fill(const json_t *object, struct spec *spec, struct error *err)
{
	int r = check_format(object, err);

	if (r == 0)
		r = set_fields(spec, object, fields, ARRAY_SIZE(fields), err);
	if (r == 0)
		r = mounts_from_json(object, spec, err);
	if (r == 0)
		r = rlimits_from_json(object, spec, err);
	if (r == 0)
		r = map_from_json(object, "outer_uids", &spec->outer_uids, err);
	if (r == 0)
		r = map_from_json(object, "outer_gids", &spec->outer_gids, err);
	if (r == 0)
		r = map_from_json(object, "inner_uids", &spec->inner_uids, err);
	if (r == 0)
		r = map_from_json(object, "inner_gids", &spec->inner_gids, err);
	return r < 0 ? r : spec_check(spec, err);
}

int spec_from_json(const json_t *object, struct spec *ret, struct error *err)
{
	struct spec spec = { .status_fd = -1 };
	int r = fill(object, &spec, err);

	if (r < 0) {
		spec_free(&spec);
		return r;
	}
	*ret = spec;
	return 0;
}
