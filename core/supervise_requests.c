/*
 * core/supervise_requests.c - what the launcher does when another command asks
 * for it (core/control.h)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/init.h"
#include "core/launch_record.h"
#include "core/state.h"
#include "core/watch.h"

/* One request, and what is answered. */
struct exchange {
	struct control_client *client;
	const struct control_request *request;
	int *fds;
	int *reply_fds;
	size_t *n_reply_fds;
};

static int check_running(const struct watch *w, struct error *err)
{
	return w->running && !w->init_gone
		       ? 0
		       : error_say(err, ESRCH, "the container is not running");
}

static int do_signal(struct watch *w, const struct exchange *x,
		     struct error *err)
{
	int number = x->request->number;
	int r = check_running(w, err);

	if (r < 0)
		return r;
	if (number < 1 || number > 64)
		return error_say(err, EINVAL, "%d is no signal", number);
	if (number == SIGKILL)
		w->stop_asked = true;
	scoped(char) *attribute = xasprintf("signal=%d", number);
	launch_event(w->l, EVENT_KILL, attribute);
	watch_signal(w, number);
	return 0;
}

static int do_stop(struct watch *w, const struct exchange *x, struct error *err)
{
	int32_t asked = x->request->number;
	uint64_t ms = asked < 0 ? w->l->spec->stop_timeout_ms : (uint64_t)asked;
	uint32_t signal = x->request->flags;

	if (signal > 64)
		return error_say(err, EINVAL, "%u is no signal", signal);
	int r = watch_stop(w, signal ? (int)signal : w->l->spec->stop_signal,
			   ms, err);
	if (r < 0)
		return r;
	x->client->waits_for_all = true;
	return 1;
}

static int do_wait(struct watch *w, const struct exchange *x, struct error *err)
{
	(void)w;
	(void)err;
	x->client->waits = true;
	return 1;
}

static int set_paused(struct watch *w, bool pause, struct error *err)
{
	struct error ignored;
	int r = check_running(w, err);

	if (r < 0)
		return r;
	if (w->paused == pause)
		return error_say(err, EALREADY, "the container is %s paused",
				 pause ? "already" : "not");
	r = watch_freeze(w, pause, err);
	if (r < 0)
		return r;
	r = launch_record_phase(w->l, pause ? PHASE_PAUSED : PHASE_RUNNING,
				err);
	/* as it is written down, so that nobody is told a lie */
	if (r < 0)
		watch_freeze(w, !pause, &ignored);
	return r;
}

static int do_pause(struct watch *w, const struct exchange *x,
		    struct error *err)
{
	(void)x;
	return set_paused(w, true, err);
}

static int do_unpause(struct watch *w, const struct exchange *x,
		      struct error *err)
{
	(void)x;
	return set_paused(w, false, err);
}

static int do_session(struct watch *w, const struct exchange *x,
		      struct error *err)
{
	struct init_request request = {
		.verb = INIT_SESSION,
		.number = (int32_t)x->request->flags,
	};
	int r = check_running(w, err);

	if (r < 0)
		return r;
	if (w->l->spec->pid1) {
		error_say(err, ENOTSUP,
			  "the container has no init of ours that could start "
			  "another command");
		return error_hint(err, "run it without --pid1");
	}
	if (w->paused) {
		error_say(err, EBUSY, "the container is paused");
		return error_hint(err, "\"wolffia unpause\" lets it go on");
	}
	if (x->fds[0] < 0 || x->fds[1] < 0)
		return error_say(err, EINVAL, "descriptors are missing");
	snprintf(request.session, sizeof(request.session), "%.64s",
		 x->request->name);
	r = fd_send_message(w->l->peer[INIT], &request, sizeof(request), x->fds,
			    2, err);
	if (r == 0)
		w->sessions_asked++;
	return r == -EPIPE || r == -ECONNRESET
		       ? error_say(err, ESRCH, "the container is not running")
		       : r;
}

static int add_sink(struct fanout *fanout, int *fd, int *ret_fd,
		    struct error *err)
{
	/* nobody who is attached may make us wait for him */
	fcntl(*fd, F_SETFL, O_WRONLY | O_NONBLOCK);
	if (fanout_add(fanout, (struct sink){ .fd = *fd }) < 0)
		return error_say(err, EMFILE,
				 "too many are attached to the container");
	*ret_fd = take_fd(*fd);
	return 0;
}

static int do_attach(struct watch *w, const struct exchange *x,
		     struct error *err)
{
	bool wants_input = x->request->flags & ATTACH_INPUT;
	int r = check_running(w, err);

	if (r < 0)
		return r;
	if (x->fds[0] < 0 || x->fds[1] < 0 || (wants_input && x->fds[2] < 0))
		return error_say(err, EINVAL, "descriptors are missing");
	if (wants_input && relay_connect(w->input, x->fds[2]) < 0)
		return error_say(err, EBUSY,
				 "the container's standard input is %s",
				 w->input->ended ? "closed" : "taken");
	if (wants_input)
		x->client->in = take_fd(x->fds[2]);
	launch_event(w->l, EVENT_ATTACH, NULL);
	r = add_sink(w->output[0], &x->fds[0], &x->client->out, err);
	return r < 0 ? r
		     : add_sink(w->output[1], &x->fds[1], &x->client->err, err);
}

void watch_leave(void *context, struct control_client *client)
{
	struct watch *w = context;

	if (client->out >= 0 && w->output[0])
		fanout_remove(w->output[0], client->out);
	if (client->err >= 0 && w->output[1])
		fanout_remove(w->output[1], client->err);
	if (client->in >= 0 && w->input && w->input->from == client->in)
		relay_disconnect(w->input);
	fd_close(&client->out);
	fd_close(&client->err);
	fd_close(&client->in);
}

static int do_resize(struct watch *w, const struct exchange *x,
		     struct error *err)
{
	struct winsize size = { .ws_row = x->request->rows,
				.ws_col = x->request->columns };
	int r = check_running(w, err);

	if (r == 0 && w->l->terminal_fd >= 0 &&
	    ioctl(w->l->terminal_fd, TIOCSWINSZ, &size) < 0)
		r = error_set(err, errno, "change the terminal's size");
	return r;
}

static int do_root(struct watch *w, const struct exchange *x, struct error *err)
{
	struct launch *l = w->l;
	int r = check_running(w, err);

	if (r < 0)
		return r;
	x->reply_fds[0] = l->root_tree_fd;
	x->reply_fds[1] = l->inner_userns_fd;
	x->reply_fds[2] = l->outer_userns_fd;
	*x->n_reply_fds = 3;
	return 0;
}

static int do_rename(struct watch *w, const struct exchange *x,
		     struct error *err)
{
	return state_rename(w->l->state, x->request->name, launch_record_name,
			    w->l, err);
}

int watch_handle(void *context, struct control_client *client,
		 const struct control_request *request, int *fds,
		 struct control_reply *reply, int *reply_fds,
		 size_t *n_reply_fds, struct error *err)
{
	static int (*const actions[])(struct watch *, const struct exchange *,
				      struct error *) = {
		[CONTROL_SIGNAL] = do_signal,   [CONTROL_STOP] = do_stop,
		[CONTROL_WAIT] = do_wait,       [CONTROL_PAUSE] = do_pause,
		[CONTROL_UNPAUSE] = do_unpause, [CONTROL_SESSION] = do_session,
		[CONTROL_ATTACH] = do_attach,   [CONTROL_RESIZE] = do_resize,
		[CONTROL_ROOT] = do_root,       [CONTROL_RENAME] = do_rename,
	};
	const struct exchange x = { client, request, fds, reply_fds,
				    n_reply_fds };

	(void)reply;
	if ((size_t)request->verb >= ARRAY_SIZE(actions))
		return error_say(err, EINVAL, "an unknown request");
	return actions[request->verb](context, &x, err);
}
