/* The image configuration; the rest of manifest.h is in manifest.c. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/digest.h"
#include "storage/manifest.h"

enum { LIST_MAX = 100000 };

/* names and paths go into files and messages: no line breaks, no escapes */
static int check_plain(const char *key, const char *text, struct error *err)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		if (*s < 0x20 || *s == 0x7f)
			return error_say(err, EINVAL,
					 "\"%s\" has a control character", key);
	return 0;
}

static int plain_string(const json_t *object, const char *key, char **to,
			struct error *err)
{
	const char *text = NULL;
	int r = json_get_string(object, key, &text, err);

	if (r <= 0)
		return r;
	r = check_plain(key, text, err);
	if (r < 0)
		return r;
	free(*to);
	*to = xstrdup(text);
	return 0;
}

/* {"/data": {}, "80/tcp": {}}: a set, in Go's way */
static int parse_set(const json_t *object, const char *key, struct strv *to,
		     struct error *err)
{
	json_t *set = NULL, *value;
	const char *name;
	int r = json_get_object(object, key, &set, err);

	if (r <= 0)
		return r;
	json_object_foreach (set, name, value) {
		if (!json_is_object(value) && !json_is_null(value))
			return error_say(err, EINVAL,
					 "\"%s\": \"%s\" is not an object", key,
					 name);
		r = check_plain(key, name, err);
		if (r < 0)
			return r;
		strv_add(to, name);
	}
	return 0;
}

static int parse_labels(const json_t *object, struct strv *to,
			struct error *err)
{
	json_t *labels = NULL, *value;
	const char *name;
	int r = json_get_object(object, "Labels", &labels, err);

	if (r <= 0)
		return r;
	json_object_foreach (labels, name, value) {
		if (!json_is_string(value))
			return error_say(err, EINVAL,
					 "\"Labels\": \"%s\" is not a string",
					 name);
		strv_addf(to, "%s=%s", name, json_string_value(value));
	}
	return 0;
}

static int check_env(const struct strv *env, struct error *err)
{
	for (size_t i = 0; i < env->n; i++) {
		size_t n = strcspn(env->v[i], "=");
		if (n == 0 || env->v[i][n] != '=')
			return error_say(
				err, EINVAL,
				"\"Env\": \"%.100s\" is not NAME=VALUE",
				env->v[i]);
	}
	return 0;
}

static int check_volumes(const struct strv *volumes, struct error *err)
{
	for (size_t i = 0; i < volumes->n; i++)
		if (volumes->v[i][0] != '/')
			return error_say(err, EINVAL,
					 "\"Volumes\": \"%.100s\" is not an "
					 "absolute path",
					 volumes->v[i]);
	return 0;
}

static int parse_lists(const json_t *object, struct image_config *to,
		       struct error *err)
{
	const struct {
		const char *key;
		struct strv *list;
	} lists[] = {
		{ "Env", &to->env },
		{ "Entrypoint", &to->entrypoint },
		{ "Cmd", &to->cmd },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int r = json_get_strv(object, lists[i].key, lists[i].list, err);
		if (r < 0)
			return r;
		if (lists[i].list->n > LIST_MAX)
			return error_say(err, E2BIG, "\"%s\" is too long",
					 lists[i].key);
	}
	return check_env(&to->env, err);
}

static int parse_settings(const json_t *document, struct image_config *to,
			  struct error *err)
{
	json_t *object = NULL;
	int r = json_get_object(document, "config", &object, err);

	if (r <= 0)
		return r;
	r = plain_string(object, "User", &to->user, err);
	if (r == 0)
		r = plain_string(object, "WorkingDir", &to->workdir, err);
	if (r == 0)
		r = plain_string(object, "StopSignal", &to->stop_signal, err);
	if (r == 0)
		r = parse_lists(object, to, err);
	if (r == 0)
		r = parse_set(object, "Volumes", &to->volumes, err);
	if (r == 0)
		r = check_volumes(&to->volumes, err);
	if (r == 0)
		r = parse_set(object, "ExposedPorts", &to->ports, err);
	if (r == 0)
		r = parse_labels(object, &to->labels, err);
	return r < 0 ? error_prefix(err, "\"config\"") : 0;
}

static int parse_rootfs(const json_t *document, struct image_config *to,
			struct error *err)
{
	json_t *rootfs = NULL;
	const char *type = NULL;
	int r = json_get_object(document, "rootfs", &rootfs, err);

	if (r == 0)
		return error_say(err, EINVAL, "\"rootfs\" is missing");
	if (r > 0)
		r = json_get_string(rootfs, "type", &type, err);
	if (r > 0 && strcmp(type, "layers") != 0)
		return error_say(err, EINVAL,
				 "\"rootfs\": the type is \"%s\" instead of "
				 "\"layers\"",
				 type);
	if (r >= 0)
		r = json_get_strv(rootfs, "diff_ids", &to->diff_ids, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < to->diff_ids.n; i++) {
		const char *id = to->diff_ids.v[i];
		r = digest_check(id, err);
		if (r < 0)
			return error_prefix(err, "\"diff_ids\"");
		if (!text_starts_with(id, "sha256:"))
			return error_say(err, EINVAL,
					 "\"diff_ids\": only sha256 is "
					 "supported");
	}
	return 0;
}

static int config_from_json(const json_t *document, struct image_config *to,
			    struct error *err)
{
	int r;

	if (!json_is_object(document))
		return error_say(err, EINVAL, "it is not an object");
	to->created = xstrdup("");
	to->os = xstrdup("");
	to->architecture = xstrdup("");
	to->user = xstrdup("");
	to->workdir = xstrdup("");
	to->stop_signal = xstrdup("");
	r = plain_string(document, "created", &to->created, err);
	if (r == 0)
		r = plain_string(document, "os", &to->os, err);
	if (r == 0)
		r = plain_string(document, "architecture", &to->architecture,
				 err);
	if (r < 0)
		return r;
	if (*to->os && strcmp(to->os, "linux") != 0)
		return error_say(err, ENOTSUP,
				 "the image is for %s instead of linux",
				 to->os);
	r = parse_rootfs(document, to, err);
	return r < 0 ? r : parse_settings(document, to, err);
}

int config_parse(const char *text, size_t size, struct image_config *ret,
		 struct error *err)
{
	scoped_json *document = NULL;
	scoped_config config = { 0 };
	int r = json_parse(text, size, "the image configuration", &document,
			   err);

	if (r < 0)
		return r;
	r = config_from_json(document, &config, err);
	if (r < 0)
		return error_prefix(err, "the image configuration");
	*ret = config;
	config = (struct image_config){ 0 };
	return 0;
}

void config_free(struct image_config *config)
{
	free(config->created);
	free(config->os);
	free(config->architecture);
	free(config->user);
	free(config->workdir);
	free(config->stop_signal);
	strv_free(&config->env);
	strv_free(&config->entrypoint);
	strv_free(&config->cmd);
	strv_free(&config->labels);
	strv_free(&config->volumes);
	strv_free(&config->ports);
	strv_free(&config->diff_ids);
	*config = (struct image_config){ 0 };
}

int config_check_layers(const struct image_config *config,
			const struct manifest *manifest, struct error *err)
{
	if (config->diff_ids.n == manifest->n_layers)
		return 0;
	return error_say(err, EINVAL,
			 "the image configuration has %zu diff ids, but the "
			 "manifest has %zu layers",
			 config->diff_ids.n, manifest->n_layers);
}

static json_t *strings_json(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static json_t *set_json(const struct strv *list)
{
	json_t *set = json_object();

	for (size_t i = 0; i < list->n; i++)
		json_object_set_new(set, list->v[i], json_object());
	return set;
}

static json_t *labels_json(const struct strv *labels)
{
	json_t *object = json_object();

	for (size_t i = 0; i < labels->n; i++) {
		const char *label = labels->v[i];
		size_t n = strcspn(label, "=");
		scoped(char) *key = xstrndup(label, n);
		json_object_set_new(object, key,
				    json_string(label + n + (label[n] == '=')));
	}
	return object;
}

static void set_string(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(object, key, json_string(value));
}

static void set_list(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) + json_array_size(value) > 0)
		json_object_set_new(object, key, value);
	else
		json_decref(value);
}

/* an empty value goes away: what was there before is to be replaced */
static void put_string(json_t *object, const char *key, const char *value)
{
	json_object_del(object, key);
	set_string(object, key, value);
}

static void put_list(json_t *object, const char *key, json_t *value)
{
	json_object_del(object, key);
	set_list(object, key, value);
}

static void put_settings(json_t *object, const struct image_config *config)
{
	put_string(object, "User", config->user);
	put_string(object, "WorkingDir", config->workdir);
	put_string(object, "StopSignal", config->stop_signal);
	put_list(object, "Env", strings_json(&config->env));
	put_list(object, "Entrypoint", strings_json(&config->entrypoint));
	put_list(object, "Cmd", strings_json(&config->cmd));
	put_list(object, "Volumes", set_json(&config->volumes));
	put_list(object, "ExposedPorts", set_json(&config->ports));
	put_list(object, "Labels", labels_json(&config->labels));
}

/* the object at @key, made if it is not there; borrowed from @document */
static json_t *member(json_t *document, const char *key, json_t *empty)
{
	json_t *there = json_object_get(document, key);

	if (there && json_typeof(there) == json_typeof(empty)) {
		json_decref(empty);
		return there;
	}
	json_object_set_new(document, key, empty);
	return empty;
}

/* of containers that layers were once made in, long ago and elsewhere */
static const char *const stale[] = { "container", "container_config", "id",
				     "parent", "docker_version" };

/* jansson leaves out what is not UTF-8: it would be lost in silence */
static int check_history(const struct config_history *history,
			 struct error *err)
{
	const char *const texts[] = { history->created_by, history->author,
				      history->comment };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		scoped_json *utf8 = json_string(texts[i] ? texts[i] : "");
		if (!utf8)
			return error_say(err, EINVAL, "\"%s\" is not UTF-8",
					 texts[i]);
	}
	return 0;
}

int config_extend(const char *base, const struct image_config *config,
		  const struct config_history *history, char **ret,
		  struct error *err)
{
	scoped_json *document = NULL;
	json_t *entry = json_object();
	int r = check_history(history, err);

	if (r == 0 && base)
		r = json_parse(base, strlen(base), "the image configuration",
			       &document, err);
	set_string(entry, "created", config->created);
	set_string(entry, "created_by", history->created_by);
	set_string(entry, "author", history->author);
	set_string(entry, "comment", history->comment);
	if (!base)
		document = json_object();
	if (r == 0 && !json_is_object(document))
		r = error_say(err, EINVAL,
			      "the image configuration: it is not "
			      "an object");
	if (r < 0) {
		json_decref(entry);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		json_object_del(document, stale[i]);
	put_string(document, "created", config->created);
	put_string(document, "architecture", config->architecture);
	put_string(document, "os", config->os);
	set_string(document, "author", history->author);
	put_settings(member(document, "config", json_object()), config);
	json_t *rootfs = member(document, "rootfs", json_object());
	put_string(rootfs, "type", "layers");
	put_list(rootfs, "diff_ids", strings_json(&config->diff_ids));
	json_array_append_new(member(document, "history", json_array()), entry);
	*ret = json_dumps(document, JSON_COMPACT);
	return 0;
}

char *config_text(const struct image_config *config, const char *created_by,
		  const char *comment)
{
	const struct config_history history = { .created_by = created_by,
						.comment = comment };
	struct error ignored;
	char *text = NULL;

	config_extend(NULL, config, &history, &text, &ignored);
	return text;
}
