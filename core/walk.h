/*
 * core/walk.h - several processes walk one plan
 *
 * A plan is a table of steps.  Every process of a launch walks the same
 * table: it does the steps of its own actor and waits for the others'.  The
 * order is total, so a deadlock has nowhere to live, and no step contains
 * synchronisation code.
 *
 * When the next step is another actor's, a token goes to it.  A step that
 * fails sends its error to the launcher instead.  Silence (end of file) is
 * death at every step but the one marked as exec, where it is success.
 */
#pragma once

#include "core/launch.h"

struct step {
	enum actor actor;
	const char *name; /* completes "cannot ..." and "wolffia ..." */
	int (*function)(struct launch *launch, struct error *err);
	bool (*wanted)(const struct spec *spec); /* NULL: always */
	bool exec; /* the actor is replaced by the workload */
};

/*
 * walk - do all steps of this process's actor
 *
 * A step that forks returns in both processes, with launch->me changed in the
 * child, which goes on with the next step.
 * Return: 0 after the last step; the error of the step that failed, whoever
 * it was, in the launcher (-EINTR: a signal ended the launch, see
 * launch->signal_fd); in other actors any failure.
 */
int walk(const struct step *plan, struct launch *launch, struct error *err);
