/*
 * core/supervise.h - the launcher while the container runs
 *
 * It waits, passes streams and signals on, answers requests, and sees that the
 * container ends: with its workload, with the process that started the
 * launcher, at the timeout, or with the file system server.
 */
#pragma once

#include "core/control.h"
#include "core/launch.h"

enum ending {
	ENDED_BY_ITSELF,
	ENDED_BY_TIMEOUT,
	ENDED_BY_STOP, /* SIGKILL, after the stop signal did not do */
	ENDED_WITH_PARENT,
	ENDED_WITH_SERVER, /* fuse-overlayfs died */
	ENDED_WITH_INIT,   /* PID 1 was killed from outside */
	ENDED_WITH_GUARD,  /* with --pid1: who sees the launcher's end died */
};

struct ended {
	enum ending how;
	int wait_status;    /* of the workload, as of wait(2) */
	int server_status;  /* of fuse-overlayfs, with ENDED_WITH_SERVER */
	int guard_status;   /* of the guard, with ENDED_WITH_GUARD */
	int output_error;   /* errno: not all of its output could be written */
	bool stop_asked;    /* somebody wanted it to end */
	bool out_of_memory; /* SIGKILL that is not ours, while the kernel killed
			     * for want of memory somewhere on this machine */
};

struct watch;

/*
 * supervise_new - begin to listen to requests; they are answered in
 * supervise() and supervise_idle()
 * The caller frees it, which hangs up on everybody.
 */
struct watch *supervise_new(struct launch *l);
void supervise_free(struct watch *watch);

/*
 * supervise - until the container is gone; nothing of it is alive then, but
 * that a server that only reads may still be dying: board->server_pid, to be
 * waited for
 */
int supervise(struct watch *watch, struct ended *ret, struct error *err);

/*
 * supervise_idle - wait, between two starts
 * Return: true when the time is over, false when somebody asked for the end
 */
bool supervise_idle(struct watch *watch, uint64_t ms);

/* supervise_answer - tell those who wait for the end
 * @all: those who wait for the container's, else for the command's */
void supervise_answer(struct watch *watch, bool all, int exit_code, int signal);

/* supervise_resize - give the terminal the size of the user's */
void supervise_resize(const struct launch *l);

/* supervise_kill - end and reap all that was started, after a failed launch */
void supervise_kill(struct launch *l);
