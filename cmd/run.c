/*
 * cmd/run.c - "wolffia run": start a container and stay until it has ended;
 * and "wolffia create", which only writes it down
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/sealed.h"
#include "base/status.h"
#include "cmd/exposure.h"
#include "cmd/prepared.h"
#include "cmd/print.h"
#include "cmd/spec_parts.h"
#include "cmd/start_attached.h"
#include "cmd/verbs.h"
#include "core/attached.h"
#include "core/launch.h"
#include "core/launch_record.h"
#include "core/record.h"
#include "core/resolve.h"
#include "core/state.h"

/* a wall that this kernel does not have */
static void find_missing_walls(const struct spec *spec, struct strv *ret)
{
	const char *missing =
		spec->landlock ? landlock_missing(landlock_abi()) : NULL;

	if (missing)
		strv_addf(ret, "the Landlock of this kernel does not guard %s",
			  missing);
}

/* what the user should know before it starts; a refusal with --strict */
static int check_exposure(const struct prepared *p, struct error *err)
{
	scoped_strv lines = { 0 };

	exposure_find(&p->spec, p->store.path, &lines);
	if (p->spec.network == NETWORK_HOST)
		strv_add(&lines,
			 "--network host: the container reaches all that "
			 "this machine reaches, its loopback included");
	find_missing_walls(&p->spec, &lines);
	if (lines.n == 0)
		return 0;
	if (p->options.strict == FLAG_YES) {
		error_say(err, EPERM, "%s", lines.v[0]);
		return error_hint(err, "--strict refuses this, and \"wolffia "
				       "explain run\" says what else there is");
	}
	if (p->log_level >= LOG_LEVEL_WARNING)
		for (size_t i = 0; i < lines.n; i++)
			fprintf(stderr, "wolffia: warning: %s\n", lines.v[i]);
	return 0;
}

/*
 * Where the caller is an id of the container and Landlock does not keep it
 * from opening files outside, our own program must not be one of them (R6).
 */
static bool needs_sealing(const struct spec *spec)
{
	return spec->userns != USERNS_NOMAP &&
	       (!spec->landlock || landlock_abi() < 2) && !sealed_is_running();
}

/* docker's: a file that must not be there */
static int write_cidfile(const struct prepared *p, struct error *err)
{
	const char *path = p->options.cidfile;

	if (!path)
		return 0;
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		error_set(err, errno, "--cidfile: make %s", path);
		return errno == EEXIST
			       ? error_hint(err, "another container may have "
						 "been named in it: remove it")
			       : -err->code;
	}
	return fd_write_all(fd, p->spec.id, strlen(p->spec.id), err);
}

/* from here on they wait until the launch looks for them: one that ended us
 * now would leave a directory behind */
static void hold_signals(void)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&mask, ending[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

/* Return: 0, with the container's directory in @state */
static int make(struct prepared *p, const struct call *call,
		struct state *state, struct error *err)
{
	if (needs_sealing(&p->spec))
		return sealed_exec(call->whole_argv, err);
	int r = check_exposure(p, err);
	if (r == 0)
		r = spec_make_volumes(&p->spec, &p->store, err);
	if (r < 0)
		return r;
	if (p->log_level >= LOG_LEVEL_INFO)
		print_notices(&p->notices);
	p->spec.debug = p->log_level >= LOG_LEVEL_DEBUG;
	hold_signals();
	r = state_create(state, &p->store, p->spec.id, p->spec.name, err);
	if (r < 0)
		return r;
	r = write_cidfile(p, err);
	if (r < 0) {
		struct error ignored;
		state_remove(state, -1, &ignored);
	}
	return r;
}

static int parse_keys(const struct options *options, char ret[16],
		      struct error *err)
{
	const char *text = options->detach_keys;

	return attached_parse_keys(text ? text : "", ret, err);
}

/* who asks for the keys lets go with them, as with docker: the container then
 * has a launcher in the background */
static bool may_detach(const struct options *options, const char *keys)
{
	return *keys && options->tty == FLAG_YES &&
	       options->interactive == FLAG_YES;
}

static int run_detachable(struct prepared *p, const struct call *call,
			  struct state *state, struct launch_how *how,
			  const char *keys, int *ret_status, struct error *err)
{
	const struct attach_options attach = { .input = true,
					       .detach_keys = keys };
	struct record record = { 0 };

	record_of(&p->spec, &record);
	int r = start_attached(&record, &p->spec, state, how, &attach,
			       call->started_ns, ret_status, err);
	if (r == ATTACHED_DETACHED)
		print_detached(p->spec.name, "the container");
	record_free(&record);
	return r < 0 ? r : 0;
}

static int run(struct prepared *p, const struct call *call, int *ret_status,
	       struct error *err)
{
	struct launch_how how = LAUNCH_HOW;
	struct state state = STATE_NONE;
	struct error ignored;
	scoped(char) *pidfile = NULL;
	int r = p->options.pidfile
			? spec_absolute(p->options.pidfile, &pidfile, err)
			: 0;
	char keys[16];

	if (r == 0)
		r = parse_keys(&p->options, keys, err);
	if (r == 0)
		r = make(p, call, &state, err);
	if (r < 0)
		return r;
	how.pidfile = pidfile;
	if (p->options.detach == FLAG_YES) {
		r = launch_in_background(&p->spec, &state, &how,
					 call->started_ns, ret_status, err);
		if (r == 0)
			puts(p->spec.id);
	} else if (may_detach(&p->options, keys)) {
		r = run_detachable(p, call, &state, &how, keys, ret_status,
				   err);
	} else {
		r = launch_run(&p->spec, &state, &how, call->started_ns,
			       ret_status, err);
	}
	/* what launchers that were killed left behind */
	state_sweep(&p->store, &ignored);
	return r;
}

/* written down, to be started by "wolffia start" */
static int create(struct prepared *p, const struct call *call,
		  struct error *err)
{
	struct state state = STATE_NONE;
	struct record record = { 0 };
	struct error ignored;
	int r = make(p, call, &state, err);

	if (r < 0)
		return r;
	r = record_write_spec(&p->store, true, state.dirfd, &p->spec, err);
	record_of(&p->spec, &record);
	if (r == 0)
		r = record_write(state.dirfd, &record, err);
	/* from here on it is there */
	if (r == 0)
		r = state_keep(&state, err);
	if (r == 0)
		record_event(&p->store, &record, EVENT_CREATE, NULL);
	record_free(&record);
	if (r < 0) {
		state_remove(&state, -1, &ignored);
		return r;
	}
	state_close(&state);
	puts(p->spec.id);
	return 0;
}

static int do_verb(struct prepared *p, const struct call *call, int *ret_status,
		   struct error *err)
{
	if (!p->options.create)
		return run(p, call, ret_status, err);
	int r = create(p, call, err);
	if (r == 0)
		*ret_status = 0;
	return r;
}

int verb_run(const struct call *call)
{
	struct prepared p = {
		.may_pull = true,
		.options.global = call->global,
		.options.create = strcmp(call->argv[0], "create") == 0,
	};
	int status = STATUS_WOLFFIA;
	struct error err;
	int r = prepared_make(call->argc, call->argv, &p, &err);

	if (r == 0 && p.options.help == FLAG_YES) {
		options_print_help(stdout);
		status = 0;
	} else if (r == 0) {
		r = do_verb(&p, call, &status, &err);
	}
	/* without a text it was said already */
	if (r < 0 && *err.text)
		print_error(&err);
	prepared_free(&p);
	return status;
}
