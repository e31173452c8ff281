/* cmd/events.c - "wolffia events": what happens to containers and images */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/event_filter.h"
#include "cmd/event_show.h"
#include "cmd/log_tables.h"
#include "cmd/print.h"
#include "cmd/template/template.h"
#include "cmd/waiting.h"
#include "cmd/when.h"
#include "core/events.h"

struct events_options {
	struct container_options common;
	enum flag follow, no_stream, no_trunc;
	const char *since, *until, *format;
	struct strv filters;
	int64_t since_ns, until_ns; /* INT64_MIN, INT64_MAX: not given */
	struct template *template;  /* NULL: lines for people */
};

#define TO events_options
/* clang-format off */
const struct option_entry events_table[] = {
HEADING("Which events"),
{ .kind = OPTION_FLAG, .name = "follow", .alias = "stream",
  .offset = offsetof(struct events_options, follow),
  .help = "wait for what happens, up to --until; this is so without the "
	  "option: =false ends with what there is" },
FLAG(0, "no-stream", no_stream, "the same as --follow=false"),
VALUE(0, "since", since, "TIME",
      "what happened from then on, too: 2026-11-22T10:00:00, 2026-11-22, "
      "seconds since 1970, or how long ago, as in 10m"),
VALUE(0, "until", until, "TIME", "up to then; -10m is in ten minutes"),
LIST('f', "filter", filters, "KEY=VALUE",
     "only with container=, event=, image=, label=, type= or volume="),
HEADING("How they are shown"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.Status}} {{.Name}}"),
FLAG(0, "no-trunc", no_trunc, "for podman's sake: ids are whole anyway"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int parse_time(const char *option, const char *text, int64_t *ret,
		      struct error *err)
{
	int r = text ? when_parse(text, when_now(), mktime, ret, err) : 0;

	return r < 0 ? error_prefix(err, "%s", option) : 0;
}

/* "json" is one object a line, as docker has it */
static int take_format(struct events_options *options, struct error *err)
{
	const char *text = strcmp(options->format, "json") == 0
				   ? "{{json .}}"
				   : options->format;

	return template_parse(text, &options->template, err);
}

static int take_options(struct events_options *options, struct error *err)
{
	options->since_ns = INT64_MIN;
	options->until_ns = INT64_MAX;
	if (options->no_stream == FLAG_YES)
		options->follow = FLAG_NO;
	int r = event_filter_check(&options->filters, err);
	if (r == 0)
		r = parse_time("--since", options->since, &options->since_ns,
			       err);
	if (r == 0)
		r = parse_time("--until", options->until, &options->until_ns,
			       err);
	if (r == 0 && options->format)
		r = take_format(options, err);
	if (r == 0 && options->until && options->since_ns > options->until_ns)
		return error_say(err, EINVAL, "--since is after --until");
	return r;
}

static bool follows(const struct events_options *options)
{
	return options->follow != FLAG_NO && options->until_ns > when_now();
}

static int by_template(const struct template *template,
		       const struct event *event, struct error *err)
{
	scoped_json *object = event_object(event);
	scoped(char) *text = NULL;
	size_t n = 0;
	int r = template_render(template, object,
				isatty(STDOUT_FILENO) ? TEMPLATE_FOR_TERMINAL
						      : TEMPLATE_FOR_PROGRAM,
				&text, &n, err);

	if (r == 0)
		fwrite(text, 1, n, stdout);
	return r;
}

static int print_event(const struct event *event,
		       const struct template *template, struct error *err)
{
	int r = 0;

	if (template) {
		r = by_template(template, event, err);
	} else {
		scoped(char) *text = event_text(event);
		fputs(text, stdout);
	}
	if (r < 0)
		return r;
	putchar('\n');
	/* who waits for a line sees it at once */
	if (fflush(stdout) < 0 || ferror(stdout))
		return error_set(err, errno, "write");
	return 0;
}

static int print_all(struct event_reader *reader,
		     const struct events_options *options, struct error *err)
{
	struct event event;
	int r;

	while ((r = events_read(reader, &event, err)) > 0) {
		if (event.time_ns >= options->since_ns &&
		    event.time_ns <= options->until_ns &&
		    event_filter_passes(&options->filters, &event))
			r = print_event(&event, options->template, err);
		event_free(&event);
		if (r < 0)
			return r;
	}
	return r;
}

/* Return: 1 there may be more, 0 there will not be, -errno */
static int wait_for_more(struct event_reader *reader, int64_t until_ns,
			 struct error *err)
{
	scoped_waiting waiting = { 0 };

	waiting_add(&waiting, STDOUT_FILENO, 0);
	waiting_add_watch(&waiting, events_watch(reader));
	int r = waiting_poll(&waiting, until_ns, err);
	if (r > 0 && waiting_ready(&waiting, STDOUT_FILENO))
		return 0;
	events_watched(reader);
	return r;
}

static int show(const struct store *store, const struct events_options *options,
		struct error *err)
{
	struct event_reader *reader = NULL;
	bool follow = follows(options);
	/* docker's: a time asks for what has been, too */
	bool past = options->since || options->until || !follow;
	int r = events_open(&reader, store, follow, err);

	if (r == 0 && !past)
		r = events_skip(reader, err);
	while (r == 0) {
		r = print_all(reader, options, err);
		if (r < 0 || !follow)
			break;
		r = wait_for_more(reader, options->until_ns, err);
		if (r <= 0)
			break;
		r = 0;
	}
	events_close(reader);
	return r;
}

int verb_events(const struct call *call)
{
	struct events_options options = { 0 };
	struct container_verb verb = {
		.table = events_table,
		.usage = "events [OPTION...]",
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		if (verb.arguments.n > 0)
			r = error_say(&err, EINVAL,
				      "\"%s\" is one argument too many",
				      verb.arguments.v[0]);
		if (r == 0)
			r = take_options(&options, &err);
		if (r == 0)
			r = show(&verb.store, &options, &err);
		if (r < 0)
			print_error(&err);
		else
			status = 0;
	}
	strv_free(&options.filters);
	template_free(options.template);
	container_verb_end(&verb);
	return status;
}
