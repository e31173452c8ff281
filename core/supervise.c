#include "core/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "core/relay.h"

enum { N_RELAYS = 3 };

/* What the launcher holds besides the launch while the container runs. */
struct watch {
	struct launch *l;
	struct relay *relay[N_RELAYS];
	int timer_fd;
	bool raw; /* the user's terminal passes every key */
	struct termios cooked;
	bool init_gone, server_gone, guard_gone;
	bool asked_to_end; /* a signal, the time, or the parent's end */
	struct ended ended;
};

static void set_raw(struct watch *w)
{
	struct termios raw;

	if (!w->l->spec->tty || !w->l->spec->interactive ||
	    tcgetattr(STDIN_FILENO, &w->cooked) < 0)
		return;
	raw = w->cooked;
	cfmakeraw(&raw);
	w->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void set_cooked(struct watch *w)
{
	if (w->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &w->cooked);
	w->raw = false;
}

void supervise_resize(const struct launch *l)
{
	struct winsize size;

	if (l->terminal_fd >= 0 &&
	    (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
	     ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0))
		ioctl(l->terminal_fd, TIOCSWINSZ, &size);
}

static void connect_relays(struct watch *w)
{
	struct launch *l = w->l;

	if (l->spec->tty) {
		int input = fcntl(l->terminal_fd, F_DUPFD_CLOEXEC, 3);
		w->relay[0] =
			relay_new(l->spec->interactive ? STDIN_FILENO : -1,
				  false, input, true);
		w->relay[1] =
			relay_new(l->terminal_fd, false, STDOUT_FILENO, false);
		w->relay[2] = relay_new(-1, false, -1, false);
		return;
	}
	/* the descriptors are the relays' from here on */
	int input = take_fd(l->stream[0].outside);
	w->relay[0] =
		relay_new(input >= 0 ? STDIN_FILENO : -1, false, input, true);
	for (int i = 1; i < N_RELAYS; i++)
		w->relay[i] = relay_new(take_fd(l->stream[i].outside), true, i,
					false);
}

static void kill_init(struct watch *w)
{
	/* still our child: the number cannot be another process's */
	if (!w->init_gone)
		kill(w->l->board->init_pid, SIGKILL);
}

static void end_by(struct watch *w, enum ending how)
{
	if (w->ended.how == ENDED_BY_ITSELF)
		w->ended.how = how;
	w->asked_to_end = true;
	kill_init(w);
}

static void pass_signal(struct watch *w, int number)
{
	unsigned char byte = (unsigned char)number;

	if (w->init_gone)
		return;
	if (w->l->spec->pid1)
		/* PID 1 has no default actions, but it can be stopped */
		kill(w->l->board->init_pid,
		     number == SIGTSTP ? SIGSTOP : number);
	else
		send(w->l->peer[INIT], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void note_child(struct watch *w, pid_t pid, int status)
{
	struct launch *l = w->l;

	if (pid == l->board->init_pid) {
		w->init_gone = true;
		w->ended.wait_status = status;
		if (l->spec->pid1)
			return;
		if (l->board->ended)
			w->ended.wait_status = l->board->wait_status;
		else if (w->ended.how == ENDED_BY_ITSELF)
			w->ended.how = ENDED_WITH_INIT;
	} else if (pid == l->outer_pid) {
		w->guard_gone = true;
		w->ended.guard_status = status;
		/* nobody would see our end any more */
		if (l->spec->pid1 && !w->init_gone)
			end_by(w, ENDED_WITH_GUARD);
	} else if (pid == l->board->server_pid) {
		w->server_gone = true;
		w->ended.server_status = status;
		if (!w->init_gone)
			end_by(w, ENDED_WITH_SERVER);
	}
}

static void reap(struct watch *w)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		note_child(w, pid, status);
}

static void suspend(struct watch *w)
{
	pass_signal(w, SIGTSTP);
	set_cooked(w);
	raise(SIGSTOP);
	set_raw(w);
	pass_signal(w, SIGCONT);
}

static void handle_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->l->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(w);
		break;
	case SIGWINCH:
		supervise_resize(w->l);
		if (!w->l->spec->tty)
			pass_signal(w, SIGWINCH);
		break;
	case SIGTSTP:
		suspend(w);
		break;
	case SIGCONT:
		break;
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGQUIT:
		w->asked_to_end = true;
		/* fall through */
	default:
		pass_signal(w, (int)info.ssi_signo);
	}
}

static int start_timer(struct watch *w, struct error *err)
{
	uint64_t ms = w->l->spec->timeout_ms;
	struct itimerspec when = { .it_value = {
					   .tv_sec = (time_t)(ms / 1000),
					   .tv_nsec =
						   (long)(ms % 1000) * 1000000,
				   } };

	if (ms == 0)
		return 0;
	w->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (w->timer_fd < 0 || timerfd_settime(w->timer_fd, 0, &when, NULL) < 0)
		return error_set(err, errno, "start the timer of --timeout");
	return 0;
}

/*
 * The end of a file that is typed: without it the other side waits for more.
 * The first one only sends off a line that has no end (termios(3), VEOF).
 */
static void type_end_of_input(struct watch *w)
{
	const struct relay *input = w->relay[0];
	struct termios modes;
	char end[2];

	if (tcgetattr(w->l->terminal_fd, &modes) < 0)
		return;
	end[0] = end[1] = (char)modes.c_cc[VEOF];
	bool line_is_open =
		input->end > 0 && input->data[input->end - 1] != '\n';
	ssize_t ignored = write(w->l->terminal_fd, end, line_is_open ? 2 : 1);
	(void)ignored;
}

static void wait_and_handle(struct watch *w)
{
	bool had_input = !w->relay[0]->ended;
	enum { SIGNALS = N_RELAYS, PARENT, TIMER, N };
	struct pollfd fds[N];

	for (int i = 0; i < N_RELAYS; i++)
		fds[i] = relay_poll(w->relay[i]);
	fds[SIGNALS] = (struct pollfd){ w->l->signal_fd, POLLIN, 0 };
	fds[PARENT] = (struct pollfd){ w->l->parent_fd, POLLIN, 0 };
	fds[TIMER] = (struct pollfd){ w->timer_fd, POLLIN, 0 };
	if (poll(fds, N, -1) < 0)
		return;
	for (int i = 0; i < N_RELAYS; i++)
		relay_move(w->relay[i], fds[i].revents);
	if (had_input && w->relay[0]->ended && w->l->spec->tty)
		type_end_of_input(w);
	if (fds[SIGNALS].revents)
		handle_signal(w);
	if (fds[PARENT].revents) {
		fd_close(&w->l->parent_fd);
		end_by(w, ENDED_WITH_PARENT);
	}
	if (fds[TIMER].revents) {
		fd_close(&w->timer_fd);
		end_by(w, ENDED_BY_TIMEOUT);
	}
}

/*
 * What was written before the end is still passed on, for as long as somebody
 * reads it: but nobody who asked for the end waits for a reader that sleeps.
 */
static void drain(struct watch *w)
{
	enum { SIGNALS = 2, PARENT, N, PATIENCE_MS = 1000 };

	for (;;) {
		struct pollfd fds[N] = {
			relay_poll(w->relay[1]),
			relay_poll(w->relay[2]),
			{ w->l->signal_fd, POLLIN, 0 },
			{ w->l->parent_fd, POLLIN, 0 },
		};
		bool blocked =
			fds[0].events == POLLOUT || fds[1].events == POLLOUT;
		bool was_asked = w->asked_to_end;

		if (w->relay[1]->ended && w->relay[2]->ended)
			return;
		int n = poll(fds, N,
			     !blocked    ? 0
			     : was_asked ? PATIENCE_MS
					 : -1);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		relay_move(w->relay[1], fds[0].revents);
		relay_move(w->relay[2], fds[1].revents);
		if (fds[SIGNALS].revents) {
			w->asked_to_end = false;
			handle_signal(w);
			if (w->asked_to_end)
				return;
			w->asked_to_end = was_asked;
		}
		if (fds[PARENT].revents)
			return;
	}
}

/* with --pid1 it waits for the end of its socket */
static void end_guard(struct watch *w)
{
	struct error ignored;

	fd_close(&w->l->peer[OUTER]);
	if (!w->guard_gone)
		process_wait(w->l->outer_pid, &ignored);
}

/*
 * One that only reads dies while the rest is removed: launch_run() waits for
 * it.  One that writes has to be gone before.
 */
static void end_server(struct watch *w)
{
	struct error ignored;
	pid_t pid = w->l->board->server_pid;

	if (pid == 0 || w->server_gone) {
		w->l->board->server_pid = 0;
		return;
	}
	kill(pid, SIGKILL);
	if (w->l->spec->driver != DRIVER_FUSE_OVERLAYFS)
		return;
	process_wait(pid, &ignored);
	w->l->board->server_pid = 0;
}

int supervise(struct launch *l, struct ended *ret, struct error *err)
{
	struct watch w = { .l = l, .timer_fd = -1 };
	int r = start_timer(&w, err);

	connect_relays(&w);
	set_raw(&w);
	if (r < 0)
		kill_init(&w);
	/* who ended during the launch: that SIGCHLD may have been read there */
	reap(&w);
	while (!w.init_gone)
		wait_and_handle(&w);
	drain(&w);
	set_cooked(&w);
	end_guard(&w);
	end_server(&w);
	for (int i = 0; i < N_RELAYS; i++)
		relay_free(w.relay[i]);
	fd_close(&w.timer_fd);
	*ret = w.ended;
	return r;
}

static void kill_and_wait(const pid_t *pids, size_t n)
{
	struct error ignored;

	/* none has been waited for: the numbers are still theirs */
	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0)
			process_wait(pids[i], &ignored);
}

void supervise_kill(struct launch *l)
{
	pid_t first[] = { l->outer_pid, l->mapping.uidmap, l->mapping.gidmap };

	kill_and_wait(first, ARRAY_SIZE(first));
	/* what the outer process made, is known when that one is gone */
	pid_t then[] = { l->board->init_pid, l->board->server_pid };
	kill_and_wait(then, ARRAY_SIZE(then));
}
