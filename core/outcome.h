/*
 * core/outcome.h - how a run went: what is reported, written down and returned
 * of it
 */
#pragma once

#include "core/supervise.h"

struct outcome {
	bool started;
	bool recorded; /* its end is written down */
	struct ended ended;
	int status; /* for the shell */
	int result; /* 0 or -errno, with the error of the caller */
};

/*
 * outcome_judge - what @o->ended means, when the container had started
 * @o: gets its status
 * Return: 0, the workload ended by itself or was stopped; else why it ended, as
 * an error for the user.
 */
int outcome_judge(const struct launch *l, struct outcome *o, struct error *err);

/*
 * outcome_fail - the container did not start: end what there is of it
 * @o:   gets its status
 * @err: why; a file system server that died is the better reason, and what it
 *       said is added
 */
void outcome_fail(struct launch *l, struct outcome *o, struct error *err);

/* outcome_cause - CAUSE_* of core/record.h */
const char *outcome_cause(const struct outcome *o);

/* outcome_signal - that ended the workload; 0: none */
int outcome_signal(const struct outcome *o);
