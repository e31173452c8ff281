/* cmd/stats.c - "wolffia stats": what running containers use */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "cmd/stats_row.h"
#include "core/control.h"

struct stats_options {
	struct container_options common;
	enum flag all, no_stream, no_trunc, no_reset;
	const char *format, *interval;
	uint64_t interval_ms;
};

#define TO stats_options
/* clang-format off */
const struct option_entry stats_table[] = {
HEADING("What is shown"),
FLAG('a', "all", all, "containers that do not run, too"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.Name}} {{.CPUPerc}}; with \"table \" "
      "before it, in columns"),
FLAG(0, "no-stream", no_stream, "once, and not each second"),
FLAG(0, "no-trunc", no_trunc, "whole ids"),
VALUE('i', "interval", interval, "SECONDS", "the time between; 1"),
FLAG(0, "no-reset", no_reset, "do not clear the screen, but go on below"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

#define TABLE                                                                  \
	"table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t"              \
	"{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"

enum {
	INTERVAL_MS = 1000,
	ONCE_MS = 1000, /* what a look back takes */
};

/* What was seen of a container the last time. */
struct seen {
	char *id;
	struct usage_of of;
	struct look look;
};

struct stats {
	const struct stats_options *options;
	const struct store *store;
	struct strv ids; /* of those that were named; none: of all */
	struct seen *seen;
	size_t n_seen;
	bool cleared; /* the screen */
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* names are looked up once: a container may be renamed while we look */
static int resolve_names(struct stats *stats, const struct strv *names,
			 struct error *err)
{
	for (size_t i = 0; i < names->n; i++) {
		struct container found = { 0 };
		int r = container_find(stats->store, names->v[i], &found, err);
		if (r < 0)
			return r;
		strv_add(&stats->ids, found.record.id);
		container_free(&found);
	}
	return 0;
}

static bool has_host_network(const struct store *store, const char *id)
{
	struct spec spec = { 0 };
	struct error ignored;
	scoped_fd dirfd = container_open(store, id, &ignored);
	bool host = false;

	if (dirfd >= 0 && record_read_spec(dirfd, &spec, &ignored) == 0)
		host = spec.network == NETWORK_HOST;
	spec_free(&spec);
	return host;
}

/* Return: a descriptor of the outer user namespace, or -1 */
static int ask_for_namespace(const struct store *store, const char *id)
{
	const struct control_request request = { .verb = CONTROL_ROOT };
	struct control_reply reply;
	int fds[FD_MESSAGE_MOST] = { -1, -1, -1, -1 };
	struct error ignored;
	scoped_fd control = control_connect(store, id, &ignored);

	if (control < 0 ||
	    control_ask(control, &request, NULL, 0, &ignored) < 0 ||
	    control_hear(control, &reply, fds, &ignored) < 0)
		return -1;
	for (size_t i = 0; i < FD_MESSAGE_MOST; i++)
		if (i != 2)
			fd_close(&fds[i]);
	return fds[2];
}

static struct seen *seen_of(struct stats *stats, const char *id)
{
	for (size_t i = 0; i < stats->n_seen; i++)
		if (strcmp(stats->seen[i].id, id) == 0)
			return &stats->seen[i];
	stats->seen = xreallocarray(stats->seen, stats->n_seen + 1,
				    sizeof(*stats->seen));
	struct seen *seen = &stats->seen[stats->n_seen++];
	*seen = (struct seen){
		.id = xstrdup(id),
		.of.host_network = has_host_network(stats->store, id),
		.of.outer_userns_fd = -1,
	};
	return seen;
}

/* one that was started again has other namespaces */
static void meet(struct stats *stats, struct seen *seen, pid_t init_pid)
{
	if (seen->of.init_pid == init_pid)
		return;
	fd_close(&seen->of.outer_userns_fd);
	seen->of.init_pid = init_pid;
	seen->of.outer_userns_fd = ask_for_namespace(stats->store, seen->id);
	seen->look = (struct look){ 0 };
}

static bool is_wanted(const struct stats *stats,
		      const struct container *container)
{
	bool runs = container->alive && container->record.pid > 0;

	if (stats->ids.n)
		return strv_contains(&stats->ids, container->record.id);
	return runs || stats->options->all == FLAG_YES;
}

static json_t *look(struct stats *stats, const struct container *container)
{
	struct seen *seen = seen_of(stats, container->record.id);
	bool runs = container->alive && container->record.pid > 0;
	struct stats_facts facts = {
		.record = &container->record,
		.memory = usage_total_memory(),
		.ticks = sysconf(_SC_CLK_TCK),
		.no_trunc = stats->options->no_trunc == FLAG_YES,
	};
	const char *format = stats->options->format;
	struct error ignored;

	if (runs)
		meet(stats, seen, container->record.pid);
	facts.before = seen->look;
	facts.runs =
		runs && usage_read(&seen->of, &facts.now.usage, &ignored) == 0;
	if (facts.runs)
		facts.now.when_ns = monotonic_ns();
	seen->look = facts.now;
	return format && strcmp(format, "json") == 0 ? stats_row_podman(&facts)
						     : stats_row(&facts);
}

static int collect(struct stats *stats, json_t *rows, struct error *err)
{
	struct container *list = NULL;
	size_t n = 0;
	int r = container_list(stats->store, &list, &n, err);

	for (size_t i = 0; i < n; i++)
		if (is_wanted(stats, &list[i]))
			json_array_append_new(rows, look(stats, &list[i]));
	containers_free(list, n);
	return r;
}

/* one write for all of it, over what was there: nothing flickers */
static void paint(struct stats *stats, const char *text)
{
	char *screen = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&screen, &size);
	struct error ignored;

	if (!to)
		return;
	fputs(stats->cleared ? "\033[H" : "\033[2J\033[H", to);
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		fprintf(to, "%.*s\033[K\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	fputs("\033[J", to);
	fclose(to);
	fd_write_all(STDOUT_FILENO, screen, size, &ignored);
	free(screen);
	stats->cleared = true;
}

static int print(struct stats *stats, json_t *rows, struct error *err)
{
	const char *format = stats->options->format;
	scoped_json *headings = stats_row_headings();
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return error_set(err, errno, "print");
	if (!format || strcmp(format, "table") == 0)
		format = TABLE;
	int r = format_print(format, rows, headings, to, err);
	fclose(to);
	if (r == 0 && stats->options->no_stream != FLAG_YES &&
	    stats->options->no_reset != FLAG_YES && isatty(STDOUT_FILENO))
		paint(stats, text);
	else if (r == 0)
		r = fd_write_all(STDOUT_FILENO, text, size, err);
	free(text);
	return r;
}

static int run(struct stats *stats, struct error *err)
{
	bool once = stats->options->no_stream == FLAG_YES;
	int interval_ms = (int)stats->options->interval_ms;
	int r = 0;

	for (size_t round = 0; r == 0; round++) {
		scoped_json *rows = json_array();
		r = collect(stats, rows, err);
		/* what one look cannot tell: how busy it is */
		if (r == 0 && (!once || round > 0))
			r = print(stats, rows, err);
		if (once && round > 0)
			return r;
		if (r == 0)
			poll(NULL, 0, once ? ONCE_MS : interval_ms);
	}
	return r;
}

static void stats_free(struct stats *stats)
{
	for (size_t i = 0; i < stats->n_seen; i++) {
		fd_close(&stats->seen[i].of.outer_userns_fd);
		free(stats->seen[i].id);
	}
	free(stats->seen);
	strv_free(&stats->ids);
}

static int take_interval(struct stats_options *options, struct error *err)
{
	options->interval_ms = INTERVAL_MS;
	if (!options->interval)
		return 0;
	if (text_to_duration(options->interval, &options->interval_ms, err) < 0)
		return error_prefix(err, "--interval");
	if (options->interval_ms == 0 || options->interval_ms > INT_MAX)
		return error_say(err, EINVAL,
				 "--interval: %s is no time to wait",
				 options->interval);
	return 0;
}

int verb_stats(const struct call *call)
{
	struct stats_options options = { 0 };
	struct container_verb verb = {
		.table = stats_table,
		.usage = "stats [OPTION...] [CONTAINER...]",
	};
	struct stats stats = { .options = &options, .store = &verb.store };
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		r = take_interval(&options, &err);
		if (r == 0)
			r = resolve_names(&stats, &verb.arguments, &err);
		if (r == 0)
			r = run(&stats, &err);
		if (r < 0)
			print_error(&err);
		status = r < 0 ? STATUS_WOLFFIA : 0;
	}
	stats_free(&stats);
	container_verb_end(&verb);
	return status;
}
