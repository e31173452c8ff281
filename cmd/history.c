/* cmd/history.c - "wolffia history": how an image was made */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/image_secrets.h"
#include "cmd/print.h"
#include "cmd/show_json.h"
#include "cmd/show_tables.h"
#include "storage/digest.h"
#include "storage/image.h"
#include "storage/layout.h"
#include "storage/secret.h"

struct history_options {
	struct container_options common;
	enum flag human, no_trunc, quiet, secrets;
	const char *format;
};

#define TO history_options
/* clang-format off */
const struct option_entry history_table[] = {
HEADING("What is shown"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.CreatedBy}}; with \"table \" before it, "
      "in columns: see wolffia-format(7)"),
FLAG('H', "human", human,
     "times and sizes for people (the default); --human=false for programs"),
FLAG(0, "no-trunc", no_trunc, "whole ids and command lines"),
FLAG('q', "quiet", quiet, "nothing but ids"),
FLAG(0, "show-secrets", secrets,
     "values that look like secrets, instead of their beginnings"),
CONTAINER_ROWS
};

/* member, heading: those of docker(1) */
static const char *const headings[][2] = {
	{ "ID",           "IMAGE" },
	{ "CreatedSince", "CREATED" },
	{ "CreatedAt",    "CREATED AT" },
	{ "CreatedBy",    "CREATED BY" },
	{ "Size",         "SIZE" },
	{ "Comment",      "COMMENT" },
};
/* clang-format on */

#define TABLE_DEFAULT                                                          \
	"table "                                                               \
	"{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"

enum { CREATED_BY_MOST = 45 }; /* characters, as docker and podman have it */

/* An image, as its documents say it. */
struct told {
	struct manifest manifest;
	struct image_config config;
	struct history history;
};

static void told_free(struct told *told)
{
	manifest_free(&told->manifest);
	config_free(&told->config);
	history_free(&told->history);
}

static int read_image(const struct store *store, const char *name,
		      struct told *ret, struct error *err)
{
	scoped_index index = { 0 };
	int r = layout_read_images(store, &index, NULL, err);
	int at = r < 0 ? r : image_lookup(store, &index, name, NULL, err);

	if (at < 0)
		return at;
	r = layout_read_image(store, index.entries[at].digest, &ret->manifest,
			      &ret->config, err);
	return r < 0 ? r
		     : layout_read_history(store, &ret->manifest, &ret->history,
					   err);
}

static char *created_at(time_t created)
{
	char text[40];
	struct tm tm;

	if (created < 0 || !gmtime_r(&created, &tm))
		return xstrdup("N/A");
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return xstrdup(text);
}

/* not in the middle of a character of UTF-8 */
static void cut(char *text)
{
	size_t characters = 0;
	char *end = text;

	for (char *c = text; *c; c++) {
		if (((unsigned char)*c & 0xc0) == 0x80)
			continue;
		if (characters++ == CREATED_BY_MOST - 3)
			end = c;
	}
	/* what is cut off has three bytes at least: "..." fits */
	if (characters > CREATED_BY_MOST)
		memcpy(end, "...", 4);
}

/* a line: tabs would divide columns, and docker has none either */
static char *command(const char *created_by, bool whole, bool show_secrets)
{
	char *text = show_secrets ? xstrdup(created_by)
				  : secret_mask(created_by, SECRET_LINE);

	for (char *c = text; !whole && *c; c++)
		if (*c == '\t')
			*c = ' ';
	if (!whole)
		cut(text);
	return text;
}

/* as it is packed: what "images" counts */
static char *size_of(const struct manifest *manifest, int layer, bool human)
{
	uint64_t size = layer < 0 ? 0 : manifest->layers[layer].size;

	if (layer == HISTORY_LOST_LAYER)
		return xstrdup("N/A");
	return human ? human_size(size)
		     : xasprintf("%llu", (unsigned long long)size);
}

/* takes @text */
static void set(json_t *object, const char *key, char *text)
{
	show_set(object, key, text);
	free(text);
}

static json_t *describe(const struct told *told, const struct history_row *row,
			bool first, const struct history_options *options)
{
	static char no[] = "";
	static const struct history_entry none = { no, no, no, no, false };
	const struct history_entry *entry = row->entry ? row->entry : &none;
	bool human = options->human != FLAG_NO;
	bool json = options->format && strcmp(options->format, "json") == 0;
	bool whole = options->no_trunc == FLAG_YES || json;
	bool show_secrets = options->secrets == FLAG_YES;
	const char *id = told->manifest.config.digest;
	time_t created = human_parse_time(entry->created);
	json_t *object = json_object();

	set(object, "ID",
	    !first  ? xstrdup("<missing>")
	    : whole ? xstrdup(id)
		    : xasprintf("%.12s", digest_hex(id)));
	set(object, "CreatedSince",
	    human && created >= 0 ? human_since(created, time(NULL))
				  : created_at(created));
	set(object, "CreatedAt", created_at(created));
	set(object, "CreatedBy",
	    command(entry->created_by, whole, show_secrets));
	set(object, "Size", size_of(&told->manifest, row->layer, human));
	set(object, "Comment",
	    show_secrets ? xstrdup(entry->comment)
			 : secret_mask(entry->comment, SECRET_LINE));
	return object;
}

static json_t *headings_json(void)
{
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		json_object_set_new(object, headings[i][0],
				    json_string(headings[i][1]));
	return object;
}

static const char *template_for(const struct history_options *options)
{
	if (options->format && strcmp(options->format, "table") != 0)
		return options->format;
	return options->quiet == FLAG_YES && !options->format ? "{{.ID}}"
							      : TABLE_DEFAULT;
}

static void say_difference(const char *name, const struct told *told)
{
	size_t layers = told->manifest.n_layers;
	size_t said = history_layers(&told->history);
	scoped_strv notices = { 0 };

	if (said == layers)
		return;
	strv_addf(&notices,
		  "the history of %s tells of %zu layers, and it has %zu: what "
		  "belongs together is a guess",
		  name, said, layers);
	print_notices(&notices);
}

static int show(const struct told *told, const struct history_options *options,
		struct error *err)
{
	scoped_json *objects = json_array(), *names = headings_json();
	scoped(struct history_row) *rows = NULL;
	size_t n = history_rows(&told->history, told->manifest.n_layers, &rows);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			objects, describe(told, &rows[i], i == 0, options));
	return format_print(template_for(options), objects, names, stdout, err);
}

static int history(const struct container_verb *verb,
		   const struct history_options *options)
{
	const char *name = verb->arguments.v[0];
	struct told told = { 0 };
	struct error err;
	int r = read_image(&verb->store, name, &told, &err);

	if (r == 0) {
		scoped_json *secrets =
			image_secrets_find(&told.config, &told.history);
		say_difference(name, &told);
		image_secrets_warn(name, secrets, options->secrets == FLAG_YES);
		r = show(&told, options, &err);
	}
	if (r < 0)
		print_error(&err);
	told_free(&told);
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_history(const struct call *call)
{
	struct history_options options = { 0 };
	struct container_verb verb = {
		.table = history_table,
		.usage = "history [OPTION...] IMAGE",
		.least = 1,
		.most = 1,
		.missing = "the name of an image",
		.images = true,
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r < 0 ? STATUS_WOLFFIA : 0;

	if (r == 0)
		status = history(&verb, &options);
	container_verb_end(&verb);
	return status;
}
