/* cmd/logs.c - "wolffia logs": what containers wrote */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/log_show.h"
#include "cmd/log_tables.h"
#include "cmd/print.h"
#include "cmd/when.h"
#include "core/control.h"
#include "core/log.h"

struct logs_options {
	struct container_options common;
	enum flag follow, timestamps, names, details;
	const char *since, *until, *tail;
	struct log_query query;
};

#define TO logs_options
/* clang-format off */
const struct option_entry logs_table[] = {
HEADING("Which lines"),
FLAG('f', "follow", follow,
     "go on with what is written, until the container has ended"),
VALUE('n', "tail", tail, "N", "only the last N lines; all"),
VALUE(0, "since", since, "TIME",
      "only from then on: 2026-11-22T10:00:00, 2026-11-22, seconds since "
      "1970, or how long ago, as in 10m"),
VALUE(0, "until", until, "TIME", "only up to then"),
HEADING("How they are shown"),
FLAG('t', "timestamps", timestamps, "each with its time, in UTC"),
FLAG(0, "names", names, "each with the name of its container"),
FLAG(0, "details", details, "for docker's sake: a line has no details"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int parse_tail(const char *text, uint64_t *ret, struct error *err)
{
	/* docker's: less than none is all */
	if (strcmp(text, "all") == 0 ||
	    (text[0] == '-' && text[1] &&
	     !text[1 + strspn(text + 1, "0123456789")]))
		return 0;
	int r = text_to_u64(text, UINT64_MAX - 1, ret, err);
	if (r < 0) {
		error_prefix(err, "--tail");
		return error_hint(err, "write a number of lines, or all");
	}
	return 0;
}

static int parse_time(const char *option, const char *text, int64_t *ret,
		      struct error *err)
{
	int r = text ? when_parse(text, when_now(), mktime, ret, err) : 0;

	return r < 0 ? error_prefix(err, "%s", option) : 0;
}

static int take_options(struct logs_options *options, struct error *err)
{
	options->query = (struct log_query)LOG_QUERY_ALL;
	options->query.follow = options->follow == FLAG_YES;
	int r = parse_time("--since", options->since, &options->query.since_ns,
			   err);
	if (r == 0)
		r = parse_time("--until", options->until,
			       &options->query.until_ns, err);
	if (r == 0 && options->tail)
		r = parse_tail(options->tail, &options->query.tail, err);
	return r;
}

/* no file: there never was one, or it has not been started */
static int check_kept(int dirfd, const struct container *container,
		      struct error *err)
{
	struct spec spec = { 0 };
	struct stat st;

	if (fstatat(dirfd, LOG_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    record_read_spec(dirfd, &spec, err) < 0)
		return 0;
	bool none = spec.log.none;
	spec_free(&spec);
	if (!none)
		return 0;
	error_say(err, ENODATA, "what the container %s writes is not kept",
		  container->record.name);
	return error_hint(err, "start it with -d, or with --log-driver "
			       "k8s-file");
}

static int open_source(struct container_verb *verb, const char *name,
		       const struct logs_options *options,
		       struct log_source *ret, struct error *err)
{
	struct container container = { 0 };
	int r = container_find(&verb->store, name, &container, err);
	scoped_fd dirfd =
		r < 0 ? r
		      : container_open(&verb->store, container.record.id, err);

	r = dirfd < 0 ? dirfd : check_kept(dirfd, &container, err);
	if (r == 0)
		r = log_read_open(&ret->reader, dirfd, &options->query, err);
	if (r == 0 && options->query.follow) {
		/* after the log was opened: what was before, is in it */
		struct error ignored;
		ret->ended_fd = control_connect(&verb->store,
						container.record.id, &ignored);
		if (ret->ended_fd < 0)
			ret->ended_fd = -1;
	}
	if (r == 0 && (options->names == FLAG_YES || verb->arguments.n > 1))
		ret->prefix = options->names == FLAG_YES
				      ? xstrdup(container.record.name)
				      : xstrndup(container.record.id, 12);
	if (r == 0 && options->query.follow && ret->ended_fd < 0)
		r = log_read_finish(ret->reader, err);
	container_free(&container);
	return r;
}

static void say_damaged(const struct log_show *show)
{
	for (size_t i = 0; i < show->n; i++) {
		uint64_t n = log_read_damaged(show->sources[i].reader);
		if (n > 0)
			fprintf(stderr,
				"wolffia: note: %llu bytes of the log are "
				"damaged and were left out\n",
				(unsigned long long)n);
	}
}

static int show_all(struct container_verb *verb,
		    const struct logs_options *options, struct error *err)
{
	struct log_show show = {
		.n = verb->arguments.n,
		.timestamps = options->timestamps == FLAG_YES,
		.until_ns = options->query.until_ns,
		.out = stdout,
		.err = stderr,
	};
	int r = 0;

	show.sources = xcalloc(show.n, sizeof(*show.sources));
	for (size_t i = 0; i < show.n; i++)
		show.sources[i].ended_fd = -1;
	for (size_t i = 0; r == 0 && i < show.n; i++)
		r = open_source(verb, verb->arguments.v[i], options,
				&show.sources[i], err);
	if (r == 0) {
		static char buffer[65536];
		/* by whole pieces; log_show() flushes */
		setvbuf(stderr, buffer, _IOFBF, sizeof(buffer));
		setvbuf(stdout, NULL, _IOFBF, 65536);
		r = log_show(&show, err);
		say_damaged(&show);
	}
	log_sources_free(show.sources, show.n);
	return r;
}

int verb_logs(const struct call *call)
{
	struct logs_options options = { 0 };
	struct container_verb verb = {
		.table = logs_table,
		.usage = "logs [OPTION...] CONTAINER...",
		.least = 1,
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		r = take_options(&options, &err);
		if (r == 0)
			r = show_all(&verb, &options, &err);
		if (r < 0)
			print_error(&err);
		else
			status = 0;
	}
	container_verb_end(&verb);
	return status;
}
