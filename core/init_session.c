#include "core/init_session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/control.h"
#include "core/session.h"
#include "core/task.h"

/* What a session's process has open. */
struct begin {
	const struct spec *spec;
	int socket, request_fd;
	struct session_request request;
	struct user user;
	int inside[3];  /* become its 0, 1 and 2 */
	int outside[3]; /* the client's; see core/session.h */
	size_t n_outside;
	int report[2];
};

static int make_pipe(struct begin *b, int stream, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	b->inside[stream] = ends[stream != 0];
	b->outside[b->n_outside++] = ends[stream == 0];
	return 0;
}

/* all of them belong to the session's user, who makes them */
static int make_pipes(struct begin *b, struct error *err)
{
	int r = make_pipe(b, 1, err);

	if (r == 0)
		r = make_pipe(b, 2, err);
	if (r == 0)
		r = make_pipe(b, 0, err);
	if (r == 0 && b->request.one_output) {
		fd_close(&b->inside[2]);
		b->inside[2] = b->inside[1];
	}
	if (r < 0 || b->request.interactive)
		return r;
	fd_close(&b->inside[0]);
	b->inside[0] = STDIN_FILENO;
	return 0;
}

static int make_terminal(struct begin *b, struct error *err)
{
	struct winsize size = { .ws_row = b->request.rows,
				.ws_col = b->request.columns };
	int unlock = 0;
	int master = open("/dev/pts/ptmx",
			  O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);

	if (master < 0)
		return error_set(err, errno, "open /dev/pts/ptmx");
	b->outside[b->n_outside++] = master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_set(err, errno, "unlock the terminal");
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_set(err, errno, "open the terminal");
	for (int i = 0; i < 3; i++)
		b->inside[i] = slave;
	if (size.ws_row || size.ws_col)
		ioctl(master, TIOCSWINSZ, &size);
	return 0;
}

/* PID 1 has /dev/null as its 0, 1 and 2, from before there was anybody who
 * could put something else in its place */
static void discard_streams(struct begin *b)
{
	for (int i = 0; i < 3; i++)
		b->inside[i] = STDIN_FILENO;
}

static int tell_client(struct begin *b, struct error *err)
{
	struct session_started started = { .word = SESSION_STARTED,
					   .tty = b->request.tty };
	int fds[FD_MESSAGE_MOST];
	size_t n = 0;

	for (size_t i = 0; i < b->n_outside; i++)
		fds[n++] = b->outside[i];
	fds[n++] = b->report[0];
	int r = fd_send_message(b->socket, &started, sizeof(started), fds, n,
				err);
	fd_close(&b->report[0]);
	return r;
}

static int find_user(struct begin *b, struct error *err)
{
	static const struct strv none = { 0 };
	const char *text = b->request.user;
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set(err, errno, "open /");
	return user_lookup(root, text ? text : b->spec->user.text,
			   text ? &none : &b->spec->user.groups, &b->user, err);
}

static int become(struct begin *b, bool detached, bool *ret_exec_failed,
		  struct error *err)
{
	scoped_strv env = { 0 };
	int r = session_request_read(b->request_fd, &b->request, err);
	const char *path =
		b->request.workdir ? b->request.workdir : b->spec->workdir;

	if (r == 0)
		r = find_user(b, err);
	scoped_fd workdir = r < 0 ? -1 : task_open_workdir(path, false, err);
	if (r == 0 && workdir < 0)
		r = workdir;
	if (r == 0)
		r = task_become_user(b->spec, &b->user, err);
	if (r == 0)
		r = detached         ? 0
		    : b->request.tty ? make_terminal(b, err)
				     : make_pipes(b, err);
	if (detached)
		discard_streams(b);
	if (r == 0)
		r = tell_client(b, err);
	if (r == 0)
		r = task_connect(b->inside, b->request.tty && !detached, err);
	if (r == 0)
		r = task_enter_workdir(workdir, path, err);
	if (r < 0)
		return r;
	strv_extend(&env, b->spec->env.v);
	for (size_t i = 0; i < b->request.env.n; i++)
		strv_set_env(&env, b->request.env.v[i]);
	if (b->request.tty && !strv_get_env(&env, "TERM"))
		strv_set_env(&env, "TERM=xterm");
	task_set_home(&env, &b->user);
	r = task_limit(b->spec, err);
	if (r < 0)
		return r;
	return task_execute(&b->request.argv, &env, ret_exec_failed, err);
}

_Noreturn static void run_session(const struct spec *spec, int socket,
				  int request_fd, bool detached)
{
	struct begin b = { .spec = spec,
			   .socket = socket,
			   .request_fd = request_fd };
	struct session_report report = { 0 };
	bool exec_failed = false;

	if (pipe2(b.report, O_CLOEXEC) < 0)
		_exit(STATUS_WOLFFIA);
	int written = b.report[1];
	become(&b, detached, &exec_failed, &report.err);
	report.exec_failed = exec_failed;
	/* before the client has the pipe, it is told on the socket */
	if (b.report[0] >= 0)
		send(socket, &report, sizeof(report), MSG_NOSIGNAL);
	else if (write(written, &report, sizeof(report)) < 0)
		_exit(STATUS_WOLFFIA);
	_exit(STATUS_WOLFFIA);
}

static void refuse(int socket, int code, const char *what)
{
	struct session_report report = { 0 };

	error_set(&report.err, code, "%s", what);
	send(socket, &report, sizeof(report), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static size_t count_open(const struct init_sessions *sessions)
{
	size_t n = 0;

	for (size_t i = 0; i < sessions->n; i++)
		n += sessions->list[i].socket >= 0 ||
		     sessions->list[i].master >= 0;
	return n;
}

void init_session_begin(struct init_sessions *sessions, const struct spec *spec,
			const struct init_request *request, int fds[2])
{
	scoped_fd socket = fds[0], request_fd = fds[1];

	if (sessions->n == SESSIONS_MOST ||
	    count_open(sessions) == SESSIONS_OPEN_MOST) {
		refuse(socket, EMFILE, "start one more command");
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_session(spec, socket, request_fd,
			    request->number & SESSION_DETACHED);
	if (pid < 0) {
		refuse(socket, errno, "fork");
		return;
	}
	struct init_session *s = &sessions->list[sessions->n++];
	*s = (struct init_session){
		.pid = pid, .socket = take_fd(socket), .master = -1, .slave = -1
	};
	memcpy(s->id, request->session, sizeof(s->id));
}

/* a launcher that is stopped is not waited for */
static void tell_launcher(const struct init_sessions *sessions,
			  const struct init_session *s, enum init_word word,
			  int status)
{
	struct init_news news = { .word = word, .wait_status = status };

	memcpy(news.session, s->id, sizeof(news.session));
	send(sessions->launcher, &news, sizeof(news),
	     MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tell_end(const struct init_sessions *sessions,
		     const struct init_session *s, int status)
{
	const struct session_ended ended = { .word = SESSION_ENDED,
					     .wait_status = status };

	if (s->socket >= 0)
		send(s->socket, &ended, sizeof(ended),
		     MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (!s->forgotten)
		tell_launcher(sessions, s, INIT_ENDED, status);
}

static void close_terminal(struct init_session *s)
{
	fd_close(&s->master);
	fd_close(&s->slave);
}

void init_session_ended(struct init_sessions *sessions, pid_t pid, int status)
{
	for (size_t i = 0; i < sessions->n; i++) {
		struct init_session *s = &sessions->list[i];
		if (s->pid != pid)
			continue;
		tell_end(sessions, s, status);
		fd_close(&s->socket);
		close_terminal(s);
		*s = sessions->list[--sessions->n];
		return;
	}
}

size_t init_session_poll(const struct init_sessions *sessions,
			 struct pollfd *ret)
{
	for (size_t i = 0; i < sessions->n; i++) {
		const struct init_session *s = &sessions->list[i];
		int fd = s->socket >= 0 ? s->socket : s->master;
		ret[i] = (struct pollfd){ fd, POLLIN, 0 };
	}
	return sessions->n;
}

/* nobody of the session's group is left when its client is */
static void kill_session(struct init_session *s)
{
	kill(-s->pid, SIGKILL);
	kill(s->pid, SIGKILL);
	fd_close(&s->socket);
}

/* Return: false: what the client handed over is no terminal */
static bool take_terminal(struct init_session *s, int *master)
{
	enum { FLAGS = O_RDWR | O_NOCTTY | O_CLOEXEC };

	/* the client has none to give away, either */
	if (*master < 0)
		return true;
	s->slave = ioctl(*master, TIOCGPTPEER, FLAGS);
	if (s->slave < 0 || fcntl(*master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return false;
	s->master = take_fd(*master);
	return true;
}

static void keep_session(const struct init_sessions *sessions,
			 struct init_session *s, int *master)
{
	const struct session_kept kept = { .word = SESSION_KEPT };

	if (!take_terminal(s, master)) {
		kill_session(s);
		return;
	}
	send(s->socket, &kept, sizeof(kept), MSG_NOSIGNAL | MSG_DONTWAIT);
	fd_close(&s->socket);
	if (!s->forgotten)
		tell_launcher(sessions, s, INIT_LEFT, 0);
}

static void hear_client(const struct init_sessions *sessions,
			struct init_session *s)
{
	struct session_order order;
	struct error ignored;
	int fds[FD_MESSAGE_MOST];
	ssize_t size = fd_receive_message(s->socket, &order, sizeof(order),
					  MSG_DONTWAIT, fds, &ignored);

	if (size == -EAGAIN || size == -EINTR)
		return;
	/* it is gone; or somebody took our descriptors (prlimit(2)), and with
	 * them the terminal that it handed over */
	if (size != sizeof(order))
		kill_session(s);
	else if (order.verb == SESSION_SIGNAL)
		kill(s->pid, order.number);
	else if (order.verb == SESSION_LET_GO)
		keep_session(sessions, s, &fds[0]);
	else if (order.verb == SESSION_FORGET)
		s->forgotten = true;
	for (size_t i = 0; size >= 0 && i < ARRAY_SIZE(fds); i++)
		fd_close(&fds[i]);
}

/* once at most, so that one who writes without end stops nobody else */
static void discard_output(struct init_session *s)
{
	char data[4096];
	ssize_t n = read(s->master, data, sizeof(data));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_terminal(s);
}

void init_session_move(struct init_sessions *sessions, const struct pollfd *fds,
		       size_t n)
{
	/* none was added or taken away since they were asked for */
	for (size_t i = 0; i < n; i++) {
		struct init_session *s = &sessions->list[i];
		if (!fds[i].revents)
			continue;
		if (s->socket >= 0)
			hear_client(sessions, s);
		else if (s->master >= 0)
			discard_output(s);
	}
}
