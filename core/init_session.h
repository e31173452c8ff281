/*
 * core/init_session.h - the sessions of PID 1 (core/session.h)
 */
#pragma once

#include <poll.h>
#include <stdbool.h>

#include "core/init.h"

enum {
	SESSIONS_MOST = 2048,
	SESSIONS_OPEN_MOST = 256, /* of them with a client or a terminal */
};

struct init_session {
	pid_t pid;
	int socket; /* to the client; -1: nobody waits */
	/* of one that its client let go of: both ends of its terminal, so that
	 * it is not hung up as long as the command lives; -1: none */
	int master, slave;
	bool forgotten; /* its end is told to nobody */
	char id[SESSION_ID_SIZE];
};

struct init_sessions {
	int launcher; /* is told of ends that no client is told of */
	struct init_session list[SESSIONS_MOST];
	size_t n;
};

/*
 * init_session_begin - fork one
 * @fds: a socket to the client, and the request: closed in any case
 */
void init_session_begin(struct init_sessions *sessions, const struct spec *spec,
			const struct init_request *request, int fds[2]);

/* init_session_ended - tell who wants to know of @pid, if it is a session's */
void init_session_ended(struct init_sessions *sessions, pid_t pid, int status);

/* init_session_poll - SESSIONS_MOST at most; Return: how many */
size_t init_session_poll(const struct init_sessions *sessions,
			 struct pollfd *ret);

/* init_session_move - what clients say, their ends, and what commands write
 * for nobody */
void init_session_move(struct init_sessions *sessions, const struct pollfd *fds,
		       size_t n);
