/*
 * core/supervise_orders.c - what the container is told: a signal, its end, to
 * stand still; and what PID 1 answers
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "base/fd.h"
#include "base/process.h"
#include "core/init.h"
#include "core/watch.h"
#include "core/workload.h"

void watch_kill(struct watch *w)
{
	const struct launch *l = w->l;

	/* still our child: the number cannot be another process's */
	if (!w->running || w->init_gone || process_kill(l->board->init_pid))
		return;
	/* the end of its socket is its end, too; or of the guard's */
	shutdown(l->peer[l->spec->pid1 ? OUTER : INIT], SHUT_RDWR);
}

void watch_end_by(struct watch *w, enum ending how)
{
	if (w->ended.how == ENDED_BY_ITSELF && !w->init_gone)
		w->ended.how = how;
	w->asked_to_end = true;
	watch_kill(w);
}

void watch_signal(struct watch *w, int number)
{
	const struct init_request request = { .verb = INIT_SIGNAL,
					      .number = number };

	if (!w->running || w->init_gone)
		return;
	if (number == SIGKILL) {
		/* who kills the command ends all of the container */
		watch_kill(w);
		if (w->ended.how == ENDED_BY_ITSELF)
			w->ended.how = ENDED_BY_STOP;
	} else if (w->l->spec->pid1) {
		/* PID 1 has no default actions, but it can be stopped */
		kill(w->l->board->init_pid,
		     number == SIGTSTP ? SIGSTOP : number);
	} else {
		send(w->l->peer[INIT], &request, sizeof(request),
		     MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

bool watch_hear_init(struct watch *w)
{
	struct init_news news;
	ssize_t n = recv(w->l->peer[INIT], &news, sizeof(news), MSG_DONTWAIT);

	if (n == sizeof(news))
		watch_session(w, &news);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		w->init_silent = true;
	return n == 1;
}

void watch_hear_last(struct watch *w)
{
	struct pollfd last = { w->l->peer[INIT], POLLIN, 0 };

	while (!w->l->spec->pid1 && !w->init_silent && poll(&last, 1, 0) == 1)
		watch_hear_init(w);
}

static bool await_answer(struct watch *w)
{
	struct pollfd answer = { w->l->peer[INIT], POLLIN, 0 };
	enum { PATIENCE_MS = 5000 };

	while (!w->init_silent && poll(&answer, 1, PATIENCE_MS) == 1)
		if (watch_hear_init(w))
			return true;
	return false;
}

int watch_freeze(struct watch *w, bool freeze, struct error *err)
{
	const struct init_request request = {
		.verb = freeze ? INIT_FREEZE : INIT_THAW,
	};

	if (w->l->spec->pid1)
		return error_say(err, ENOTSUP,
				 "the container has no init of ours (--pid1) "
				 "that could stop its processes");
	if (send(w->l->peer[INIT], &request, sizeof(request), MSG_NOSIGNAL) <
		    0 ||
	    !await_answer(w))
		return error_say(err, ETIMEDOUT,
				 "PID 1 of the container does not answer");
	w->paused = freeze;
	return 0;
}

int watch_start_timer(int *fd, uint64_t ms, struct error *err)
{
	struct itimerspec when = { .it_value = {
					   .tv_sec = (time_t)(ms / 1000),
					   .tv_nsec =
						   (long)(ms % 1000) * 1000000,
				   } };

	fd_close(fd);
	*fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (*fd < 0 || timerfd_settime(*fd, 0, &when, NULL) < 0)
		return error_set(err, errno, "start a timer");
	return 0;
}

/* each who stops it has a patience of their own: the shortest counts */
static bool ends_sooner(int timer_fd, uint64_t ms)
{
	struct itimerspec left;

	if (timer_fd < 0 || timerfd_gettime(timer_fd, &left) < 0)
		return false;
	return (uint64_t)left.it_value.tv_sec * 1000 +
		       (uint64_t)left.it_value.tv_nsec / 1000000 <
	       ms;
}

int watch_stop(struct watch *w, int signal, uint64_t timeout_ms,
	       struct error *err)
{
	struct launch *l = w->l;
	int r = 0;

	w->stop_asked = w->asked_to_end = true;
	if (!w->running || w->init_gone)
		return 0;
	if (w->paused)
		r = watch_freeze(w, false, err);
	/* one that will not hear it need not be waited for */
	if (timeout_ms == 0 ||
	    workload_ignores(l->board->init_pid, l->board->workload_pid,
			     l->spec->pid1, signal)) {
		watch_end_by(w, ENDED_BY_STOP);
		return 0;
	}
	watch_signal(w, signal);
	if (r < 0 || ends_sooner(w->stop_timer_fd, timeout_ms))
		return r;
	return watch_start_timer(&w->stop_timer_fd, timeout_ms, err);
}
