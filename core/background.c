/*
 * core/background.c - a launcher that nobody waits for
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/launch.h"

/*
 * Nothing of the caller's stays: no terminal, no directory, no descriptor, so
 * that who waits for the end of a pipe does not wait for the container.
 */
static int leave_caller(const struct spec *spec, const struct state *state,
			struct error *err)
{
	scoped(char) *title = xasprintf("wolffia %s", state->name);
	scoped_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	if (setsid() < 0)
		return error_set(err, errno, "start a session");
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return error_set(err, errno, "close the streams");
	if (chdir("/") < 0)
		return error_set(err, errno, "enter /");
	int r = fd_close_inherited(spec->status_fd, err);
	process_set_title(title);
	return r;
}

_Noreturn static void launch(const struct spec *spec, struct state *state,
			     struct launch_how *how, uint64_t started_ns)
{
	struct launch_news news = { .status = STATUS_WOLFFIA };
	int r = leave_caller(spec, state, &news.err);

	if (r == 0)
		r = launch_run(spec, state, how, started_ns, &news.status,
			       &news.err);
	if (how->ready_fd >= 0 && write(how->ready_fd, &news, sizeof(news)) < 0)
		_exit(STATUS_WOLFFIA); /* who waited is gone */
	_exit(news.status);
}

static int hear(int ready_fd, pid_t launcher, struct launch_news *ret,
		struct error *err)
{
	struct error ignored;
	ssize_t n;

	do {
		n = read(ready_fd, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	if (n == sizeof(*ret))
		return 0;
	if (n >= 0)
		return error_say(err, ECHILD,
				 "the launcher of the container has died");
	error_set(err, errno, "hear from the launcher");
	/* nobody would know of what it perhaps started */
	if (process_kill(launcher))
		process_wait(launcher, &ignored);
	return -err->code;
}

int launch_in_background(const struct spec *spec, struct state *state,
			 struct launch_how *how, uint64_t started_ns,
			 int *ret_status, struct error *err)
{
	struct launch_news news;
	int ready[2];

	*ret_status = STATUS_WOLFFIA;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	how->background = true;
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		fd_close(&ready[0]);
		for (int i = 0; i < 3; i++)
			fd_close(&how->others[i]);
		how->ready_fd = ready[1];
		launch(spec, state, how, started_ns);
	}
	fd_close(&ready[1]);
	for (int i = 0; i < 3; i++)
		fd_close(&how->attached[i]);
	/* the locks are the launcher's now */
	state_close(state);
	int r = hear(ready[0], pid, &news, err);
	if (r == 0 && how->tell_end && !news.err.code)
		how->news_fd = take_fd(ready[0]);
	fd_close(&ready[0]);
	if (r < 0)
		return r;
	*ret_status = news.err.code ? news.status : 0;
	if (news.err.code)
		*err = news.err;
	return -news.err.code;
}
