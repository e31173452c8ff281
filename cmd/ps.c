/* cmd/ps.c - "wolffia ps": the containers of the store */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_filter.h"
#include "cmd/container_origin.h"
#include "cmd/container_row.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/print.h"
#include "cmd/show_json.h"
#include "cmd/show_tables.h"
#include "core/container_size.h"
#include "core/names.h"
#include "core/state.h"

struct ps_options {
	struct container_options common;
	enum flag all, latest, no_trunc, quiet, size, no_heading;
	const char *format, *last, *sort;
	struct strv filters;
};

#define SORT_KEYS "command|created|id|image|names|runningfor|size|status"

#define TO        ps_options
/* clang-format off */
const struct option_entry ps_table[] = {
HEADING("Which"),
FLAG('a', "all", all, "those that do not run, too"),
LIST('f', "filter", filters, "KEY=VALUE",
     "only those with ancestor=, before=, exited=, id=, label=, name=, since=, "
     "status=, until= or volume="),
VALUE('n', "last", last, "N", "the N that were made last, also if they do "
      "not run"),
FLAG('l', "latest", latest, "the one that was made last"),
HEADING("How it is shown"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.ID}} {{.Names}}; with \"table \" before "
      "it, in columns"),
FLAG(0, "no-trunc", no_trunc, "whole ids and commands"),
FLAG(0, "noheading", no_heading, "no line of headings"),
FLAG('q', "quiet", quiet, "nothing but ids"),
FLAG('s', "size", size, "what they have written, and with the image"),
CHOICE("sort", NULL, sort, "KEY", SORT_KEYS,
       "in this order, not the newest first"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

#define PS_FILTERS ((1u << N_FILTERS) - 1)
/* these are about containers that do not run, too: docker's */
#define OF_ALL (FILTER_BIT(FILTER_STATUS) | FILTER_BIT(FILTER_EXITED))

#define TABLE_PLAIN                                                            \
	"table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t"           \
	"{{.Status}}\t{{.Ports}}\t{{.Names}}"
#define TABLE_SIZE TABLE_PLAIN "\t{{.Size}}"

/* A list on its way to the screen. */
struct listing {
	const struct ps_options *options;
	const struct store *store;
	const char *format;
	bool sized;
	struct container_filters filters;
	struct ancestor *ancestors; /* by the place of their filter */
	uint64_t now_ns;
	char *digest, *image_id; /* of the last image that was looked up */
	struct container *all;
	size_t n_all;
	struct shown {
		const struct container *container;
		uint64_t written, whole;
	} *shown;
	size_t n;
};

/* What only some formats say is read only for these. */
static bool mentions(const struct listing *list, const char *word)
{
	return strstr(list->format, word) || strstr(list->format, "json");
}

static const char *choose_format(const struct ps_options *options)
{
	const char *table =
		options->size == FLAG_YES ? TABLE_SIZE : TABLE_PLAIN;

	if (options->format)
		return strcmp(options->format, "table") == 0 ? table
							     : options->format;
	return options->quiet == FLAG_YES ? "{{.ID}}" : table;
}

/* the ones that a filter names are looked up once */
static int resolve_filters(struct listing *list, struct error *err)
{
	list->ancestors =
		xcalloc(list->filters.n + 1, sizeof(*list->ancestors));
	for (size_t i = 0; i < list->filters.n; i++) {
		struct container_filter *filter = &list->filters.list[i];
		struct container found = { 0 };
		if (filter->key == FILTER_ANCESTOR)
			list->ancestors[i] =
				ancestor_find(list->store, filter->value);
		if (filter->key != FILTER_BEFORE && filter->key != FILTER_SINCE)
			continue;
		int r = container_find(list->store, filter->value, &found, err);
		if (r < 0)
			return error_prefix(err, "--filter");
		filter->ns = found.record.created_ns;
		container_free(&found);
	}
	return 0;
}

struct candidate {
	const struct listing *list;
	const struct container *container;
};

static bool descends(void *context, const char *image)
{
	const struct candidate *candidate = context;
	const struct listing *list = candidate->list;

	for (size_t i = 0; i < list->filters.n; i++)
		if (list->filters.list[i].key == FILTER_ANCESTOR &&
		    list->filters.list[i].value == image)
			return ancestor_of(&list->ancestors[i], list->store,
					   candidate->container);
	return false;
}

/* Return: 0 with what the container is; else its directory was removed */
static int read_spec(const struct listing *list,
		     const struct container *container, struct spec *ret)
{
	struct error ignored;
	scoped_fd dirfd =
		container_open(list->store, container->record.id, &ignored);

	return dirfd < 0 ? dirfd : record_read_spec(dirfd, ret, &ignored);
}

static void read_paths(const struct spec *spec, struct strv *ret)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		strv_add(ret, spec->mounts[i].target);
}

static bool passes(const struct listing *list,
		   const struct container *container)
{
	struct candidate candidate = { list, container };
	struct filter_facts facts = { .record = &container->record,
				      .descends = descends,
				      .context = &candidate };
	scoped_strv paths = { 0 };
	struct spec spec = { 0 };

	if (container_filters_has(&list->filters, FILTER_BIT(FILTER_VOLUME)) &&
	    read_spec(list, container, &spec) == 0) {
		read_paths(&spec, &paths);
		facts.paths = &paths;
		spec_free(&spec);
	}
	return container_filters_pass(&list->filters, &facts);
}

static bool is_up(const struct container *container)
{
	enum phase phase = container->record.phase;

	return container->alive && phase != PHASE_CREATED &&
	       phase != PHASE_EXITED;
}

static void choose(struct listing *list, size_t last)
{
	const struct ps_options *options = list->options;
	bool all = options->all == FLAG_YES || last < SIZE_MAX ||
		   container_filters_has(&list->filters, OF_ALL);

	list->shown = xcalloc(list->n_all + 1, sizeof(*list->shown));
	for (size_t i = 0; i < list->n_all && list->n < last; i++) {
		if ((all || is_up(&list->all[i])) &&
		    passes(list, &list->all[i]))
			list->shown[list->n++].container = &list->all[i];
	}
}

static int measure(struct listing *list, struct error *err)
{
	scoped(const struct record *) *records =
		xcalloc(list->n + 1, sizeof(*records));
	scoped(struct container_size) *sizes =
		xcalloc(list->n + 1, sizeof(*sizes));

	for (size_t i = 0; i < list->n; i++)
		records[i] = &list->shown[i].container->record;
	int r = container_sizes(list->store, records, list->n, sizes, err);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		list->shown[i].written = sizes[i].written;
		list->shown[i].whole = sizes[i].whole;
	}
	return r;
}

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const struct shown *a, const struct shown *b, int key)
{
	const struct record *ra = &a->container->record;
	const struct record *rb = &b->container->record;

	switch (key) { /* the place in SORT_KEYS */
	case 0:
		return strcmp(ra->command, rb->command);
	case 1:
		return by_number(ra->created_ns, rb->created_ns);
	case 2:
		return strcmp(ra->id, rb->id);
	case 3:
		return strcmp(ra->image, rb->image);
	case 4:
		return strcmp(ra->name, rb->name);
	case 5:
		return by_number(ra->started_ns, rb->started_ns);
	case 6:
		return by_number(a->written, b->written);
	default:
		return strcmp(phase_name(ra->phase), phase_name(rb->phase));
	}
}

/* what is equal stays in the order that it had */
static int by_key(const void *x, const void *y, void *key)
{
	const struct shown *a = x, *b = y;
	int order = compare(a, b, *(const int *)key);

	return order ? order
		     : (a->container > b->container) -
			       (a->container < b->container);
}

/* many containers are of one image; borrowed from @list */
static const char *image_id(struct listing *list, const char *digest)
{
	if (!digest)
		return "";
	if (!list->digest || strcmp(list->digest, digest) != 0) {
		free(list->digest);
		free(list->image_id);
		list->digest = xstrdup(digest);
		list->image_id = origin_image_id(list->store, digest);
	}
	return list->image_id;
}

static json_t *make_row(struct listing *list, const struct shown *shown)
{
	const struct container *container = shown->container;
	bool podman = strcmp(list->format, "json") == 0;
	struct row_more more = {
		.now_ns = list->now_ns,
		.no_trunc = list->options->no_trunc == FLAG_YES,
		.has_size = list->sized,
		.written = shown->written,
		.whole = shown->whole,
	};
	scoped_strv paths = { 0 };
	struct spec spec = { 0 };

	if ((mentions(list, "Networks") || mentions(list, "ImageID")) &&
	    read_spec(list, container, &spec) == 0) {
		read_paths(&spec, &paths);
		more.network = show_network(spec.network);
		more.argv = &spec.argv;
		more.paths = &paths;
		more.image_id = image_id(list, spec.image_digest);
	}
	json_t *row = podman ? container_row_podman(container, &more)
			     : container_row(container, &more);
	spec_free(&spec);
	return row;
}

/* the columns are as wide as with it */
static int print_headless(struct listing *list, json_t *rows, json_t *names,
			  struct error *err)
{
	scoped(char) *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return error_set(err, errno, "print");
	int r = format_print(list->format, rows, names, to, err);
	fclose(to);
	const char *end = text ? strchr(text, '\n') : NULL;
	if (r == 0 && end)
		fputs(end + 1, stdout);
	return r;
}

static int print_list(struct listing *list, struct error *err)
{
	scoped_json *rows = json_array(), *names = container_row_headings();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(rows, make_row(list, &list->shown[i]));
	if (list->options->no_heading != FLAG_YES ||
	    !text_starts_with(list->format, "table "))
		return format_print(list->format, rows, names, stdout, err);
	return print_headless(list, rows, names, err);
}

static int parse_last(const struct ps_options *options, size_t *ret,
		      struct error *err)
{
	uint32_t last = 0;

	*ret = options->latest == FLAG_YES ? 1 : SIZE_MAX;
	/* docker's default */
	if (!options->last || strcmp(options->last, "-1") == 0)
		return 0;
	if (options->latest == FLAG_YES)
		return error_say(err, EINVAL,
				 "--latest and --last contradict each other");
	int r = text_to_u32(options->last, UINT32_MAX, &last, err);
	*ret = last;
	return r < 0 ? error_prefix(err, "--last") : 0;
}

static int make_list(struct listing *list, struct error *err)
{
	const struct ps_options *options = list->options;
	int key = options->sort ? option_choice("--sort", SORT_KEYS,
						options->sort, err)
				: -1;
	size_t last;
	int r = options->sort && key < 0 ? key
					 : parse_last(options, &last, err);

	if (r == 0)
		r = container_filters_parse(&options->filters, PS_FILTERS,
					    list->now_ns, &list->filters, err);
	if (r == 0)
		r = resolve_filters(list, err);
	if (r == 0)
		r = container_list(list->store, &list->all, &list->n_all, err);
	if (r < 0)
		return r;
	choose(list, last);
	list->sized =
		options->size == FLAG_YES || strstr(list->format, ".Size");
	if (list->sized)
		r = measure(list, err);
	if (r == 0 && key >= 0)
		qsort_r(list->shown, list->n, sizeof(*list->shown), by_key,
			&key);
	return r;
}

static void free_list(struct listing *list)
{
	for (size_t i = 0; list->ancestors && i < list->filters.n; i++)
		ancestor_free(&list->ancestors[i]);
	free(list->ancestors);
	container_filters_free(&list->filters);
	containers_free(list->all, list->n_all);
	free(list->shown);
	free(list->digest);
	free(list->image_id);
}

int verb_ps(const struct call *call)
{
	struct ps_options options = { 0 };
	struct container_verb verb = { .table = ps_table,
				       .usage = "ps [OPTION...]" };
	struct listing list = { .options = &options, .store = &verb.store };
	struct error err, ignored;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0 && verb.arguments.n) {
		error_say(&err, EINVAL, "\"%s\" is one argument too many",
			  verb.arguments.v[0]);
		error_hint(&err, "--filter name=%s", verb.arguments.v[0]);
		print_error(&err);
	} else if (r == 0) {
		/* what is left of dead ones is no container */
		state_sweep(&verb.store, &ignored);
		names_sweep(&verb.store);
		list.format = choose_format(&options);
		list.now_ns = record_now();
		r = make_list(&list, &err);
		if (r == 0)
			r = print_list(&list, &err);
		if (r < 0)
			print_error(&err);
		status = r < 0 ? STATUS_WOLFFIA : 0;
	}
	free_list(&list);
	strv_free(&options.filters);
	container_verb_end(&verb);
	return status;
}
