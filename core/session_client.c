#include "core/session_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/attached.h"
#include "core/control.h"
#include "core/launch_record.h"

/* The client's end. */
struct session {
	const struct store *store;
	const char *id;
	int socket; /* to PID 1, and first to the session's own process */
	int master; /* of the terminal; -1: none; the streams have it */
	int report; /* tells why the command could not be executed */
	bool left;  /* its end is told by PID 1 */
	struct attached streams;
};

/* a terminal that nobody looks at is one, too */
static bool has_streams(const struct session_request *request,
			const struct session_how *how)
{
	return !how->detached || request->tty;
}

/* the launcher passes it on to PID 1 */
static int ask(const struct store *store, const char *id,
	       const struct session_request *request,
	       const struct session_how *how, int *ret_socket,
	       struct error *err)
{
	struct control_request message = {
		.verb = CONTROL_SESSION,
		.flags = has_streams(request, how) ? 0 : SESSION_DETACHED,
	};
	struct control_reply reply;
	int pair[2];
	scoped_fd control = control_connect(store, id, err);
	if (control < 0)
		return control;
	scoped_fd request_fd = session_request_write(request, err);
	if (request_fd < 0)
		return request_fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "make a socket");
	scoped_fd ours = pair[0], theirs = pair[1];
	const int fds[] = { theirs, request_fd };
	snprintf(message.name, sizeof(message.name), "%s", how->id);
	int r = control_ask(control, &message, fds, 2, err);
	if (r == 0)
		r = control_hear(control, &reply, NULL, err);
	if (r == 0)
		*ret_socket = take_fd(ours);
	return r;
}

static int container_ended(struct error *err)
{
	return error_say(err, ECHILD,
			 "the container ended before the command did");
}

/* PID 1 closed the socket, or never had it */
static int not_taken(const struct session *s, struct error *err)
{
	scoped_fd control = control_connect(s->store, s->id, err);

	if (control < 0)
		return container_ended(err);
	error_say(err, ECHILD,
		  "PID 1 of the container did not start the command");
	return error_hint(err, "the container is about to end, or has taken "
			       "the means away from it (prlimit(2))");
}

/* somebody in the container may do that: it is a process like any other */
static int not_begun(struct error *err)
{
	return error_say(err, ECHILD,
			 "the command's process was killed before it began");
}

static int failed(const struct session_report *report, int *ret_status,
		  struct error *err)
{
	if (report->exec_failed)
		*ret_status = report->err.code == ENOENT ? STATUS_NOT_FOUND
							 : STATUS_CANNOT_EXEC;
	*err = report->err;
	err->text[sizeof(err->text) - 1] = '\0';
	err->hint[sizeof(err->hint) - 1] = '\0';
	return -err->code;
}

static int set_up_terminal(struct session *s, struct error *err)
{
	int master = s->streams.out[0];

	s->master = fcntl(master, F_DUPFD_CLOEXEC, 3);
	/* poll(2) promises one byte of room, and a relay has many */
	if (s->master < 0 || fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set(err, errno, "set up the terminal");
	return 0;
}

/* its streams, or why there are none */
static int receive_streams(struct session *s, bool streams, int *ret_status,
			   struct error *err)
{
	union {
		struct session_report report;
		struct session_started started;
	} message = { 0 };
	int fds[FD_MESSAGE_MOST];
	ssize_t n = fd_receive_message(s->socket, &message, sizeof(message), 0,
				       fds, err);

	if (n < 0)
		return (int)n;
	if (n == sizeof(message.report) && message.report.err.code)
		return failed(&message.report, ret_status, err);
	if (n == 0)
		return not_taken(s, err);
	if (n != sizeof(message.started) ||
	    message.started.word != SESSION_STARTED)
		return not_begun(err);
	bool tty = false;
	if (streams) {
		tty = fds[2] < 0;
		s->streams.tty = tty;
		s->streams.out[0] = fds[0];
		s->streams.out[1] = tty ? -1 : fds[1];
		s->streams.in = tty ? fds[0] : fds[2];
	}
	s->report = !streams ? fds[0] : tty ? fds[1] : fds[3];
	if (s->report < 0)
		return container_ended(err);
	return tty ? set_up_terminal(s, err) : 0;
}

static int await_execution(struct session *s, int *ret_status,
			   struct error *err)
{
	struct session_report report = { 0 };
	ssize_t n = read(s->report, &report, sizeof(report));

	if (n == 0)
		return 0;
	if (n != sizeof(report) || !report.err.code)
		return container_ended(err);
	return failed(&report, ret_status, err);
}

static void pass_signal(void *context, int number)
{
	const struct session *s = context;
	const struct session_order order = { .verb = SESSION_SIGNAL,
					     .number = number };

	send(s->socket, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void pass_size(void *context, const struct winsize *size)
{
	const struct session *s = context;

	if (s->master >= 0)
		ioctl(s->master, TIOCSWINSZ, size);
}

static int gone(int *ret_status, struct error *err)
{
	*ret_status = STATUS_SIGNAL + 9;
	return container_ended(err);
}

/* PID 1 hung up instead of an answer */
static int not_kept(const struct session *s, int *ret_status, struct error *err)
{
	scoped_fd control = control_connect(s->store, s->id, err);

	*ret_status = STATUS_SIGNAL + 9;
	if (control < 0)
		return container_ended(err);
	error_say(err, ECHILD,
		  "the command was ended: PID 1 of the container could not "
		  "keep its terminal");
	return error_hint(err, "something in the container has taken the means "
			       "away from it (prlimit(2))");
}

/* PID 1 has it from now on; or it has just ended */
static int let_go(struct session *s, int *ret_status, struct error *err)
{
	const struct session_order order = { .verb = SESSION_LET_GO };
	union {
		struct session_kept kept;
		struct session_ended ended;
	} answer = { 0 };
	int r = fd_send_message(s->socket, &order, sizeof(order), &s->master,
				s->master >= 0, err);

	/* one that has ended has hung up, but said so before */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return r;
	s->left = true;
	if (recv(s->socket, &answer, sizeof(answer), 0) <= 0)
		return not_kept(s, ret_status, err);
	s->left = answer.kept.word == SESSION_KEPT;
	*ret_status =
		s->left ? 0 : process_exit_status(answer.ended.wait_status);
	return 0;
}

static int attend(struct session *s, bool interactive, const char *keys,
		  int *ret_status, struct error *err)
{
	struct session_ended ended;

	if (!interactive && s->streams.tty)
		s->streams.in = -1;
	else if (!interactive)
		fd_close(&s->streams.in);
	s->streams.end_fd = s->socket;
	s->streams.detach_keys = keys;
	s->streams.pass_signals = true;
	s->streams.signal = pass_signal;
	s->streams.resize = pass_size;
	s->streams.context = s;
	int r = attached_run(&s->streams, err);
	if (r < 0)
		return r;
	if (r == ATTACHED_DETACHED) {
		r = let_go(s, ret_status, err);
		return r < 0 ? r : ATTACHED_DETACHED;
	}
	if (recv(s->socket, &ended, sizeof(ended), 0) != sizeof(ended))
		return gone(ret_status, err);
	*ret_status = process_exit_status(ended.wait_status);
	return 0;
}

static void note_begin(const struct session *s, const struct record *record,
		       const struct session_request *request,
		       const struct session_how *how)
{
	scoped_strv attributes = { 0 };

	strv_addf(&attributes, "command=%s", request->argv.v[0]);
	strv_addf(&attributes, "execID=%s", how->id);
	record_event_with(s->store, record, EVENT_EXEC, &attributes);
}

static void note_end(const struct session *s, const struct record *record,
		     const struct session_how *how, int status)
{
	scoped_strv attributes = { 0 };

	if (s->left)
		return;
	strv_addf(&attributes, "execID=%s", how->id);
	strv_addf(&attributes, "exitCode=%d", status);
	record_event_with(s->store, record, EVENT_EXEC_DIE, &attributes);
}

static void note_detached(const struct session *s, const struct record *record,
			  const struct session_how *how)
{
	scoped(char) *attribute = xasprintf("execID=%s", how->id);

	record_event(s->store, record, EVENT_EXEC_DETACH, attribute);
}

static void forget(const struct session *s)
{
	const struct session_order order = { .verb = SESSION_FORGET };

	send(s->socket, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Return: as of session_run() */
static int follow(struct session *s, const struct record *record,
		  const struct session_request *request,
		  const struct session_how *how, int *ret_status,
		  struct error *err)
{
	int r;

	note_begin(s, record, request, how);
	if (!how->detached) {
		r = attend(s, request->interactive, how->detach_keys,
			   ret_status, err);
	} else {
		/* only the terminal, if there is one, and of that a copy */
		fd_close(&s->streams.out[0]);
		r = let_go(s, ret_status, err);
	}
	if (r == ATTACHED_DETACHED)
		note_detached(s, record, how);
	note_end(s, record, how, *ret_status);
	if (r >= 0 && (how->detached || r == ATTACHED_DETACHED))
		*ret_status = 0;
	return r < 0 ? r : r == ATTACHED_DETACHED;
}

int session_run(const struct store *store, const struct record *record,
		const struct session_request *request,
		const struct session_how *how, int *ret_status,
		struct error *err)
{
	struct session s = {
		.store = store,
		.id = record->id,
		.socket = -1,
		.master = -1,
		.report = -1,
		.streams = { .in = -1, .out = { -1, -1 } },
	};

	*ret_status = STATUS_WOLFFIA;
	int r = ask(store, record->id, request, how, &s.socket, err);
	if (r == 0)
		r = receive_streams(&s, has_streams(request, how), ret_status,
				    err);
	if (r == 0)
		r = await_execution(&s, ret_status, err);
	if (r < 0 && s.socket >= 0)
		forget(&s);
	fd_close(&s.report);
	if (r == 0)
		r = follow(&s, record, request, how, ret_status, err);
	fd_close(&s.master);
	fd_close(&s.socket);
	return r;
}
