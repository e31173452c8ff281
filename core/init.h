/*
 * core/init.h - PID 1 of a container
 *
 * The launcher asks it over their socket, one message each.  End of file means
 * that the launcher is gone; PID 1 then ends, and with it all processes of its
 * pid namespace (pid_namespaces(7)).
 */
#pragma once

#include <stdint.h>

#include "core/launch.h"
#include "core/session.h"

enum init_verb {
	INIT_SIGNAL,  /* send .number to the workload */
	INIT_SESSION, /* core/session.h; fds: a socket, the request;
		       * .number: SESSION_* */
	INIT_FREEZE,  /* stop all processes; answered by a byte */
	INIT_THAW,    /* let them go on; answered by a byte */
};

struct init_request {
	enum init_verb verb;
	int32_t number;
	char session[SESSION_ID_SIZE]; /* of INIT_SESSION */
};

/* What PID 1 says unasked, of a session that has no client (any more). */
enum init_word {
	INIT_LEFT,  /* its client let go of it: it goes on */
	INIT_ENDED, /* with .wait_status, as of wait(2) */
};

struct init_news {
	uint32_t word;
	int32_t wait_status;
	char session[SESSION_ID_SIZE];
};

/*
 * init_start - fork the workload and see it executed
 * Return: its pid; -ENOENT, -EACCES, ... when it could not be executed.
 */
pid_t init_start(struct launch *l, struct error *err);

/*
 * init_become_workload - in the workload's process: its streams, its ids, its
 * capabilities, its directory; then execve(2)
 * Returns only on failure.
 */
int init_become_workload(struct launch *l, struct error *err);

/*
 * init_settle - PID 1 gives up what only the start needed: descriptors, streams
 * and capabilities; from now on it sees its children end
 *
 * The launch is no success before: who failed here would end at once, and with
 * it a workload that the caller had been told of.
 */
int init_settle(struct launch *l, struct error *err);

/* init_serve - reap, forward signals, start sessions, and end when @workload
 * has ended; after init_settle() */
_Noreturn void init_serve(struct launch *l, pid_t workload);
