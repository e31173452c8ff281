#include "core/walk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/stops.h"

/* What goes over the sockets: a step is done, or it failed. */
struct token {
	int step;
	bool hearsay;     /* the error is another's silence */
	struct error err; /* .code 0: done */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool is_wanted(const struct step *step, const struct launch *launch)
{
	return !step->wanted || step->wanted(launch->spec);
}

/* the next wanted step from @i on; the end of the table when there is none */
static int next_wanted(const struct step *plan, int i,
		       const struct launch *launch)
{
	while (plan[i].name && !is_wanted(&plan[i], launch))
		i++;
	return i;
}

static bool has_more_steps(const struct step *plan, int from, enum actor actor,
			   const struct launch *launch)
{
	for (int i = from; plan[i].name; i++)
		if (plan[i].actor == actor && is_wanted(&plan[i], launch))
			return true;
	return false;
}

static int send_token(int socket, const struct token *token, struct error *err)
{
	/* a done step needs no text */
	size_t size = token->err.code ? sizeof(*token)
				      : offsetof(struct token, err.text);

	if (send(socket, token, size, MSG_NOSIGNAL) < 0)
		return error_set(err, errno, "tell the other process");
	return 0;
}

/* Return: 1 a token came, 0 end of file; -EAGAIN: neither, with MSG_DONTWAIT */
static int receive_token(int socket, int flags, struct token *ret,
			 struct error *err)
{
	struct token token = { 0 };
	ssize_t n;

	do {
		n = recv(socket, &token, sizeof(token), flags);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return error_set(err, errno, "hear from the other process");
	if ((size_t)n < offsetof(struct token, err.text))
		return error_set(err, EPROTO, "hear from the other process");
	*ret = token;
	return 1;
}

/*
 * A signal that should end the launch; SIGCHLD and the like do not.  One that
 * does stays pending: who cleans up looks for it.  The others are taken away,
 * so that poll can wait, and by their numbers: one that ends the launch may
 * come at any moment.
 */
static int check_signals(struct error *err)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	const struct timespec at_once = { 0 };
	sigset_t pending, harmless;

	sigpending(&pending);
	sigfillset(&harmless);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		if (sigismember(&pending, ending[i]))
			return error_say(err, EINTR, "interrupted by SIG%s",
					 sigabbrev_np(ending[i]));
		sigdelset(&harmless, ending[i]);
	}
	if (sigtimedwait(&harmless, NULL, &at_once) < 0 && errno != EAGAIN &&
	    errno != EINTR)
		return error_set(err, errno, "read a signal");
	return 0;
}

static int died(const char *step, struct error *err)
{
	return error_say(err, ECHILD, "the process that should %s has died",
			 step);
}

/* the first wanted step that is not done, of @actor or (N_ACTORS) of any */
static int first_undone(const struct step *plan, enum actor actor,
			const struct launch *launch)
{
	int i = next_wanted(plan, 0, launch);

	while (plan[i].name && (launch->board->finished_ns[i] ||
				(actor != N_ACTORS && plan[i].actor != actor)))
		i = next_wanted(plan, i + 1, launch);
	return i;
}

/*
 * One has gone silent.  Others end because of it, and which end is seen first
 * is chance: so an error that anybody sent comes first, and then the death
 * that was the first in the plan.
 */
static int explain_silence(const struct step *plan, int step, int silent,
			   const struct launch *launch, struct error *err)
{
	int first = first_undone(plan, (enum actor)silent, launch);

	for (int a = 0; a < N_ACTORS; a++) {
		struct token token;
		struct error ignored;
		if (launch->peer[a] < 0 || a == silent)
			continue;
		int r = receive_token(launch->peer[a], MSG_DONTWAIT, &token,
				      &ignored);
		if (r > 0 && token.err.code) {
			*err = token.err;
			return -err->code;
		}
		int undone = first_undone(plan, (enum actor)a, launch);
		if (r == 0 && undone < first)
			first = undone;
	}
	return died(plan[plan[first].name ? first : step].name, err);
}

/* @token came from @a, who only tells of a silence: has the other a reason? */
static int explain_hearsay(const struct launch *launch, int a,
			   const struct token *token, struct error *err)
{
	for (int other = 0; other < N_ACTORS; other++) {
		struct token reason;
		struct error ignored;
		if (launch->peer[other] < 0 || other == a)
			continue;
		if (receive_token(launch->peer[other], MSG_DONTWAIT, &reason,
				  &ignored) > 0 &&
		    reason.err.code) {
			*err = reason.err;
			return -err->code;
		}
	}
	*err = token->err;
	return -err->code;
}

/* Return: 1 go on, 0 the step is done, -errno */
static int launcher_hear(const struct step *plan, int step, int a,
			 struct launch *launch, struct error *err)
{
	bool is_awaited = (int)plan[step].actor == a;
	struct token token;
	int r = receive_token(launch->peer[a], 0, &token, err);

	if (r < 0)
		return r;
	if (r > 0 && token.hearsay)
		return explain_hearsay(launch, a, &token, err);
	if (r > 0 && token.err.code) {
		*err = token.err;
		return -err->code;
	}
	if (r > 0 && is_awaited && token.step == step)
		return 0;
	if (r > 0)
		return error_say(err, EPROTO, "step %d came instead of %d",
				 token.step, step);
	if (is_awaited && plan[step].exec &&
	    first_undone(plan, N_ACTORS, launch) == step) {
		fd_close(&launch->peer[a]);
		return 0;
	}
	if (is_awaited || plan[first_undone(plan, (enum actor)a, launch)].name)
		return explain_silence(plan, step, a, launch, err);
	fd_close(&launch->peer[a]);
	return 1;
}

/* The launcher hears everybody: errors come to it from all. */
static int launcher_wait(const struct step *plan, int step,
			 struct launch *launch, struct error *err)
{
	enum { SIGNALS = N_ACTORS, PARENT, N };

	for (;;) {
		struct pollfd fds[N] = { 0 };
		for (int a = 0; a < N_ACTORS; a++)
			fds[a] = (struct pollfd){ launch->peer[a], POLLIN, 0 };
		fds[SIGNALS] = (struct pollfd){ launch->signal_fd, POLLIN, 0 };
		fds[PARENT] = (struct pollfd){ launch->parent_fd, POLLIN, 0 };
		if (poll(fds, N, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(err, errno, "wait");
		}
		if (fds[PARENT].revents)
			return error_say(err, EINTR,
					 "the process that started it is gone");
		for (int a = 0; a < N_ACTORS; a++) {
			int r = !fds[a].revents ? 1
						: launcher_hear(plan, step, a,
								launch, err);
			if (r <= 0)
				return r;
		}
		if (fds[SIGNALS].revents) {
			int r = check_signals(err);
			if (r < 0)
				return r;
		}
	}
}

static int wait_for(const struct step *plan, int step, struct launch *launch,
		    struct error *err)
{
	struct token token;

	if (launch->me == LAUNCHER)
		return launcher_wait(plan, step, launch, err);
	int r = receive_token(launch->peer[plan[step].actor], 0, &token, err);
	if (r < 0)
		return r;
	if (r > 0 && !token.err.code && token.step == step)
		return 0;
	/* this end would be seen before the one that it comes from */
	int undone = first_undone(plan, plan[step].actor, launch);
	struct token silence = { .step = undone, .hearsay = true };
	died(plan[plan[undone].name ? undone : step].name, err);
	silence.err = *err;
	struct error ignored;
	send_token(launch->peer[LAUNCHER], &silence, &ignored);
	return -err->code;
}

static int do_step(const struct step *plan, int i, struct launch *launch,
		   struct error *err)
{
	enum actor me = launch->me;

	stops_before(plan, i);
	int r = plan[i].function(launch, err);

	if (r < 0) {
		error_prefix(err, "cannot %s", plan[i].name);
		if (launch->me != LAUNCHER) {
			struct token token = { .step = i, .err = *err };
			struct error ignored;
			send_token(launch->peer[LAUNCHER], &token, &ignored);
		}
		return -err->code;
	}
	if (launch->me != me) /* the child of a step that forks */
		return 0;
	launch->board->finished_ns[i] = now_ns();
	int next = next_wanted(plan, i + 1, launch);
	if (plan[next].name && plan[next].actor != me) {
		struct token token = { .step = i };
		return send_token(launch->peer[plan[next].actor], &token, err);
	}
	return 0;
}

int walk(const struct step *plan, struct launch *launch, struct error *err)
{
	int last = -1;

	for (int i = next_wanted(plan, 0, launch); plan[i].name;
	     i = next_wanted(plan, i + 1, launch)) {
		int r = 0;
		if (plan[i].actor == launch->me) {
			if (last >= 0 && plan[last].actor != launch->me)
				r = wait_for(plan, last, launch, err);
			if (r == 0)
				r = do_step(plan, i, launch, err);
		}
		if (r < 0)
			return r;
		last = i;
		if (launch->me != LAUNCHER &&
		    !has_more_steps(plan, i + 1, launch->me, launch))
			return 0;
	}
	return 0;
}
