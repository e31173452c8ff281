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
 *   5. The client sends signals (struct session_order); when it hangs up,
 *      PID 1 kills the session.
 *   6. A client that lets go of it says so before it hangs up
 *      (SESSION_LET_GO), and hands the terminal's master to PID 1, which reads
 *      it and throws away what comes until the command ends: a command that
 *      writes does not wait for ever, no memory grows, and nobody in the
 *      container can take it, since PID 1 cannot be looked into.  "exec -d"
 *      lets go at once.  Who ends without a client is told to the launcher
 *      (INIT_ENDED), which writes it down.
 *
 * With SESSION_DETACHED there are no streams at all.
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
enum session_word { SESSION_STARTED = 1, SESSION_ENDED, SESSION_KEPT };

enum { SESSION_ID_SIZE = 65 }; /* hexadecimal digits, and a NUL */

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

/* SESSION_LET_GO was heard: the session is PID 1's */
struct session_kept {
	int32_t word; /* SESSION_KEPT */
};

/* What a client says. */
enum session_verb {
	SESSION_SIGNAL, /* send .number to the command */
	SESSION_LET_GO, /* with the terminal's master, if there is one;
			 * answered by session_kept, or an end */
	SESSION_FORGET, /* its command could not be executed: tell nobody */
};

struct session_order {
	int32_t verb;
	int32_t number;
};

/* session_request_write - Return: a sealed memfd */
int session_request_write(const struct session_request *request,
			  struct error *err);
/* session_request_read - session_request_free() afterwards */
int session_request_read(int fd, struct session_request *ret,
			 struct error *err);
void session_request_free(struct session_request *request);
