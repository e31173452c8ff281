/* wolffia images: what is in the store. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"
#include "storage/layout.h"
#include "storage/reference.h"

struct options {
	struct image_options common;
	enum flag all, digests, no_trunc;
	const char *format;
	struct strv filters;
};

/* clang-format off */
const struct option_entry images_table[] = {
	{ OPTION_FLAG, 'a', "all", NULL, NULL,
	  offsetof(struct options, all), NULL,
	  "For docker's sake: all images are shown anyway.", NULL },
	{ OPTION_FLAG, 0, "digests", NULL, NULL,
	  offsetof(struct options, digests), NULL,
	  "Show the digests of the manifests.", NULL },
	{ OPTION_LIST, 'f', "filter", NULL, "KEY=VALUE",
	  offsetof(struct options, filters), NULL,
	  "Show only images with reference=GLOB, label=KEY[=VALUE], "
	  "dangling=true or dangling=false.", NULL },
	{ OPTION_STRING, 0, "format", NULL, "TEMPLATE",
	  offsetof(struct options, format), NULL,
	  "Print json, or a template such as {{.Repository}}:{{.Tag}}; with "
	  "\"table \" before it, in columns: see wolffia-format(7).", NULL },
	{ OPTION_FLAG, 0, "no-trunc", NULL, NULL,
	  offsetof(struct options, no_trunc), NULL,
	  "Show whole ids.", NULL },
	{ OPTION_FLAG, 'q', "quiet", NULL, NULL,
	  offsetof(struct options, common.quiet), NULL,
	  "Show nothing but ids.", NULL },
	{ OPTION_STRING, 0, "store", NULL, "DIR",
	  offsetof(struct options, common.store), NULL,
	  "Directory of images and layers.", NULL },
	{ OPTION_FLAG, 'h', "help", NULL, NULL,
	  offsetof(struct options, common.help), NULL,
	  "Show this help.", NULL },
	OPTION_TABLE_END,
};

/* member, heading */
static const char *const headings[][2] = {
	{ "Repository",   "REPOSITORY" },
	{ "Tag",          "TAG" },
	{ "ID",           "IMAGE ID" },
	{ "Digest",       "DIGEST" },
	{ "CreatedAt",    "CREATED AT" },
	{ "CreatedSince", "CREATED" },
	{ "Size",         "SIZE" },
};
/* clang-format on */

#define TABLE_DEFAULT                                                          \
	"table "                                                               \
	"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
#define TABLE_DIGESTS                                                          \
	"table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t"              \
	"{{.CreatedSince}}\t{{.Size}}"

/* An image as it is shown. */
struct row {
	time_t created; /* -1: not known */
	json_t *object;
};

/* A name "REPOSITORY:TAG" that was asked for, or the like of it. */
struct wanted {
	const struct strv *filters;
	const char *repository; /* the argument, or NULL */
};

static char *short_id(const char *digest, bool whole)
{
	return whole ? xstrdup(digest) : xasprintf("%.12s", digest_hex(digest));
}

static char *created_at(time_t created)
{
	char text[40];
	struct tm tm;

	if (created < 0)
		return xstrdup("");
	gmtime_r(&created, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
	return xstrdup(text);
}

/* takes @text */
static void set(json_t *object, const char *key, char *text)
{
	json_object_set_new(object, key, json_string(text));
	free(text);
}

static uint64_t image_size(const struct descriptor *entry,
			   const struct manifest *manifest)
{
	uint64_t size = entry->size + manifest->config.size;

	for (size_t i = 0; i < manifest->n_layers; i++)
		size += manifest->layers[i].size;
	return size;
}

static struct row make_row(const struct descriptor *entry,
			   const struct manifest *manifest,
			   const struct image_config *config, bool whole)
{
	const char *colon = entry->name ? strrchr(entry->name, ':') : NULL;
	char *repository = descriptor_repository(entry);
	time_t created = human_parse_time(config->created);
	json_t *object = json_object();

	set(object, "Repository", repository ? repository : xstrdup("<none>"));
	set(object, "Tag", xstrdup(colon ? colon + 1 : "<none>"));
	set(object, "ID", short_id(manifest->config.digest, whole));
	set(object, "Digest", xstrdup(entry->digest));
	set(object, "CreatedAt", created_at(created));
	set(object, "CreatedSince",
	    created < 0 ? xstrdup("N/A") : human_since(created, time(NULL)));
	set(object, "Size", human_size(image_size(entry, manifest)));
	return (struct row){ created, object };
}

/* @repository, or an end of it that begins behind a "/": of any registry */
static bool matches_end(const char *glob, const char *repository,
			const char *behind)
{
	for (;;) {
		scoped(char) *text = xasprintf("%s%s", repository, behind);
		if (fnmatch(glob, text, FNM_PATHNAME) == 0)
			return true;
		const char *slash = strchr(repository, '/');
		if (!slash)
			return false;
		repository = slash + 1;
	}
}

/* "debian", "debian:12", "debian@sha256:...", with or without what is before */
static bool matches_glob(const char *glob, const struct descriptor *entry)
{
	scoped(char) *repository = descriptor_repository(entry);

	if (!repository)
		return false;
	scoped(char) *digest = xasprintf("@%s", entry->digest);
	const char *tag = entry->name ? strrchr(entry->name, ':') : "";
	return matches_end(glob, repository, "") ||
	       matches_end(glob, repository, tag) ||
	       matches_end(glob, repository, digest);
}

static bool has_label(const struct strv *labels, const char *wanted)
{
	size_t n = strlen(wanted);

	for (size_t i = 0; i < labels->n; i++)
		if (strncmp(labels->v[i], wanted, n) == 0 &&
		    (labels->v[i][n] == '\0' ||
		     (labels->v[i][n] == '=' && !strchr(wanted, '='))))
			return true;
	return false;
}

/* filters of one key are alternatives, those of different keys are not */
static bool passes(const struct wanted *wanted, const struct descriptor *entry,
		   const struct image_config *config)
{
	bool any_reference = false, reference = false;
	bool dangling = !entry->name && !entry->repository;

	if (wanted->repository && !matches_glob(wanted->repository, entry))
		return false;
	for (size_t i = 0; i < wanted->filters->n; i++) {
		const char *filter = wanted->filters->v[i];
		const char *value = strchr(filter, '=') + 1;
		if (text_starts_with(filter, "reference=")) {
			any_reference = true;
			reference |= matches_glob(value, entry);
		} else if (text_starts_with(filter, "label=")) {
			if (!has_label(&config->labels, value))
				return false;
		} else if ((strcmp(value, "true") == 0) != dangling) {
			return false;
		}
	}
	return reference || !any_reference;
}

static int check_filters(const struct strv *filters, struct error *err)
{
	for (size_t i = 0; i < filters->n; i++) {
		const char *filter = filters->v[i];
		if (text_starts_with(filter, "reference=") ||
		    text_starts_with(filter, "label=") ||
		    strcmp(filter, "dangling=true") == 0 ||
		    strcmp(filter, "dangling=false") == 0)
			continue;
		error_say(err, EINVAL, "--filter: cannot filter by \"%s\"",
			  filter);
		return error_hint(err, "write reference=GLOB, label=KEY, "
				       "label=KEY=VALUE or dangling=true");
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->created < y->created) - (x->created > y->created);
}

/* what cannot be read is said, and the others are shown all the same */
static size_t collect_rows(const struct store *store,
			   const struct image_index *index,
			   const struct wanted *wanted, bool whole,
			   struct row *rows, int *status)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *entry = &index->entries[i];
		scoped_manifest manifest = { 0 };
		scoped_config config = { 0 };
		struct error err;
		if (layout_read_image(store, entry->digest, &manifest, &config,
				      &err) < 0) {
			*status = image_fail(&err, "image %s",
					     entry->name ? entry->name
							 : entry->digest);
			continue;
		}
		if (passes(wanted, entry, &config))
			rows[n++] = make_row(entry, &manifest, &config, whole);
	}
	qsort(rows, n, sizeof(*rows), newest_first);
	return n;
}

static json_t *headings_json(void)
{
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		json_object_set_new(object, headings[i][0],
				    json_string(headings[i][1]));
	return object;
}

static const char *template_for(const struct options *options)
{
	if (options->format)
		return strcmp(options->format, "table") == 0 ? TABLE_DEFAULT
							     : options->format;
	if (options->common.quiet == FLAG_YES)
		return "{{.ID}}";
	return options->digests == FLAG_YES ? TABLE_DIGESTS : TABLE_DEFAULT;
}

/* -q shows an image once, however many names it has */
static bool is_shown(const json_t *objects, const json_t *object)
{
	const json_t *id = json_object_get(object, "ID");
	size_t n = json_array_size(objects);

	for (size_t i = 0; i < n; i++)
		if (json_equal(
			    json_object_get(json_array_get(objects, i), "ID"),
			    id))
			return true;
	return false;
}

static int show(const struct options *options, const struct store *store,
		const char *repository, int *status, struct error *err)
{
	scoped_index index = { 0 };
	scoped_json *objects = json_array(), *names = headings_json();
	const struct wanted wanted = { &options->filters, repository };
	bool once = !options->format && options->common.quiet == FLAG_YES;
	int r = layout_read_images(store, &index, NULL, err);

	if (r < 0)
		return r;
	scoped(struct row) *rows = xcalloc(index.n + 1, sizeof(*rows));
	size_t n = collect_rows(store, &index, &wanted,
				options->no_trunc == FLAG_YES, rows, status);
	for (size_t i = 0; i < n; i++) {
		if (once && is_shown(objects, rows[i].object))
			json_decref(rows[i].object);
		else
			json_array_append_new(objects, rows[i].object);
	}
	return format_print(template_for(options), objects, names, stdout, err);
}

static int images(const struct options *options, const char *repository)
{
	struct image_work work;
	struct error err;
	int status = 0;
	/* -q is what is shown here; reading needs no ids to be spoken of */
	struct image_options quietly = options->common;
	quietly.quiet = FLAG_YES;

	int r = check_filters(&options->filters, &err);
	if (r == 0)
		r = image_begin(&work, &quietly, false, &err);
	if (r < 0)
		return image_fail(&err, "cannot list the images");
	r = show(options, &work.store, repository, &status, &err);
	if (r < 0)
		status = image_fail(&err, "cannot list the images");
	if (image_end(&work, &err) < 0)
		status = image_fail(&err, "images");
	return status;
}

int verb_images(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv arguments = { 0 };
	int status = 0;
	int r = image_parse(images_table,
			    "images [OPTION...] [REPOSITORY[:TAG]]", argc, argv,
			    &options, &options.common, &arguments);

	if (r < 0)
		status = STATUS_WOLFFIA;
	else if (r == 0 && arguments.n > 1)
		status = image_usage("images: write at most one name");
	else if (r == 0)
		status = images(&options, arguments.n ? arguments.v[0] : NULL);
	strv_free(&options.filters);
	return status;
}
