/*
 * core/supervise.h - the launcher while the container runs
 *
 * It waits, passes streams and signals on, and sees that the container ends:
 * with its workload, with the process that started the launcher, at the
 * timeout, or with the file system server.
 */
#pragma once

#include "core/launch.h"

enum ending {
	ENDED_BY_ITSELF,
	ENDED_BY_TIMEOUT,
	ENDED_WITH_PARENT,
	ENDED_WITH_SERVER, /* fuse-overlayfs died */
	ENDED_WITH_INIT,   /* PID 1 was killed from outside */
	ENDED_WITH_GUARD,  /* with --pid1: who sees the launcher's end died */
};

struct ended {
	enum ending how;
	int wait_status;   /* of the workload, as of wait(2) */
	int server_status; /* of fuse-overlayfs, with ENDED_WITH_SERVER */
	int guard_status;  /* of the guard, with ENDED_WITH_GUARD */
};

/*
 * supervise - until the container is gone; nothing of it is alive then, but
 * that a server that only reads may still be dying: board->server_pid, to be
 * waited for
 */
int supervise(struct launch *l, struct ended *ret, struct error *err);

/* supervise_resize - give the terminal the size of the user's */
void supervise_resize(const struct launch *l);

/* supervise_kill - end and reap all that was started, after a failed launch */
void supervise_kill(struct launch *l);
