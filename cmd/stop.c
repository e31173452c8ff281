/*
 * cmd/stop.c - verbs that ask the launcher of a running container for
 * something: stop, kill, pause, unpause, wait
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/life_tables.h"
#include "cmd/print.h"
#include "cmd/signal_name.h"
#include "core/control.h"

struct stop_options {
	struct container_options common;
	const char *time, *signal;
	enum flag all, ignore;
	struct control_request request;
};

#define TO stop_options
/* clang-format off */
const struct option_entry stop_table[] = {
HEADING("How it is stopped"),
VALUE('t', "time", time, "SECONDS",
      "what is waited between the stop signal and SIGKILL; as the container "
      "was made, or 10"),
FLAG('a', "all", all, "all that run"),
FLAG('i', "ignore", ignore, "say nothing of containers that are not there"),
CONTAINER_ROWS
};
const struct option_entry kill_table[] = {
HEADING("What is sent"),
VALUE('s', "signal", signal, "SIGNAL", "the signal; KILL"),
FLAG('a', "all", all, "to all that run"),
CONTAINER_ROWS
};
const struct option_entry pause_table[] = {
HEADING("Which"),
FLAG('a', "all", all, "all that run"),
CONTAINER_ROWS
};
const struct option_entry wait_table[] = {
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int not_running(const struct container *container, struct error *err)
{
	return error_say(err, ESRCH, "the container %s is not running",
			 container->record.name);
}

static int call(struct container_verb *verb, const struct container *container,
		const struct control_request *request,
		struct control_reply *reply, struct error *err)
{
	if (!container->alive)
		return not_running(container, err);
	int r = control_call(&verb->store, container->record.id, request, reply,
			     err);
	return r == -ESRCH ? not_running(container, err) : r;
}

static int stop(struct container_verb *verb, const struct container *container,
		void *context, struct error *err)
{
	const struct stop_options *options = context;

	/* docker's: what has ended is stopped */
	int r = call(verb, container, &options->request, NULL, err);
	return r == -ESRCH ? 0 : r;
}

static int ask(struct container_verb *verb, const struct container *container,
	       void *context, struct error *err)
{
	const struct stop_options *options = context;

	return call(verb, container, &options->request, NULL, err);
}

/* "wolffia kill" returns when the container is gone, if that is its effect */
static int kill_it(struct container_verb *verb,
		   const struct container *container, void *context,
		   struct error *err)
{
	const struct stop_options *options = context;
	struct control_reply reply;

	if (options->request.number != SIGKILL)
		return ask(verb, container, context, err);
	if (!container->alive)
		return not_running(container, err);
	scoped_fd control =
		control_connect(&verb->store, container->record.id, err);
	if (control < 0)
		return control == -ESRCH ? not_running(container, err)
					 : control;
	int r = control_ask(control, &options->request, NULL, 0, err);
	if (r == 0)
		r = control_hear(control, &reply, NULL, err);
	/* its end hangs up */
	struct pollfd end = { control, 0, 0 };
	while (r == 0 && poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	return r;
}

static void add_running(struct container_verb *verb)
{
	struct container *list = NULL;
	struct error err;
	size_t n = 0;

	if (container_list(&verb->store, &list, &n, &err) < 0)
		print_error(&err);
	for (size_t i = 0; i < n; i++)
		if (list[i].alive)
			strv_add(&verb->arguments, list[i].record.name);
	containers_free(list, n);
}

/* --ignore: leave out those that are not there */
static void drop_missing(struct container_verb *verb)
{
	struct strv found = { 0 };

	for (size_t i = 0; i < verb->arguments.n; i++) {
		struct container container = { 0 };
		struct error ignored;
		if (container_find(&verb->store, verb->arguments.v[i],
				   &container, &ignored) == 0)
			strv_add(&found, verb->arguments.v[i]);
		container_free(&container);
	}
	strv_free(&verb->arguments);
	verb->arguments = found;
}

static int take_options(struct stop_options *options, struct error *err)
{
	uint64_t ms = 0;
	int number = SIGKILL;

	if (options->request.verb == CONTROL_STOP && options->time) {
		if (text_to_duration(options->time, &ms, err) < 0)
			return error_prefix(err, "--time");
		options->request.number = ms > INT_MAX ? INT_MAX : (int32_t)ms;
	} else if (options->request.verb == CONTROL_STOP) {
		options->request.number = -1;
	}
	if (options->request.verb != CONTROL_SIGNAL)
		return 0;
	if (options->signal &&
	    signal_from_name(options->signal, &number, err) < 0)
		return error_prefix(err, "--signal");
	options->request.number = number;
	return 0;
}

static int do_verb(const struct call *call, const struct option_entry *table,
		   const char *usage, enum control_verb what,
		   int (*action)(struct container_verb *,
				 const struct container *, void *,
				 struct error *))
{
	struct stop_options options = { .request.verb = what };
	struct container_verb verb = { .table = table, .usage = usage };
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0 && options.all != FLAG_YES && verb.arguments.n == 0)
		r = error_say(&err, EINVAL,
			      "the name of a container is "
			      "missing");
	else if (r == 0)
		r = take_options(&options, &err);
	else
		err.code = 0; /* it was printed */
	if (r < 0 && err.code)
		print_error(&err);
	if (r == 0) {
		if (options.all == FLAG_YES)
			add_running(&verb);
		if (options.ignore == FLAG_YES)
			drop_missing(&verb);
		status = container_verb_each(&verb, true, action, &options);
	}
	container_verb_end(&verb);
	return status;
}

int verb_stop(const struct call *call)
{
	return do_verb(call, stop_table, "stop [OPTION...] CONTAINER...",
		       CONTROL_STOP, stop);
}

int verb_kill(const struct call *call)
{
	return do_verb(call, kill_table, "kill [OPTION...] CONTAINER...",
		       CONTROL_SIGNAL, kill_it);
}

int verb_pause(const struct call *call)
{
	return do_verb(call, pause_table, "pause [OPTION...] CONTAINER...",
		       CONTROL_PAUSE, ask);
}

int verb_unpause(const struct call *call)
{
	return do_verb(call, pause_table, "unpause [OPTION...] CONTAINER...",
		       CONTROL_UNPAUSE, ask);
}

/* the exit status on a line; of one that has ended, the one that it had */
static int wait_for(struct container_verb *verb,
		    const struct container *container, void *context,
		    struct error *err)
{
	const struct stop_options *options = context;
	struct control_reply reply = { .exit_code =
					       container->record.exit_code };
	int r = 0;

	if (container->alive)
		r = control_call(&verb->store, container->record.id,
				 &options->request, &reply, err);
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

int verb_wait(const struct call *call)
{
	struct stop_options options = { .request.verb = CONTROL_WAIT };
	struct container_verb verb = {
		.table = wait_table,
		.usage = "wait CONTAINER...",
		.least = 1,
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		status = container_verb_each(&verb, false, wait_for, &options);
	container_verb_end(&verb);
	return status;
}
