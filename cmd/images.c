/* cmd/images.c - "wolffia images": what is in the store */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/image_tool.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "storage/digest.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/summary.h"

struct images_options {
	struct container_options common;
	enum flag all, digests, no_trunc, quiet;
	const char *format;
	struct strv filters;
};

#define TO images_options
/* clang-format off */
const struct option_entry images_table[] = {
HEADING("Which are shown"),
FLAG('a', "all", all, "for docker's sake: all images are shown anyway"),
LIST('f', "filter", filters, "KEY=VALUE",
     "only images with reference=GLOB, label=KEY[=VALUE], dangling=true or "
     "dangling=false"),

HEADING("What is shown"),
FLAG(0, "digests", digests, "the digests of the manifests, too"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.Repository}}:{{.Tag}}; with \"table \" "
      "before it, in columns: see wolffia-format(7)"),
FLAG(0, "no-trunc", no_trunc, "whole ids"),
FLAG('q', "quiet", quiet, "nothing but ids"),
CONTAINER_ROWS
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
#undef TO

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

static struct row make_row(const struct descriptor *entry,
			   const struct summary *summary, bool whole)
{
	const char *colon = entry->name ? strrchr(entry->name, ':') : NULL;
	char *repository = descriptor_repository(entry);
	time_t created = human_parse_time(summary->created);
	json_t *object = json_object();

	set(object, "Repository", repository ? repository : xstrdup("<none>"));
	set(object, "Tag", xstrdup(colon ? colon + 1 : "<none>"));
	set(object, "ID", short_id(summary->id, whole));
	set(object, "Digest", xstrdup(entry->digest));
	set(object, "CreatedAt", created_at(created));
	set(object, "CreatedSince",
	    created < 0 ? xstrdup("N/A") : human_since(created, time(NULL)));
	set(object, "Size", human_size(summary->size));
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

/* Return: 1 it has all labels that are asked for; 0; -errno */
static int passes_labels(const struct store *store, const struct wanted *wanted,
			 const struct descriptor *entry, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_image(store, entry->digest, &manifest, &config,
				  err);

	for (size_t i = 0; r == 0 && i < wanted->filters->n; i++) {
		const char *filter = wanted->filters->v[i];
		if (text_starts_with(filter, "label=") &&
		    !has_label(&config.labels, strchr(filter, '=') + 1))
			return 0;
	}
	return r < 0 ? r : 1;
}

/*
 * Filters of one key are alternatives, those of different keys are not.
 * @ret_labels: are there some of labels, which are not looked at here?
 */
static bool passes(const struct wanted *wanted, const struct descriptor *entry,
		   bool *ret_labels)
{
	bool any_reference = false, reference = false;
	bool dangling = !entry->name && !entry->repository;

	*ret_labels = false;
	if (wanted->repository && !matches_glob(wanted->repository, entry))
		return false;
	for (size_t i = 0; i < wanted->filters->n; i++) {
		const char *filter = wanted->filters->v[i];
		const char *value = strchr(filter, '=') + 1;
		if (text_starts_with(filter, "reference=")) {
			any_reference = true;
			reference |= matches_glob(value, entry);
		} else if (text_starts_with(filter, "label=")) {
			*ret_labels = true;
		} else if ((strcmp(value, "true") == 0) != dangling) {
			return false;
		}
	}
	return reference || !any_reference;
}

/* Return: 1 it is to be shown, and is in @ret; 0; -errno */
static int read_row(const struct store *store, const struct wanted *wanted,
		    const struct descriptor *entry, bool whole, struct row *ret,
		    struct error *err)
{
	struct summary summary;
	bool labels;

	if (!passes(wanted, entry, &labels))
		return 0;
	int r = labels ? passes_labels(store, wanted, entry, err) : 1;
	if (r <= 0)
		return r;
	r = summary_read(store, entry, &summary, err);
	if (r < 0)
		return r;
	*ret = make_row(entry, &summary, whole);
	return 1;
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
		struct error err;
		int r = read_row(store, wanted, entry, whole, &rows[n], &err);
		if (r > 0)
			n++;
		if (r >= 0)
			continue;
		error_prefix(&err, "image %s",
			     entry->name ? entry->name : entry->digest);
		print_error(&err);
		*status = STATUS_WOLFFIA;
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

static const char *template_for(const struct images_options *options)
{
	if (options->format)
		return strcmp(options->format, "table") == 0 ? TABLE_DEFAULT
							     : options->format;
	if (options->quiet == FLAG_YES)
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

static int show(const struct images_options *options, const struct store *store,
		const char *repository, int *status, struct error *err)
{
	scoped_index index = { 0 };
	scoped_json *objects = json_array(), *names = headings_json();
	const struct wanted wanted = { &options->filters, repository };
	bool once = !options->format && options->quiet == FLAG_YES;
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

/* is there work in progress, or what is left of some? */
static bool has_work(const struct store *store)
{
	scoped_fd fd =
		openat(store->dirfd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int n = 0;

	if (!dir)
		return false;
	take_fd(fd);
	/* "." and "..", and one more */
	while (n < 3 && readdir(dir))
		n++;
	closedir(dir);
	return n == 3;
}

/* what a killed pull or load left goes, as every verb about images has it; the
 * other program knows how, and is called when there is something */
static void sweep(const struct store *store)
{
	scoped_strv verb = { 0 };
	struct error ignored; /* it has said why itself */

	if (!has_work(store))
		return;
	strv_add(&verb, "sweep");
	strv_add(&verb, "--store");
	strv_add(&verb, store->path);
	image_tool_call(verb.v, &ignored);
}

static int images(const struct container_verb *verb,
		  const struct images_options *options)
{
	const struct strv *arguments = &verb->arguments;
	struct error err;
	int status = 0;
	int r = check_filters(&options->filters, &err);

	if (r == 0)
		sweep(&verb->store);
	if (r == 0)
		r = show(options, &verb->store,
			 arguments->n ? arguments->v[0] : NULL, &status, &err);
	if (r < 0) {
		error_prefix(&err, "cannot list the images");
		print_error(&err);
		status = STATUS_WOLFFIA;
	}
	return status;
}

int verb_images(const struct call *call)
{
	struct images_options options = { 0 };
	struct container_verb verb = {
		.table = images_table,
		.usage = "images [OPTION...] [REPOSITORY[:TAG]]",
		.most = 1,
		.images = true,
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r < 0 ? STATUS_WOLFFIA : 0;

	if (r == 0)
		status = images(&verb, &options);
	container_verb_end(&verb);
	strv_free(&options.filters);
	return status;
}
