/*
 * cmd/verbs.h - what a user can say after "wolffia"
 */
#pragma once

#include <stdint.h>

#include "cmd/options.h"

/* What every verb is given. */
struct call {
	int argc;
	char **argv;                  /* argv[0] is the verb */
	struct global_options global; /* what stood before the verb */
	char **whole_argv;            /* as main() was given it */
	const char *group;   /* "container" of "container prune"; or NULL */
	uint64_t started_ns; /* CLOCK_MONOTONIC when wolffia began */
};

/* Each prints what it has to say; Return: the exit status */
int verb_run(const struct call *call); /* and "create" */
int verb_start(const struct call *call);
int verb_restart(const struct call *call);
int verb_attach(const struct call *call);
int verb_exec(const struct call *call);
int verb_stop(const struct call *call);
int verb_kill(const struct call *call);
int verb_pause(const struct call *call);
int verb_unpause(const struct call *call);
int verb_wait(const struct call *call);
int verb_rm(const struct call *call);
int verb_rename(const struct call *call);
int verb_ps(const struct call *call); /* and "ls", "list" */
int verb_inspect(const struct call *call);
int verb_top(const struct call *call);
int verb_stats(const struct call *call);
int verb_prune(const struct call *call);
int verb_df(const struct call *call);
int verb_history(const struct call *call);
int verb_images(const struct call *call);
int verb_info(const struct call *call);
int verb_version(const struct call *call);
int verb_systemd(const struct call *call);
int verb_logs(const struct call *call);
int verb_events(const struct call *call);
int verb_exists(const struct call *call);
int verb_explain(const struct call *call);
int verb_doctor(const struct call *call);
int verb_unshare(const struct call *call);
