/*
 * core/session.h - a further command in a running container ("exec")
 *
 * Theory of operation.  No process of the host enters the container: PID 1
 * forks the session, so it is in the same namespaces, Landlock domain and
 * filter from its first moment, and was never a process that the container
 * could have looked into (CVE-2016-9962, R11).
 *
 *   1. The client makes a socket pair, writes the request into a sealed memfd,
 *      and hands both to the launcher (CONTROL_SESSION), which passes them on
 *      to PID 1 unread.
 *   2. PID 1 forks.  The child reads the request, becomes the user, makes the
 *      pipes or the terminal (which so belong to that user), sends the outer
 *      ends to the client (struct session_started), and executes the command.
 *   3. Until then the pipe .report is open; what it says is why not.
 *   4. PID 1 reaps the command and sends its status (struct session_ended).
 *   5. The client sends signals (struct session_signal); when it hangs up,
 *      PID 1 kills the session.
 *
 * With SESSION_DETACHED nobody stays on the socket after 3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

struct session_request {
	struct strv argv; /* one at least */
	struct strv env;  /* NAME=VALUE: on top of the container's */
	char *user;       /* as for --user; NULL: the container's */
	char *workdir;    /* absolute; NULL: the container's */
	bool tty;
	bool interactive; /* standard input is connected */
	bool one_output;  /* standard error goes where output goes, in order */
	uint16_t rows, columns;
};

/* What a message is, its first word. */
enum session_word { SESSION_STARTED = 1, SESSION_ENDED };

/* With descriptors: the terminal's master; or the pipes out, err, in; or, for
 * a detached one, none of these; and at last .report. */
struct session_started {
	int32_t word; /* SESSION_STARTED */
	int32_t tty;
};

/* What comes through .report before its end: nothing when it was executed. */
struct session_report {
	struct error err;
	int32_t exec_failed; /* 126 or 127, not 125 */
};

struct session_ended {
	int32_t word;        /* SESSION_ENDED */
	int32_t wait_status; /* as of wait(2) */
};

struct session_signal {
	int32_t number;
};

/* session_request_write - Return: a sealed memfd */
int session_request_write(const struct session_request *request,
			  struct error *err);
/* session_request_read - session_request_free() afterwards */
int session_request_read(int fd, struct session_request *ret,
			 struct error *err);
void session_request_free(struct session_request *request);
