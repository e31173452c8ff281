/*
 * cmd/prune.c - "wolffia prune": remove what nobody uses
 *
 * Containers here; images are removed by the other program, which adds what
 * that frees to what was freed here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_filter.h"
#include "cmd/container_verb.h"
#include "cmd/human.h"
#include "cmd/image_tool.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "core/container_size.h"
#include "core/events.h"
#include "core/launch_record.h"
#include "core/state.h"

struct prune_options {
	struct container_options common;
	enum flag all, force;
	struct strv filters;
};

/* "container prune" and "image prune" are about one kind only */
struct extent {
	bool containers, images;
};

#define TO prune_options
/* clang-format off */
const struct option_entry prune_table[] = {
HEADING("What is removed"),
FLAG('a', "all", all,
     "all images that no container was made of, not only those without a "
     "name"),
LIST(0, "filter", filters, "KEY=VALUE",
     "only those with until=TIME, label=KEY[=VALUE] or label!=KEY[=VALUE]"),
FLAG('f', "force", force, "do not ask"),
REFUSED(0, "volumes", "all volumes have names here, and are kept for them",
        "remove their directories, which inspect shows, by hand"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

/* Anything but a yes is a no. */
static int ask(const struct extent *extent, bool all, struct error *err)
{
	scoped(char) *line = NULL;
	size_t size = 0;

	if (extent->containers)
		fputs("All containers that do not run will be removed, with "
		      "what they have written.\n",
		      stderr);
	if (extent->images)
		fprintf(stderr, "All images %s will be removed.\n",
			all ? "that no container was made of"
			    : "without a name that no container was made of");
	fputs("Go on? [y/N] ", stderr);
	ssize_t n = getline(&line, &size, stdin);
	if (n > 0 && (line[0] == 'y' || line[0] == 'Y'))
		return 0;
	if (n <= 0)
		fputc('\n', stderr);
	error_say(err, ECANCELED, "nothing was removed");
	return isatty(STDIN_FILENO) ? -ECANCELED
				    : error_hint(err, "--force does not ask");
}

/* Return: 1 it is gone; 0 it has been started or removed meanwhile */
static int remove_one(const struct store *store, const struct record *record,
		      struct error *err)
{
	struct state state = STATE_NONE;
	int r = state_open(&state, store, record->id, record->name, err);

	if (r == -ENOENT || r == -EBUSY)
		return 0;
	if (r == 0)
		r = state_remove(&state, -1, err);
	if (r < 0)
		return error_prefix(err, "container %s", record->name);
	record_event(store, record, EVENT_REMOVE, NULL);
	return 1;
}

static int remove_all(const struct store *store,
		      const struct record *const *records, size_t n,
		      uint64_t *ret_freed)
{
	scoped(struct container_size) *sizes = xcalloc(n + 1, sizeof(*sizes));
	struct error err;
	int status = 0;

	if (container_sizes(store, records, n, sizes, &err) < 0) {
		print_error(&err);
		status = STATUS_WOLFFIA;
	}
	if (n)
		puts("Deleted Containers:");
	for (size_t i = 0; i < n; i++) {
		int r = remove_one(store, records[i], &err);
		if (r < 0) {
			print_error(&err);
			status = STATUS_WOLFFIA;
		} else if (r > 0) {
			puts(records[i]->id);
			*ret_freed += sizes[i].written;
		}
	}
	if (n)
		putchar('\n');
	return status;
}

static int prune_containers(const struct store *store,
			    const struct container_filters *filters,
			    uint64_t *ret_freed)
{
	struct container *list = NULL;
	struct error err;
	size_t n = 0, chosen = 0;

	if (container_list(store, &list, &n, &err) < 0) {
		print_error(&err);
		return STATUS_WOLFFIA;
	}
	scoped(const struct record *) *records =
		xcalloc(n + 1, sizeof(*records));
	for (size_t i = 0; i < n; i++) {
		const struct filter_facts facts = { .record = &list[i].record };
		if (!list[i].alive && container_filters_pass(filters, &facts))
			records[chosen++] = &list[i].record;
	}
	int status = remove_all(store, records, chosen, ret_freed);
	containers_free(list, n);
	return status;
}

/* it prints what came free, with what did before */
static int prune_images(const struct store *store,
			const struct prune_options *options, uint64_t freed)
{
	scoped_strv verb = { 0 };
	struct error err;

	strv_add(&verb, "prune-images");
	strv_addf(&verb, "--store=%s", store->path);
	strv_addf(&verb, "--freed=%llu", (unsigned long long)freed);
	if (options->all == FLAG_YES)
		strv_add(&verb, "--all");
	for (size_t i = 0; i < options->filters.n; i++)
		strv_addf(&verb, "--filter=%s", options->filters.v[i]);
	fflush(stdout);
	image_tool_exec(strv_argv(&verb), &err);
	print_error(&err);
	return STATUS_WOLFFIA;
}

static int prune(const struct store *store, const struct prune_options *options,
		 const struct extent *extent,
		 const struct container_filters *filters)
{
	struct error ignored;
	uint64_t freed = 0;
	int status = 0;

	if (extent->containers) {
		status = prune_containers(store, filters, &freed);
		events_append_prune(store, EVENT_CONTAINER, freed);
		/* and what dead launchers left */
		state_sweep(store, &ignored);
	}
	if (extent->images && status == 0)
		return prune_images(store, options, freed);
	scoped(char) *size = human_size(freed);
	printf("Total reclaimed space: %s\n", size);
	return status;
}

static int check_options(const struct prune_options *options,
			 const struct extent *extent, struct error *err)
{
	if (options->all == FLAG_YES && !extent->images)
		return error_say(err, EINVAL,
				 "--all is about images: \"wolffia prune "
				 "--all\", or \"wolffia image prune --all\"");
	return 0;
}

int verb_prune(const struct call *call)
{
	const char *group = call->group ? call->group : "system";
	const struct extent extent = {
		.containers = strcmp(group, "image") != 0,
		.images = strcmp(group, "container") != 0,
	};
	struct prune_options options = { 0 };
	struct container_verb verb = { .table = prune_table,
				       .usage = "prune [OPTION...]" };
	struct container_filters filters = { 0 };
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		if (verb.arguments.n)
			r = error_say(&err, EINVAL,
				      "\"%s\" is one argument too many",
				      verb.arguments.v[0]);
		if (r == 0)
			r = check_options(&options, &extent, &err);
		if (r == 0)
			r = container_filters_parse(&options.filters,
						    PRUNE_FILTERS, record_now(),
						    &filters, &err);
		if (r == 0 && options.force != FLAG_YES)
			r = ask(&extent, options.all == FLAG_YES, &err);
		if (r < 0)
			print_error(&err);
		else
			status =
				prune(&verb.store, &options, &extent, &filters);
	}
	container_filters_free(&filters);
	strv_free(&options.filters);
	container_verb_end(&verb);
	return status;
}
