/* cmd/wait.c - "wolffia wait": until containers have ended, or are otherwise */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/life_tables.h"
#include "cmd/print.h"
#include "cmd/selection.h"
#include "cmd/waiting.h"
#include "cmd/when.h"
#include "core/control.h"
#include "core/events.h"

struct wait_options {
	struct container_options common;
	struct selection which;
	struct strv conditions;
	const char *interval;
	uint64_t interval_ms;
	unsigned phases; /* 1 << PHASE_*: any of them; 0: its command's end */
	bool removed;    /* or that it is not there any more */
};

/* ends that nobody wrote down are seen by looking again */
enum { INTERVAL_MS = 1000 };

#define TO wait_options
/* clang-format off */
const struct option_entry wait_table[] = {
HEADING("What is waited for"),
LIST(0, "condition", conditions, "CONDITION",
     "created, running, paused, restarting, exited or stopped, or removed; "
     "any of several: the end of its command if not given"),
{ .kind = OPTION_STRING, .letter = 'i', .name = "interval",
  .offset = offsetof(struct wait_options, interval), .placeholder = "TIME",
  .help = "look again after so long at the latest: 500ms, 1s" },
HEADING("Which"),
FLAG('l', "latest", which.latest, "the one that was made last"),
LIST('f', "filter", which.filters, "KEY=VALUE", "those with " SELECTION_FILTERS),
LIST(0, "cidfile", which.cidfiles, "FILE",
     "the one whose id run --cidfile wrote into this file"),
FLAG(0, "ignore", which.ignore, "print -1 for containers that are not there"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

/* podman's words, and docker's */
static const struct {
	const char *name;
	unsigned phases;
} conditions[] = {
	{ "configured", 1 << PHASE_CREATED },
	{ "created", 1 << PHASE_CREATED },
	{ "running", 1 << PHASE_RUNNING },
	{ "paused", 1 << PHASE_PAUSED },
	{ "restarting", 1 << PHASE_RESTARTING },
	{ "exited", 1 << PHASE_EXITED },
	{ "stopped", 1 << PHASE_EXITED },
	{ "not-running", 1 << PHASE_EXITED | 1 << PHASE_CREATED },
	{ "removed", 0 },
};

static int take_condition(struct wait_options *options, const char *word,
			  struct error *err)
{
	const char *words[ARRAY_SIZE(conditions) + 1] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		words[i] = conditions[i].name;
		if (strcmp(words[i], word) != 0)
			continue;
		options->phases |= conditions[i].phases;
		options->removed |= conditions[i].phases == 0;
		return 0;
	}
	error_say(err, EINVAL,
		  "--condition: \"%s\" is nothing that a "
		  "container can be",
		  word);
	error_hint(err, "created, running, paused, restarting, exited, "
			"stopped, not-running or removed");
	return option_suggest(word, words, "", err);
}

static int take_options(struct wait_options *options, struct error *err)
{
	int r = 0;

	options->interval_ms = INTERVAL_MS;
	for (size_t i = 0; r == 0 && i < options->conditions.n; i++)
		r = take_condition(options, options->conditions.v[i], err);
	if (r == 0 && options->interval &&
	    text_to_duration(options->interval, &options->interval_ms, err) < 0)
		r = error_prefix(err, "--interval");
	/* a bare number is podman's milliseconds */
	if (r == 0 && options->interval &&
	    !options->interval[strspn(options->interval, "0123456789")])
		options->interval_ms /= 1000;
	if (r == 0 && options->interval_ms == 0)
		options->interval_ms = 1;
	return r;
}

/* Return: 1 it is so; 0 not yet; -errno */
static int look(struct container_verb *verb, const struct wait_options *options,
		const struct record *record, int *ret_code, struct error *err)
{
	struct container now = { 0 };
	int r = container_find(&verb->store, record->id, &now, err);

	if (r == -ENOENT && options->removed)
		return 1;
	if (r == -ENOENT)
		return error_say(err, ECHILD, "the container %s was removed",
				 record->name);
	if (r < 0)
		return r;
	if (now.record.phase == PHASE_EXITED)
		*ret_code = now.record.exit_code;
	r = options->phases >> now.record.phase & 1;
	container_free(&now);
	return r;
}

/* the next event may be the one; and it may have been lost */
static int wait_for_event(struct event_reader *events, uint64_t interval_ms,
			  struct error *err)
{
	scoped_waiting waiting = { 0 };
	int64_t until = when_now() + (int64_t)interval_ms * 1000000;

	waiting_add_watch(&waiting, events_watch(events));
	int r = waiting_poll(&waiting, until, err);
	events_watched(events);
	return r < 0 ? r : events_skip(events, err);
}

static int wait_for_condition(struct container_verb *verb,
			      const struct wait_options *options,
			      const struct record *record, struct error *err)
{
	struct event_reader *events = NULL;
	int code = -1;
	int r = events_open(&events, &verb->store, true, err);

	/* looked at after it is listened to: nothing is missed between */
	if (r == 0)
		r = events_skip(events, err);
	while (r == 0) {
		r = look(verb, options, record, &code, err);
		if (r == 0)
			r = wait_for_event(events, options->interval_ms, err);
		else if (r > 0)
			break;
	}
	events_close(events);
	if (r > 0)
		printf("%d\n", code);
	return r < 0 ? r : 0;
}

/* of one that has ended, the status that it had */
static int wait_for_end(struct container_verb *verb,
			const struct container *container, struct error *err)
{
	const struct control_request request = { .verb = CONTROL_WAIT };
	struct control_reply reply = { .exit_code =
					       container->record.exit_code };
	int r = 0;

	if (container->alive)
		r = control_call(&verb->store, container->record.id, &request,
				 &reply, err);
	if (r == -ESRCH) {
		/* it ended in this moment, and has written how */
		struct container ended = { 0 };
		r = container_find(&verb->store, container->record.id, &ended,
				   err);
		reply.exit_code = ended.record.exit_code;
		if (r == 0 && ended.alive)
			r = error_say(err, ECHILD,
				      "the launcher of the container does not "
				      "answer");
		container_free(&ended);
	}
	if (r == 0)
		printf("%d\n", reply.exit_code);
	return r;
}

static int wait_for(struct container_verb *verb, const char *name,
		    const struct wait_options *options, struct error *err)
{
	struct container container = { 0 };
	int r = container_find(&verb->store, name, &container, err);

	if (r == -ENOENT &&
	    (options->removed || options->which.ignore == FLAG_YES)) {
		puts("-1");
		r = 0;
	} else if (r == 0 && options->conditions.n > 0) {
		r = wait_for_condition(verb, options, &container.record, err);
	} else if (r == 0) {
		r = wait_for_end(verb, &container, err);
	}
	container_free(&container);
	fflush(stdout);
	return r;
}

static int wait_for_all(struct container_verb *verb,
			struct wait_options *options)
{
	struct selection which = options->which;
	struct error err;
	int status = 0;
	int r = take_options(options, &err);

	if (r < 0)
		print_error(&err);
	/* those that are not there are told, not left out */
	which.ignore = FLAG_UNSET;
	if (r < 0 || selection_add(verb, &which, NULL) < 0)
		return STATUS_WOLFFIA;
	for (size_t i = 0; i < verb->arguments.n; i++) {
		if (wait_for(verb, verb->arguments.v[i], options, &err) == 0)
			continue;
		print_error(&err);
		status = STATUS_WOLFFIA;
	}
	return status;
}

int verb_wait(const struct call *call)
{
	struct wait_options options = { 0 };
	struct container_verb verb = {
		.table = wait_table,
		.usage = "wait [OPTION...] CONTAINER...",
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		status = wait_for_all(&verb, &options);
	selection_free(&options.which);
	strv_free(&options.conditions);
	container_verb_end(&verb);
	return status;
}
