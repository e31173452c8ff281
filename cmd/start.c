/*
 * cmd/start.c - "wolffia start" and "wolffia restart": a container that was
 * created, or that has ended, runs (again)
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/sealed.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/life_tables.h"
#include "cmd/print.h"
#include "cmd/selection.h"
#include "cmd/signal_name.h"
#include "cmd/start_attached.h"
#include "core/attach_client.h"
#include "core/attached.h"
#include "core/control.h"
#include "core/launch.h"
#include "core/launch_record.h"
#include "core/resolve.h"
#include "core/revive.h"

struct start_options {
	struct container_options common;
	struct selection which;
	enum flag attach, interactive, foreground, no_stdin, running, proxy;
	const char *detach_keys, *time, *signal;
	const struct call *call;
	uint64_t time_ms;
	int stop_signal; /* 0: as the container was made */
	char keys[16];
	int status; /* of the command, with --attach and --foreground */
};

#define SIG_PROXY                                                              \
	"pass signals on to the command; =false: they end this process only"

#define TO start_options
/* clang-format off */
const struct option_entry start_table[] = {
HEADING("How it is attached"),
FLAG('a', "attach", attach,
     "pass its streams on, and end with its exit status"),
FLAG('i', "interactive", interactive, "connect standard input, too"),
FLAG(0, "foreground", foreground,
     "be its launcher, for a service manager: it ends with this process"),
VALUE(0, "detach-keys", detach_keys, "KEYS",
      "what lets go of a terminal; ctrl-p,ctrl-q"),
FLAG(0, "sig-proxy", proxy, SIG_PROXY),
HEADING("Which"),
FLAG(0, "all", which.all, "all that do not run"),
FLAG('l', "latest", which.latest, "the one that was made last"),
LIST('f', "filter", which.filters, "KEY=VALUE",
     "those that do not run with " SELECTION_FILTERS),
CONTAINER_ROWS
};
const struct option_entry restart_table[] = {
HEADING("How it is stopped"),
{ .kind = OPTION_STRING, .letter = 't', .name = "time", .alias = "timeout",
  .offset = offsetof(struct start_options, time), .placeholder = "SECONDS",
  .help = "what is waited before it is killed" },
VALUE('s', "signal", signal, "SIGNAL",
      "the stop signal; as the container was made, or TERM"),
HEADING("Which"),
SELECTION_ROWS('f', "all"),
FLAG(0, "running", running, "all that run"),
CONTAINER_ROWS
};
const struct option_entry attach_table[] = {
HEADING("How it is attached"),
FLAG(0, "no-stdin", no_stdin, "do not connect standard input"),
VALUE(0, "detach-keys", detach_keys, "KEYS",
      "what lets go of a terminal; ctrl-p,ctrl-q"),
FLAG(0, "sig-proxy", proxy, SIG_PROXY),
FLAG('l', "latest", which.latest, "the container that was made last"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

/* see needs_sealing() of run.c */
static int seal(const struct spec *spec, const struct call *call,
		struct error *err)
{
	bool open = spec->userns != USERNS_NOMAP &&
		    (!spec->landlock || landlock_abi() < 2);

	return open && !sealed_is_running() ? sealed_exec(call->whole_argv, err)
					    : 0;
}

static int attached(const struct container *container, struct revived *revived,
		    struct start_options *options, struct launch_how *how,
		    struct error *err)
{
	const struct attach_options attach = {
		.input = options->interactive == FLAG_YES &&
			 revived->spec.interactive,
		.pass_signals = options->proxy != FLAG_NO,
		.detach_keys = options->keys,
	};
	int r = start_attached(
		&container->record, &revived->spec, &revived->state, how,
		&attach, options->call->started_ns, &options->status, err);

	if (r != ATTACHED_DETACHED)
		return r;
	print_detached(container->record.name, "the container");
	return 0;
}

static int launch(const struct container *container, struct revived *revived,
		  struct start_options *options, struct error *err)
{
	struct launch_how how = LAUNCH_HOW;
	const struct spec *spec = &revived->spec;
	int r = seal(spec, options->call, err);

	if (r == 0)
		r = spec_make_volumes(spec, revived->state.store, err);
	if (r < 0)
		return r;
	how.again = true;
	/* who asks for this sees each end, and starts it again if need be */
	if (options->foreground == FLAG_YES)
		revived->spec.restart = RESTART_NO;
	if (options->foreground == FLAG_YES)
		return launch_run(spec, &revived->state, &how,
				  options->call->started_ns, &options->status,
				  err);
	if (options->attach == FLAG_YES || options->interactive == FLAG_YES)
		return attached(container, revived, options, &how, err);
	return launch_in_background(spec, &revived->state, &how,
				    options->call->started_ns, &options->status,
				    err);
}

static int attach_with(struct container_verb *verb,
		       const struct container *container, bool input,
		       struct start_options *options, struct error *err)
{
	struct attach_options how = {
		.input = input,
		.pass_signals = options->proxy != FLAG_NO,
		.detach_keys = options->keys,
	};
	int r = attach_to_running(&verb->store, &container->record, &how,
				  &options->status, err);

	if (r == -EBUSY && input) {
		/* somebody else types: one can still look on */
		fprintf(stderr,
			"wolffia: warning: %s: only the output is connected\n",
			err->text);
		how.input = false;
		r = attach_to_running(&verb->store, &container->record, &how,
				      &options->status, err);
	}
	if (r != ATTACHED_DETACHED)
		return r;
	print_detached(container->record.name, "the container");
	return 0;
}

static int attach(struct container_verb *verb,
		  const struct container *container, void *context,
		  struct error *err)
{
	struct start_options *options = context;
	struct spec spec = { 0 };
	scoped_fd dirfd =
		container_open(&verb->store, container->record.id, err);
	int r = dirfd < 0 ? dirfd : record_read_spec(dirfd, &spec, err);

	if (r == 0)
		r = attach_with(verb, container,
				spec.interactive &&
					options->no_stdin != FLAG_YES,
				options, err);
	spec_free(&spec);
	return r;
}

static int start(struct container_verb *verb, const struct container *container,
		 void *context, struct error *err)
{
	struct start_options *options = context;
	struct revived revived = REVIVED_NONE;
	bool attached =
		options->attach == FLAG_YES || options->interactive == FLAG_YES;

	/* docker's: a second start only attaches, if it was to do that */
	if (container->alive && options->foreground != FLAG_YES) {
		options->no_stdin =
			options->interactive == FLAG_YES ? FLAG_NO : FLAG_YES;
		return attached ? attach(verb, container, options, err) : 0;
	}
	int r = revive(&verb->store, &container->record, &revived, err);
	if (r == 0)
		r = launch(container, &revived, options, err);
	revived_free(&revived);
	return r;
}

static int check_attachment(const struct start_options *options, size_t n,
			    struct error *err)
{
	bool one = options->attach == FLAG_YES ||
		   options->interactive == FLAG_YES ||
		   options->foreground == FLAG_YES;

	if (one && n > 1)
		return error_say(err, EINVAL,
				 "only one container can be attached");
	if (options->foreground == FLAG_YES && options->attach == FLAG_YES)
		return error_say(err, EINVAL,
				 "--foreground and --attach contradict each "
				 "other");
	return 0;
}

static int parse_keys(struct start_options *options, struct error *err)
{
	const char *text = options->detach_keys;

	return attached_parse_keys(text ? text : ATTACHED_KEYS, options->keys,
				   err);
}

int verb_start(const struct call *call)
{
	struct start_options options = { .call = call };
	struct container_verb verb = {
		.table = start_table,
		.usage = "start [OPTION...] CONTAINER...",
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		r = selection_add(&verb, &options.which, selection_is_idle);
	if (r == 0) {
		r = check_attachment(&options, verb.arguments.n, &err);
		if (r == 0)
			r = parse_keys(&options, &err);
		if (r < 0)
			print_error(&err);
		bool quiet = options.attach == FLAG_YES ||
			     options.interactive == FLAG_YES ||
			     options.foreground == FLAG_YES;
		if (r == 0)
			status = container_verb_each(&verb, !quiet, start,
						     &options);
		if (r == 0 && options.status != 0)
			status = options.status;
	}
	selection_free(&options.which);
	container_verb_end(&verb);
	return status;
}

static int stop_and_start(struct container_verb *verb,
			  const struct container *container, void *context,
			  struct error *err)
{
	struct start_options *options = context;
	struct control_request request = {
		.verb = CONTROL_STOP,
		.number = -1,
		.flags = (uint32_t)options->stop_signal,
	};
	struct container stopped = *container;
	int r = 0;

	if (container->record.removes) {
		error_say(err, EINVAL,
			  "the container %s is removed when it ends",
			  container->record.name);
		return error_hint(err, "make it with --rm=false");
	}
	if (options->time)
		request.number = options->time_ms > INT_MAX
					 ? INT_MAX
					 : (int32_t)options->time_ms;
	if (container->alive)
		r = control_call(&verb->store, container->record.id, &request,
				 NULL, err);
	if (r < 0 && r != -ESRCH)
		return r;
	stopped.alive = false;
	r = start(verb, &stopped, options, err);
	if (r == 0)
		record_event(&verb->store, &container->record, EVENT_RESTART,
			     NULL);
	return r;
}

static int take_stop(struct start_options *options, struct error *err)
{
	if (options->time &&
	    text_to_duration(options->time, &options->time_ms, err) < 0)
		return error_prefix(err, "--time");
	if (options->signal &&
	    signal_from_name(options->signal, &options->stop_signal, err) < 0)
		return error_prefix(err, "--signal");
	return 0;
}

int verb_restart(const struct call *call)
{
	struct start_options options = { .call = call };
	struct container_verb verb = {
		.table = restart_table,
		.usage = "restart [OPTION...] CONTAINER...",
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;
	bool running = options.running == FLAG_YES;

	if (r == 0) {
		r = take_stop(&options, &err);
		if (r < 0)
			print_error(&err);
	}
	if (running)
		options.which.all = FLAG_YES;
	if (r == 0)
		r = selection_add(&verb, &options.which,
				  running ? selection_runs : NULL);
	if (r == 0)
		status = container_verb_each(&verb, true, stop_and_start,
					     &options);
	selection_free(&options.which);
	container_verb_end(&verb);
	return status;
}

int verb_attach(const struct call *call)
{
	struct start_options options = { .call = call };
	struct container_verb verb = {
		.table = attach_table,
		.usage = "attach [OPTION...] CONTAINER",
		.most = 1,
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		r = selection_add(&verb, &options.which, NULL);
	if (r == 0) {
		r = parse_keys(&options, &err);
		if (r < 0)
			print_error(&err);
		else
			status = container_verb_each(&verb, false, attach,
						     &options);
		if (r == 0 && options.status != 0)
			status = options.status;
	}
	selection_free(&options.which);
	container_verb_end(&verb);
	return status;
}
