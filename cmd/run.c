/*
 * cmd/run.c - "wolffia run": start a container and stay until it has ended
 */
#include <errno.h>
#include <stdio.h>

#include "base/landlock.h"
#include "base/sealed.h"
#include "base/status.h"
#include "cmd/exposure.h"
#include "cmd/prepared.h"
#include "cmd/print.h"
#include "cmd/verbs.h"
#include "core/launch.h"
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

static int run(struct prepared *p, const struct call *call, int *ret_status,
	       struct error *err)
{
	struct error ignored;

	if (needs_sealing(&p->spec))
		return sealed_exec(call->whole_argv, err);
	int r = check_exposure(p, err);
	if (r == 0)
		r = spec_make_volumes(&p->spec, err);
	if (r < 0)
		return r;
	if (p->log_level >= LOG_LEVEL_INFO)
		print_notices(&p->notices);
	p->spec.debug = p->log_level >= LOG_LEVEL_DEBUG;
	struct launch_how how = LAUNCH_HOW;
	struct state state = STATE_NONE;
	r = state_create(&state, &p->store, p->spec.id, p->spec.name, err);
	if (r == 0)
		r = launch_run(&p->spec, &state, &how, call->started_ns,
			       ret_status, err);
	/* what launchers that were killed left behind */
	state_sweep(&p->store, &ignored);
	return r;
}

int verb_run(const struct call *call)
{
	struct prepared p = { .options.global = call->global };
	int status = STATUS_WOLFFIA;
	struct error err;
	int r = prepared_make(call->argc, call->argv, &p, &err);

	if (r == 0 && p.options.help == FLAG_YES) {
		options_print_help(stdout);
		status = 0;
	} else if (r == 0) {
		r = run(&p, call, &status, &err);
	}
	if (r < 0)
		print_error(&err);
	prepared_free(&p);
	return status;
}
