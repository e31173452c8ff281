/* cmd/prune.c - "wolffia prune": remove the containers that do not run */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_filter.h"
#include "cmd/container_verb.h"
#include "cmd/human.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "core/container_size.h"
#include "core/launch_record.h"
#include "core/state.h"

struct prune_options {
	struct container_options common;
	enum flag force;
	struct strv filters;
};

#define TO prune_options
/* clang-format off */
const struct option_entry prune_table[] = {
HEADING("What is removed"),
LIST(0, "filter", filters, "KEY=VALUE",
     "only those with until=TIME, label=KEY[=VALUE] or label!=KEY[=VALUE]"),
FLAG('f', "force", force, "do not ask"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

#define PRUNE_FILTERS                                                          \
	(FILTER_BIT(FILTER_UNTIL) | FILTER_BIT(FILTER_LABEL) |                 \
	 FILTER_BIT(FILTER_NO_LABEL))

/* Anything but a yes is a no. */
static int ask(struct error *err)
{
	scoped(char) *line = NULL;
	size_t size = 0;

	fputs("All containers that do not run will be removed, with what they "
	      "have written.\nGo on? [y/N] ",
	      stderr);
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
		      const struct record *const *records, size_t n)
{
	scoped(struct container_size) *sizes = xcalloc(n + 1, sizeof(*sizes));
	uint64_t freed = 0;
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
			freed += sizes[i].written;
		}
	}
	scoped(char) *size = human_size(freed);
	printf("%sTotal reclaimed space: %s\n", n ? "\n" : "", size);
	return status;
}

static int prune(const struct store *store,
		 const struct container_filters *filters)
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
	int status = remove_all(store, records, chosen);
	containers_free(list, n);
	return status;
}

int verb_prune(const struct call *call)
{
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
			r = container_filters_parse(&options.filters,
						    PRUNE_FILTERS, record_now(),
						    &filters, &err);
		if (r == 0 && options.force != FLAG_YES)
			r = ask(&err);
		if (r < 0)
			print_error(&err);
		else
			status = prune(&verb.store, &filters);
		/* and what dead launchers left */
		if (r == 0)
			state_sweep(&verb.store, &err);
	}
	container_filters_free(&filters);
	strv_free(&options.filters);
	container_verb_end(&verb);
	return status;
}
