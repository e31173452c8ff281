/*
 * core/launch.h - what happens while a container is started and runs
 *
 * The spec says what is wanted and never changes; a struct launch says what
 * there is: processes, descriptors.  Each process of a launch has a copy,
 * made by fork, and the board, which they share.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "core/confine/user.h"
#include "core/log.h"
#include "core/record.h"
#include "core/spec.h"
#include "core/state.h"
#include "userns/outer.h"

enum actor {
	LAUNCHER, /* what the user started: host ids, no privilege */
	OUTER,    /* id 0 of the outer user namespace; gone after the launch */
	INIT,     /* PID 1 of the container */
	N_ACTORS,
};

#define STEPS_MAX 64

/* Memory that the processes of a launch share: facts, written once by one. */
struct board {
	pid_t init_pid;   /* on the host */
	pid_t server_pid; /* of fuse-overlayfs, on the host; 0: none */
	uint64_t
		finished_ns[STEPS_MAX]; /* CLOCK_MONOTONIC of each step's end */
	/* of the workload: written by PID 1 when it ended */
	bool ended;
	bool exec_failed; /* the workload's program could not be executed */
	int wait_status;
	pid_t workload_pid; /* in the container */
	int landlock_abi;   /* -1: the kernel has none */
};

/* How a container is started; the spec says what. */
struct launch_how {
	bool again; /* its directory has been used before */
	/*
	 * Nobody waits for it: it gets no stream of the caller's and outlives
	 * the caller.  Who is attached from the first moment gives pipes.
	 */
	bool background;
	int attached[3];     /* in, out, err; -1: nobody.  Taken over */
	int others[3];       /* the caller's ends of these: the launcher has
			      * to close its copies, or would not see the end */
	bool tell_end;       /* with .background: .news_fd is set, and ... */
	int news_fd;         /* ... a second struct launch_news comes through it
			      * at the end; the caller's to close */
	const char *pidfile; /* gets the number of PID 1; NULL: none */
	int ready_fd;        /* of launch_in_background(); -1: none */
};
#define LAUNCH_HOW                                                             \
	{ .attached = { -1, -1, -1 },                                          \
	  .others = { -1, -1, -1 },                                            \
	  .news_fd = -1,                                                       \
	  .ready_fd = -1 }

/* What who started a container in the background is told. */
struct launch_news {
	struct error
		err; /* .code 0: the command runs, or has ended by itself */
	int status;  /* the exit status for the shell */
};

/* The two ends of each standard stream that is not simply passed on. */
struct stream {
	int outside; /* in the launcher */
	int inside;  /* becomes the workload's */
};

struct launch {
	const struct spec *spec;
	enum actor me;
	int peer[N_ACTORS]; /* SOCK_SEQPACKET to the others; -1: none */
	struct board *board;
	uint64_t started_ns; /* CLOCK_MONOTONIC when wolffia began */

	/* the launcher's */
	struct state *state; /* directories and lock */
	struct record record;
	bool again, background; /* of struct launch_how */
	bool visit;             /* only the root is wanted (core/visit.h) */
	int attached[3], ready_fd;
	bool tell_end;
	const char *pidfile;
	int control_fd;      /* listens for other commands */
	struct log *log;     /* of what it writes; NULL: none */
	int root_tree_fd;    /* the container's root directory, */
	int inner_userns_fd; /* and its user namespace */
	pid_t outer_pid, launcher_pid;
	struct outer_mapping mapping;
	int outer_userns_fd; /* for removing what the container's ids own */
	int signal_fd, parent_fd;
	int landlock_abi; /* landlock_abi(): what PID 1 must find, too */
	sigset_t caller_mask;

	/* in the outer process, until PID 1 is there: that one's end */
	int init_to_launcher;
	int init_fd; /* a pidfd of PID 1, with --pid1 */

	/* made before the forks, for all */
	struct stream stream[3];
	int server_log[2];      /* what fuse-overlayfs says on stderr */
	int root_socket[2];     /* PID 1 hands its root over */
	int terminal_socket[2]; /* PID 1 hands the terminal's master over */
	int terminal_fd;        /* in the launcher: the master */

	/* PID 1's */
	int stage_fd; /* a tmpfs on which /proc, /dev and /sys are made ready */
	int root_fd;  /* the container's root */
	int null_fd;  /* the host's /dev/null, 1:3 */
	struct user user; /* who the workload runs as */
	pid_t workload;
	int child_signals; /* a signalfd: the end of a child */
};

/* launch_init - no process, no descriptor; launch_close() afterwards */
void launch_init(struct launch *launch);
/* launch_share_board - make the memory that the processes share */
int launch_share_board(struct launch *launch, struct error *err);
void launch_close(struct launch *launch);

struct id_text {
	char uid[16], gid[16];
};

/* launch_root_ids - the container's root, as the outer namespace numbers it:
 * for the options uid= and gid= of a mount */
struct id_text launch_root_ids(const struct launch *l);

/*
 * launch_run - start the container of @spec, and stay until it has ended
 * @state:      of state_create() or state_revive(); let go of in any case, and
 *              removed unless it is kept
 * @started_ns: CLOCK_MONOTONIC when wolffia began
 * @ret_status: the exit status for the shell: the workload's own, 128+N, or
 *              STATUS_*; set in every case
 *
 * Return: 0 when the workload ran and ended by itself; else what went wrong.
 */
int launch_run(const struct spec *spec, struct state *state,
	       struct launch_how *how, uint64_t started_ns, int *ret_status,
	       struct error *err);

/*
 * launch_in_background - the same in a process of its own
 * @how: .background, .ready_fd and .news_fd are set here
 *
 * Return: 0 when the command runs; else what went wrong, with *@ret_status as
 * of launch_run().
 */
int launch_in_background(const struct spec *spec, struct state *state,
			 struct launch_how *how, uint64_t started_ns,
			 int *ret_status, struct error *err);
