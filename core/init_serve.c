/*
 * core/init_serve.c - PID 1 while the workload runs: it reaps, passes signals
 * on, starts sessions, and ends everything with its own end
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/confine/capabilities.h"
#include "core/control.h"
#include "core/init.h"
#include "core/init_session.h"
#include "core/session.h"

struct serving {
	struct launch *l;
	pid_t workload;
	struct init_sessions sessions;
};

/* Return: true when the workload is among the dead, with *@ret_status */
static bool reap(struct serving *s, int *ret_status)
{
	bool ended = false;
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
		/* who cannot see the workload's end ends with it */
		if (pid < 0 && errno != ECHILD && errno != EINTR)
			_exit(STATUS_WOLFFIA);
		if (pid == 0 || (pid < 0 && errno == ECHILD))
			return ended;
		if (pid < 0)
			continue;
		if (pid != s->workload) {
			init_session_ended(&s->sessions, pid, status);
			continue;
		}
		*ret_status = status;
		ended = true;
	}
}

/* who would not see the end of the workload must not stay */
static int watch_children(struct launch *l, struct error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	l->child_signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->child_signals < 0 ? error_set(err, errno, "receive signals")
				    : 0;
}

/* to signal the workload, and to start sessions as any user */
static int keep_few_rights(const struct launch *l, struct error *err)
{
	uint64_t rights = l->spec->capabilities | 1ull << CAP_KILL |
			  1ull << CAP_SETUID | 1ull << CAP_SETGID |
			  1ull << CAP_SETPCAP;
	int r = capabilities_drop_bounding(rights, err);

	return r < 0 ? r : capabilities_apply(rights, true, err);
}

/* of the caller's streams it keeps none */
static int leave_streams(struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return error_set(err, errno, "leave stream %d", i);
	if (null > 2)
		close(null);
	return 0;
}

int init_settle(struct launch *l, struct error *err)
{
	int keep[] = { l->peer[LAUNCHER] };
	int r = fd_close_above(keep, 1, err);
	if (r == 0)
		r = keep_few_rights(l, err);
	if (r == 0)
		r = leave_streams(err);
	return r < 0 ? r : watch_children(l, err);
}

/*
 * ^Z is for all of the container: its processes are in no session of the
 * user's, where the kernel would not let SIGTSTP stop them.
 */
static void forward(pid_t workload, int number)
{
	if (number == SIGTSTP)
		kill(-1, SIGSTOP);
	else if (number == SIGCONT)
		kill(-1, SIGCONT);
	else
		kill(workload, number);
}

static void serve_launcher(struct serving *s)
{
	int launcher = s->l->peer[LAUNCHER];
	int fds[FD_MESSAGE_MOST];
	struct init_request request;
	struct error ignored;
	ssize_t n = fd_receive_message(launcher, &request, sizeof(request), 0,
				       fds, &ignored);

	/* somebody took our descriptors (prlimit(2)): who asked sees the end of
	 * his socket, which could not be received */
	if (n == -EMSGSIZE)
		return;
	if (n != sizeof(request))
		_exit(STATUS_WOLFFIA); /* the launcher is gone */
	switch (request.verb) {
	case INIT_SIGNAL:
		forward(s->workload, request.number);
		break;
	case INIT_SESSION:
		init_session_begin(&s->sessions, s->l->spec, &request, fds);
		break;
	case INIT_FREEZE:
		kill(-1, SIGSTOP);
		send(launcher, "", 1, MSG_NOSIGNAL);
		break;
	case INIT_THAW:
		kill(-1, SIGCONT);
		send(launcher, "", 1, MSG_NOSIGNAL);
		break;
	}
}

static void wait_and_serve(struct serving *s)
{
	enum { LAUNCHER_FD, SIGNALS, SESSIONS };
	struct pollfd fds[SESSIONS + SESSIONS_MOST];
	struct signalfd_siginfo info;

	fds[LAUNCHER_FD] = (struct pollfd){ s->l->peer[LAUNCHER], POLLIN, 0 };
	fds[SIGNALS] = (struct pollfd){ s->l->child_signals, POLLIN, 0 };
	size_t n = init_session_poll(&s->sessions, fds + SESSIONS);
	if (poll(fds, (nfds_t)(SESSIONS + n), -1) < 0) {
		if (errno != EINTR)
			_exit(STATUS_WOLFFIA);
		return;
	}
	init_session_move(&s->sessions, fds + SESSIONS, n);
	if (fds[LAUNCHER_FD].revents)
		serve_launcher(s);
	while (fds[SIGNALS].revents &&
	       read(s->l->child_signals, &info, sizeof(info)) > 0)
		;
}

_Noreturn void init_serve(struct launch *l, pid_t workload)
{
	struct serving s = { .l = l,
			     .workload = workload,
			     .sessions.launcher = l->peer[LAUNCHER] };

	/* a child that died before the signalfd was there counts as well */
	while (!reap(&s, &l->board->wait_status))
		wait_and_serve(&s);
	l->board->ended = true;
	_exit(0);
}
