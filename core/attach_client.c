#include "core/attach_client.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/attached.h"
#include "core/control.h"
#include "core/launch_record.h"

/* Who is asked for what cannot go through the streams. */
struct target {
	const struct store *store;
	const struct record *record;
};

static void ask(const struct target *target,
		const struct control_request *request)
{
	struct error ignored;

	/* one that has just ended needs no signal and has no terminal */
	control_call(target->store, target->record->id, request, NULL,
		     &ignored);
}

static void pass_signal(void *context, int number)
{
	const struct control_request request = { .verb = CONTROL_SIGNAL,
						 .number = number };

	ask(context, &request);
}

static void pass_size(void *context, const struct winsize *size)
{
	const struct control_request request = { .verb = CONTROL_RESIZE,
						 .rows = size->ws_row,
						 .columns = size->ws_col };

	ask(context, &request);
}

int attach_make_pipes(bool input, int theirs[3], int ours[3], struct error *err)
{
	for (int i = 0; i < 3; i++)
		theirs[i] = ours[i] = -1;
	for (int i = 0; i < 3; i++) {
		int ends[2];
		if (i == 0 && !input)
			continue;
		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_set(err, errno, "make a pipe");
		theirs[i] = ends[i != 0];
		ours[i] = ends[i == 0];
	}
	return 0;
}

int attach_run(const struct store *store, const struct record *record,
	       const struct attach_options *options, int ours[3], int end_fd,
	       struct error *err)
{
	struct target target = { store, record };
	struct attached attached = {
		.in = take_fd(ours[0]),
		.out = { take_fd(ours[1]), take_fd(ours[2]) },
		.tty = record->tty,
		.end_fd = end_fd,
		.detach_keys = options->detach_keys,
		.pass_signals = options->pass_signals && !record->tty,
		.signal = pass_signal,
		.resize = record->tty ? pass_size : NULL,
		.context = &target,
	};

	int r = attached_run(&attached, err);
	if (r == ATTACHED_DETACHED)
		record_event(store, record, EVENT_DETACH, NULL);
	return r;
}

static void close_three(int fds[3])
{
	for (int i = 0; i < 3; i++)
		fd_close(&fds[i]);
}

/* Return: 0, and the connection that keeps us attached in *ret_control */
static int connect_streams(const struct store *store,
			   const struct record *record, bool input, int ours[3],
			   int *ret_control, struct error *err)
{
	const struct control_request request = {
		.verb = CONTROL_ATTACH,
		.flags = input ? ATTACH_INPUT : 0,
	};
	struct control_reply reply;
	int theirs[3];
	scoped_fd control = control_connect(store, record->id, err);
	if (control < 0)
		return control;
	int r = attach_make_pipes(input, theirs, ours, err);
	const int fds[] = { theirs[1], theirs[2], theirs[0] };
	if (r == 0)
		r = control_ask(control, &request, fds, input ? 3 : 2, err);
	if (r == 0)
		r = control_hear(control, &reply, NULL, err);
	close_three(theirs);
	if (r == 0)
		*ret_control = take_fd(control);
	return r;
}

static int connect_wait(const struct store *store, const struct record *record,
			struct error *err)
{
	const struct control_request request = { .verb = CONTROL_WAIT };
	scoped_fd wait = control_connect(store, record->id, err);

	if (wait < 0)
		return wait;
	int r = control_ask(wait, &request, NULL, 0, err);
	return r < 0 ? r : take_fd(wait);
}

int attach_to_running(const struct store *store, const struct record *record,
		      const struct attach_options *options, int *ret_status,
		      struct error *err)
{
	int ours[3] = { -1, -1, -1 };
	struct control_reply reply;
	scoped_fd control = -1;

	*ret_status = STATUS_WOLFFIA;
	scoped_fd wait = connect_wait(store, record, err);
	if (wait < 0)
		return wait;
	int r = connect_streams(store, record, options->input, ours, &control,
				err);
	if (r == 0)
		r = attach_run(store, record, options, ours, wait, err);
	close_three(ours);
	if (r < 0)
		return r;
	if (r == ATTACHED_DETACHED) {
		*ret_status = 0;
		return r;
	}
	r = control_hear(wait, &reply, NULL, err);
	if (r == 0)
		*ret_status = reply.exit_code;
	return r;
}
