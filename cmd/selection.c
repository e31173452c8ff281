#include "cmd/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "cmd/container_filter.h"
#include "cmd/print.h"
#include "cmd/when.h"

/* all that a record tells */
#define KEYS                                                                   \
	(FILTER_BIT(FILTER_ID) | FILTER_BIT(FILTER_NAME) |                     \
	 FILTER_BIT(FILTER_LABEL) | FILTER_BIT(FILTER_NO_LABEL) |              \
	 FILTER_BIT(FILTER_STATUS) | FILTER_BIT(FILTER_EXITED) |               \
	 FILTER_BIT(FILTER_UNTIL))

bool selection_runs(const struct container *container)
{
	return container->alive;
}

bool selection_may_pause(const struct container *container)
{
	return container->alive && container->record.phase == PHASE_RUNNING;
}

bool selection_is_paused(const struct container *container)
{
	return container->alive && container->record.phase == PHASE_PAUSED;
}

bool selection_is_idle(const struct container *container)
{
	return !container->alive;
}

static void add(struct container_verb *verb, const struct container *container)
{
	if (!strv_contains(&verb->arguments, container->record.name))
		strv_add(&verb->arguments, container->record.name);
}

static int add_listed(struct container_verb *verb,
		      const struct selection *selection,
		      const struct container_filters *filters,
		      bool (*wanted)(const struct container *container),
		      struct error *err)
{
	bool some = selection->all == FLAG_YES || filters->n > 0;
	struct container *list = NULL;
	size_t n = 0;
	int r = container_list(&verb->store, &list, &n, err);

	for (size_t i = 0; r == 0 && some && i < n; i++) {
		const struct filter_facts facts = { .record = &list[i].record };
		if ((!wanted || wanted(&list[i])) &&
		    container_filters_pass(filters, &facts))
			add(verb, &list[i]);
	}
	if (r == 0 && selection->latest == FLAG_YES && n == 0)
		r = error_say(err, ENOENT, "there is no container");
	else if (r == 0 && selection->latest == FLAG_YES)
		add(verb, &list[0]);
	containers_free(list, n);
	return r;
}

/* an id, with a newline behind it or without */
static int add_cidfile(struct container_verb *verb, const char *path,
		       struct error *err)
{
	enum { ROOM = 256 };
	scoped(char) *text = NULL;
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "--cidfile: open %s", path);
	ssize_t n = fd_read_all(fd, ROOM, &text, err);
	if (n < 0)
		return error_prefix(err, "--cidfile: %s", path);
	text[strcspn(text, "\r\n")] = '\0';
	if (!*text)
		return error_say(err, EINVAL, "--cidfile: %s is empty", path);
	strv_add(&verb->arguments, text);
	return 0;
}

static void drop_missing(struct container_verb *verb)
{
	struct strv found = { 0 };

	for (size_t i = 0; i < verb->arguments.n; i++) {
		struct container container = { 0 };
		struct error ignored;
		if (container_find(&verb->store, verb->arguments.v[i],
				   &container, &ignored) != -ENOENT)
			strv_add(&found, verb->arguments.v[i]);
		container_free(&container);
	}
	strv_free(&verb->arguments);
	verb->arguments = found;
}

static int find_all(struct container_verb *verb, struct selection *selection,
		    bool (*wanted)(const struct container *container),
		    struct error *err)
{
	struct container_filters filters = { 0 };
	bool listed = selection->all == FLAG_YES ||
		      selection->latest == FLAG_YES || selection->filters.n > 0;
	int r = container_filters_parse(&selection->filters, KEYS,
					(uint64_t)when_now(), &filters, err);

	for (size_t i = 0; r == 0 && i < selection->cidfiles.n; i++)
		r = add_cidfile(verb, selection->cidfiles.v[i], err);
	if (r == 0 && !listed && verb->arguments.n == 0) {
		error_say(err, EINVAL, "the name of a container is missing");
		r = error_hint(err, "usage: wolffia %s", verb->usage);
	}
	if (r == 0 && listed)
		r = add_listed(verb, selection, &filters, wanted, err);
	if (r == 0 && selection->ignore == FLAG_YES)
		drop_missing(verb);
	container_filters_free(&filters);
	return r;
}

int selection_add(struct container_verb *verb, struct selection *selection,
		  bool (*wanted)(const struct container *container))
{
	struct error err;
	int r = find_all(verb, selection, wanted, &err);

	if (r < 0)
		print_error(&err);
	return r;
}

void selection_free(struct selection *selection)
{
	strv_free(&selection->filters);
	strv_free(&selection->cidfiles);
}
