#include "core/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "core/launch_record.h"
#include "core/watch.h"
#include "core/workload.h"

void supervise_resize(const struct launch *l)
{
	struct winsize size;

	if (l->terminal_fd >= 0 && !l->background && terminal_size(&size))
		ioctl(l->terminal_fd, TIOCSWINSZ, &size);
}

static void set_raw(struct watch *w)
{
	if (w->l->spec->tty && w->l->spec->interactive && !w->l->background)
		terminal_set_raw(&w->terminal);
}

static void log_stdout(void *context, const char *data, size_t size)
{
	log_write(context, LOG_STDOUT, data, size);
}

static void log_stderr(void *context, const char *data, size_t size)
{
	log_write(context, LOG_STDERR, data, size);
}

/* who started it and is attached from the first moment */
static void add_first_sinks(struct watch *w)
{
	int *attached = w->l->attached;

	for (int i = 0; i < 2; i++) {
		struct sink sink = { .fd = i + 1, .primary = true };
		if (w->l->background)
			sink = (struct sink){ .fd = take_fd(attached[i + 1]),
					      .owned = true };
		if (sink.fd >= 0)
			fanout_add(w->output[i], sink);
		w->output[i]->tap = i ? log_stderr : log_stdout;
		w->output[i]->context = w->l->log;
	}
}

static struct relay *connect_input(struct launch *l, int to)
{
	if (!l->background)
		return relay_new(
			to >= 0 && (!l->spec->tty || l->spec->interactive)
				? STDIN_FILENO
				: -1,
			false, to, true);
	/* who lets go of a terminal may come back */
	struct relay *input =
		relay_new_idle(l->spec->interactive ? to : -1,
			       !l->spec->stdin_once || l->spec->tty);
	if (l->attached[0] >= 0)
		relay_connect(input, l->attached[0]);
	return input;
}

static void connect_streams(struct watch *w)
{
	struct launch *l = w->l;

	if (l->spec->tty) {
		int input = fcntl(l->terminal_fd, F_DUPFD_CLOEXEC, 3);
		w->input = connect_input(l, input);
		w->output[0] = fanout_new(l->terminal_fd, false);
		w->output[1] = fanout_new(-1, false);
	} else {
		/* the descriptors are the streams' from here on */
		w->input = connect_input(l, take_fd(l->stream[0].outside));
		for (int i = 0; i < 2; i++)
			w->output[i] = fanout_new(
				take_fd(l->stream[i + 1].outside), true);
	}
	add_first_sinks(w);
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
			watch_end_by(w, ENDED_WITH_GUARD);
	} else if (pid == l->board->server_pid) {
		w->server_gone = true;
		w->ended.server_status = status;
		if (!w->init_gone)
			watch_end_by(w, ENDED_WITH_SERVER);
	}
}

static void reap(struct watch *w)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid == 0 || (pid < 0 && errno != EINTR))
			return;
		if (pid > 0)
			note_child(w, pid, status);
	}
}

static void suspend(struct watch *w)
{
	watch_signal(w, SIGTSTP);
	terminal_set_cooked(&w->terminal);
	raise(SIGSTOP);
	set_raw(w);
	watch_signal(w, SIGCONT);
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
			watch_signal(w, SIGWINCH);
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
		w->asked_to_end = w->stop_asked = true;
		/* fall through */
	default:
		watch_signal(w, (int)info.ssi_signo);
	}
}

/* without an end that is typed the other side waits for more */
static void type_end_of_input(struct watch *w)
{
	const struct relay *input = w->input;

	terminal_type_end(w->l->terminal_fd,
			  input->end > 0 ? input->data[input->end - 1] : 0);
}

/* What is waited for, in the order in which it lies in the array. */
enum { SIGNALS, PARENT, TIMER, STOP_TIMER, PID_1, INPUT, FIXED };

struct waiting {
	struct pollfd fds[FIXED + 2 * FANOUT_SINKS + CONTROL_CLIENTS + 1];
	size_t n_output[2], n_server;
};

static size_t collect(const struct watch *w, struct waiting *ret)
{
	size_t n = FIXED;

	ret->fds[SIGNALS] = (struct pollfd){ w->l->signal_fd, POLLIN, 0 };
	ret->fds[PARENT] = (struct pollfd){ w->l->parent_fd, POLLIN, 0 };
	ret->fds[TIMER] = (struct pollfd){ w->timer_fd, POLLIN, 0 };
	ret->fds[STOP_TIMER] = (struct pollfd){ w->stop_timer_fd, POLLIN, 0 };
	bool speaks = w->running && !w->l->spec->pid1 && !w->init_silent;
	ret->fds[PID_1] =
		(struct pollfd){ speaks ? w->l->peer[INIT] : -1, POLLIN, 0 };
	ret->fds[INPUT] =
		w->input ? relay_poll(w->input) : (struct pollfd){ -1, 0, 0 };
	for (int i = 0; i < 2; i++) {
		ret->n_output[i] =
			w->output[i] ? fanout_poll(w->output[i], ret->fds + n)
				     : 0;
		n += ret->n_output[i];
	}
	ret->n_server = control_server_poll(&w->server, ret->fds + n);
	return n + ret->n_server;
}

static void move_input(struct watch *w, short revents)
{
	bool had_input = w->input && !w->input->ended;

	if (!had_input)
		return;
	relay_move(w->input, revents);
	if (w->input->ended && w->l->spec->tty)
		type_end_of_input(w);
}

static void move(struct watch *w, const struct waiting *waiting)
{
	const struct pollfd *fds = waiting->fds;
	size_t n = FIXED;

	move_input(w, fds[INPUT].revents);
	for (int i = 0; i < 2; i++) {
		if (w->output[i])
			fanout_move(w->output[i], fds + n,
				    waiting->n_output[i]);
		n += waiting->n_output[i];
	}
	if (fds[SIGNALS].revents)
		handle_signal(w);
	if (fds[PARENT].revents) {
		fd_close(&w->l->parent_fd);
		w->stop_asked = true;
		watch_end_by(w, ENDED_WITH_PARENT);
	}
	if (fds[TIMER].revents) {
		fd_close(&w->timer_fd);
		watch_end_by(w, ENDED_BY_TIMEOUT);
	}
	if (fds[STOP_TIMER].revents) {
		fd_close(&w->stop_timer_fd);
		watch_end_by(w, ENDED_BY_STOP);
	}
	if (fds[PID_1].revents)
		watch_hear_init(w);
	control_server_move(&w->server, fds + n, waiting->n_server);
}

static void wait_and_handle(struct watch *w, int timeout_ms)
{
	struct waiting waiting;
	size_t n = collect(w, &waiting);
	int patience = control_server_patience(&w->server);

	if (patience >= 0 && (timeout_ms < 0 || timeout_ms > patience))
		timeout_ms = patience;
	if (poll(waiting.fds, (nfds_t)n, timeout_ms) >= 0)
		move(w, &waiting);
}

/*
 * What was written before the end is still passed on, for as long as somebody
 * reads it: but nobody who asked for the end waits for a reader that sleeps.
 * Return: 0, or the errno for which not all was passed on.
 */
static int drain(struct watch *w)
{
	enum { PATIENCE_MS = 1000 };
	struct fanout *const *out = w->output;

	while (!fanout_is_done(out[0]) || !fanout_is_done(out[1])) {
		bool blocked =
			fanout_is_blocked(out[0]) || fanout_is_blocked(out[1]);
		struct waiting waiting;
		size_t n = collect(w, &waiting);
		/* nobody reads it any more */
		waiting.fds[INPUT].fd = -1;
		int ready = poll(waiting.fds, (nfds_t)n,
				 !blocked          ? 0
				 : w->asked_to_end ? PATIENCE_MS
						   : -1);
		if (ready == 0)
			break;
		if (ready < 0 && errno != EINTR)
			return errno;
		if (ready > 0)
			move(w, &waiting);
	}
	return w->output[0]->error ? w->output[0]->error : w->output[1]->error;
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
 * A command that dies because its files are gone ends before the server does,
 * which still has its namespace to take down: who was first is not seen by
 * who is first noticed.
 */
static bool was_server_lost(struct watch *w)
{
	pid_t pid = w->l->board->server_pid;
	struct error ignored;

	if (w->ended.how != ENDED_BY_ITSELF || w->ended.wait_status == 0)
		return false;
	if (!w->server_gone && process_is_ending(pid)) {
		w->ended.server_status = process_wait(pid, &ignored);
		w->server_gone = true;
	}
	return w->server_gone;
}

/*
 * One that only reads dies while the rest is removed: launch_run() waits for
 * it.  One that writes has to be gone before.
 */
static void end_server(struct watch *w)
{
	struct error ignored;
	pid_t pid = w->l->board->server_pid;

	if (pid > 0 && was_server_lost(w))
		w->ended.how = ENDED_WITH_SERVER;
	if (pid == 0 || w->server_gone) {
		w->l->board->server_pid = 0;
		return;
	}
	/* one that cannot be killed ends with us (PR_SET_PDEATHSIG) */
	bool ends = process_kill(pid);
	if (ends && w->l->spec->driver != DRIVER_FUSE_OVERLAYFS)
		return;
	if (ends)
		process_wait(pid, &ignored);
	w->l->board->server_pid = 0;
}

struct watch *supervise_new(struct launch *l)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->l = l;
	w->timer_fd = w->stop_timer_fd = -1;
	control_server_init(&w->server, take_fd(l->control_fd));
	w->server.handle = watch_handle;
	w->server.leave = watch_leave;
	w->server.context = w;
	return w;
}

/* who is attached sees the end of the streams */
static void close_streams(struct watch *w)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (w->server.clients[i].fd >= 0)
			watch_leave(w, &w->server.clients[i]);
	fd_close(&w->l->attached[0]);
	relay_free(take_ptr(w->input));
	for (int i = 0; i < 2; i++)
		fanout_free(take_ptr(w->output[i]));
}

void supervise_free(struct watch *w)
{
	if (!w)
		return;
	close_streams(w);
	control_server_close(&w->server);
	fd_close(&w->timer_fd);
	fd_close(&w->stop_timer_fd);
	free(w);
}

void supervise_answer(struct watch *w, bool all, int exit_code, int signal)
{
	const struct control_reply reply = { .exit_code = exit_code,
					     .signal = signal };

	control_server_answer(&w->server, all, &reply);
}

static bool was_out_of_memory(const struct watch *w)
{
	int status = w->ended.wait_status;
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	return killed && !w->asked_to_end && !w->stop_asked &&
	       workload_oom_kills() > w->oom_kills;
}

int supervise(struct watch *w, struct ended *ret, struct error *err)
{
	struct launch *l = w->l;
	int r = 0;

	w->running = true;
	w->paused = w->init_gone = w->server_gone = w->guard_gone = false;
	w->init_silent = false;
	w->sessions_asked = w->sessions_told = 0;
	w->asked_to_end = w->stop_asked = false;
	w->ended = (struct ended){ 0 };
	w->oom_kills = workload_oom_kills();
	if (l->spec->timeout_ms)
		r = watch_start_timer(&w->timer_fd, l->spec->timeout_ms, err);
	connect_streams(w);
	set_raw(w);
	if (r < 0)
		watch_kill(w);
	/* who ended during the launch: that SIGCHLD may have been read there */
	reap(w);
	while (!w->init_gone)
		wait_and_handle(w, -1);
	watch_hear_last(w);
	watch_sessions_end(w);
	w->ended.output_error = drain(w);
	terminal_set_cooked(&w->terminal);
	end_guard(w);
	end_server(w);
	close_streams(w);
	fd_close(&w->timer_fd);
	fd_close(&w->stop_timer_fd);
	w->running = false;
	w->ended.stop_asked = w->stop_asked;
	w->ended.out_of_memory = was_out_of_memory(w);
	*ret = w->ended;
	return r;
}

bool supervise_idle(struct watch *w, uint64_t ms)
{
	struct error ignored;

	if (watch_start_timer(&w->timer_fd, ms, &ignored) < 0)
		return true;
	w->stop_asked = false;
	while (w->timer_fd >= 0 && !w->stop_asked)
		wait_and_handle(w, -1);
	fd_close(&w->timer_fd);
	return !w->stop_asked;
}

static void kill_and_wait(pid_t *pids, size_t n)
{
	struct error ignored;

	/* none has been waited for: the numbers are still theirs */
	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0 && !process_kill(pids[i]))
			pids[i] = 0;
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
