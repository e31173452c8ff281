/*
 * core/watch.h - what the launcher holds while the container runs: shared by
 * supervise.c, which waits, supervise_orders.c, which tells the container what
 * to do, supervise_requests.c, which answers others, and supervise_sessions.c,
 * which hears of their commands
 */
#pragma once

#include "core/control_server.h"
#include "core/fanout.h"
#include "core/init.h"
#include "core/launch.h"
#include "core/relay.h"
#include "core/supervise.h"
#include "core/terminal.h"

struct watch {
	struct launch *l;
	struct relay *input;
	struct fanout *output[2]; /* stdout, stderr; a terminal has the first */
	struct control_server server;
	int timer_fd;      /* of --timeout; -1: none */
	int stop_timer_fd; /* until a stop becomes SIGKILL; -1: none */
	struct terminal terminal;
	bool running; /* a container is there to be asked for */
	bool paused;
	bool init_gone, server_gone, guard_gone;
	bool asked_to_end;  /* a signal, the time, or the parent's end */
	bool stop_asked;    /* by "stop", or a signal that ends: no restart */
	uint64_t oom_kills; /* on this machine, when it began */
	/* PID 1 was asked for so many sessions, and told of so many: never
	 * more.  It is believed no further */
	uint64_t sessions_asked, sessions_told;
	struct strv unattended; /* ids of those that go on without a client */
	bool init_silent;       /* nothing more comes from PID 1 */
	struct ended ended;
};

/* of supervise_orders.c */
void watch_kill(struct watch *w);
/* watch_end_by - watch_kill(), and the reason if there is none yet */
void watch_end_by(struct watch *w, enum ending how);
void watch_signal(struct watch *w, int number);
/* watch_stop - @signal now, SIGKILL after @timeout_ms */
int watch_stop(struct watch *w, int signal, uint64_t timeout_ms,
	       struct error *err);
int watch_freeze(struct watch *w, bool freeze, struct error *err);
/* watch_start_timer - *@fd is replaced by a timerfd that becomes readable */
int watch_start_timer(int *fd, uint64_t ms, struct error *err);
/* watch_hear_init - take one message; true: it was the answer to a request */
bool watch_hear_init(struct watch *w);
/* watch_hear_last - what PID 1 said before its end */
void watch_hear_last(struct watch *w);

/* of supervise_sessions.c */
void watch_session(struct watch *w, const struct init_news *news);
/* watch_sessions_end - the container ended, and who still ran in it */
void watch_sessions_end(struct watch *w);

/* of supervise_requests.c */
int watch_handle(void *context, struct control_client *client,
		 const struct control_request *request, int *fds,
		 struct control_reply *reply, int *reply_fds,
		 size_t *n_reply_fds, struct error *err);
void watch_leave(void *context, struct control_client *client);
