/*
 * cmd/stop.c - verbs that ask the launcher of a running container for
 * something: stop, kill, pause, unpause
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
#include "cmd/selection.h"
#include "cmd/signal_name.h"
#include "core/control.h"

struct stop_options {
	struct container_options common;
	const char *time, *signal;
	struct selection which;
	struct control_request request;
};

#define TO stop_options
/* clang-format off */
const struct option_entry stop_table[] = {
HEADING("How it is stopped"),
{ .kind = OPTION_STRING, .letter = 't', .name = "time", .alias = "timeout",
  .offset = offsetof(struct stop_options, time), .placeholder = "SECONDS",
  .help = "what is waited between the stop signal and SIGKILL; as the "
	  "container was made, or 10" },
VALUE('s', "signal", signal, "SIGNAL",
      "the stop signal; as the container was made, or TERM"),
HEADING("Which"),
SELECTION_ROWS('f', "all that run"),
SELECTION_IGNORE_ROW,
CONTAINER_ROWS
};
const struct option_entry kill_table[] = {
HEADING("What is sent"),
VALUE('s', "signal", signal, "SIGNAL", "the signal; KILL"),
HEADING("Which"),
SELECTION_ROWS('f', "to all that run"),
CONTAINER_ROWS
};
const struct option_entry pause_table[] = {
HEADING("Which"),
SELECTION_ROWS('f', "all that run"),
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

static int take_options(struct stop_options *options, struct error *err)
{
	struct control_request *request = &options->request;
	uint64_t ms = 0;
	int number = SIGKILL;

	if (options->signal &&
	    signal_from_name(options->signal, &number, err) < 0)
		return error_prefix(err, "--signal");
	if (request->verb == CONTROL_SIGNAL)
		request->number = number;
	if (request->verb != CONTROL_STOP)
		return 0;
	request->flags = options->signal ? (uint32_t)number : 0;
	request->number = -1;
	if (!options->time)
		return 0;
	if (text_to_duration(options->time, &ms, err) < 0)
		return error_prefix(err, "--time");
	request->number = ms > INT_MAX ? INT_MAX : (int32_t)ms;
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

	if (r == 0) {
		r = take_options(&options, &err);
		if (r < 0)
			print_error(&err);
	}
	if (r == 0)
		r = selection_add(&verb, &options.which,
				  what == CONTROL_UNPAUSE ? selection_is_paused
				  : what == CONTROL_PAUSE ? selection_may_pause
							  : selection_runs);
	if (r == 0)
		status = container_verb_each(&verb, true, action, &options);
	selection_free(&options.which);
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
