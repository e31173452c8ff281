/*
 * core/init_session.h - the sessions of PID 1 (core/session.h)
 */
#pragma once

#include <poll.h>
#include <stdbool.h>

#include "core/launch.h"

enum { SESSIONS_MOST = 256 };

struct init_session {
	pid_t pid;
	int socket; /* to the client; -1: nobody waits */
};

struct init_sessions {
	struct init_session list[SESSIONS_MOST];
	size_t n;
};

/*
 * init_session_begin - fork one
 * @fds: a socket to the client, and the request: closed in any case
 */
void init_session_begin(struct init_sessions *sessions, const struct spec *spec,
			int fds[2], bool detached);

/* init_session_ended - tell the client of @pid, if it is a session's */
void init_session_ended(struct init_sessions *sessions, pid_t pid, int status);

/* init_session_poll - SESSIONS_MOST at most; Return: how many */
size_t init_session_poll(const struct init_sessions *sessions,
			 struct pollfd *ret);

/* init_session_move - signals from clients, and their ends */
void init_session_move(struct init_sessions *sessions, const struct pollfd *fds,
		       size_t n);
