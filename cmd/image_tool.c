#include "cmd/image_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/strv.h"

/* Return: its path, the caller's to free, or NULL */
static char *find_tool(void)
{
	static const char *const places[] = {
		"wolffia-image", "../libexec/wolffia/wolffia-image"
	};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	slash[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		scoped(char) *path = xasprintf("%s%s", self, places[i]);
		if (access(path, X_OK) == 0)
			return take_ptr(path);
	}
	return NULL;
}

static int make_argv(char *const verb[], struct strv *ret, char **ret_path,
		     struct error *err)
{
	char *path = find_tool();

	if (!path) {
		error_say(err, ENOENT, "the program wolffia-image is missing");
		return error_hint(err, "it belongs beside wolffia, or in "
				       "../libexec/wolffia: install both");
	}
	*ret_path = path;
	strv_add(ret, path);
	strv_extend(ret, verb);
	return 0;
}

int image_tool_exec(char *const verb[], struct error *err)
{
	scoped_strv argv = { 0 };
	scoped(char) *path = NULL;
	int r = make_argv(verb, &argv, &path, err);

	if (r < 0)
		return r;
	execv(path, strv_argv(&argv));
	return error_set(err, errno, "execute %s", path);
}

/* What its end, and what wants to be passed on to it, is told by. */
struct watch {
	pid_t pid;
	int pid_fd;
	int signal_fd;
	int caught;   /* a signal, or 0 */
	int output;   /* -1: none, or no more */
	char *answer; /* with room for .size */
	size_t size, n;
	sigset_t before;
};

static int catch_signals(struct watch *watch, struct error *err)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&mask, ending[i]);
	if (sigprocmask(SIG_BLOCK, &mask, &watch->before) < 0)
		return error_set(err, errno, "block signals");
	watch->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return watch->signal_fd < 0 ? error_set(err, errno, "receive signals")
				    : 0;
}

/* from a terminal it has got one of its own, and two do no harm */
static void pass_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	watch->caught = (int)info.ssi_signo;
	kill(watch->pid, watch->caught == SIGQUIT ? SIGTERM : watch->caught);
}

static void read_answer(struct watch *watch)
{
	char lost[256];
	bool full = watch->n + 1 >= watch->size;
	ssize_t n = full ? read(watch->output, lost, sizeof(lost))
			 : read(watch->output, watch->answer + watch->n,
				watch->size - watch->n - 1);

	if (n > 0 && !full)
		watch->n += (size_t)n;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		fd_close(&watch->output);
}

/* until it has ended; a process of its own that it left is not waited for */
static int watch_it(struct watch *watch, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = watch->signal_fd, .events = POLLIN },
			{ .fd = watch->output, .events = POLLIN },
			{ .fd = watch->pid_fd, .events = POLLIN },
		};
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_set(err, errno, "wait for wolffia-image");
		if (fds[0].revents)
			pass_signal(watch);
		if (fds[1].revents)
			read_answer(watch);
		else if (fds[2].revents)
			return 0;
	}
}

static int spawn(struct watch *watch, char *const verb[], struct error *err)
{
	scoped_strv argv = { 0 };
	scoped(char) *path = NULL;
	scoped_fd in = -1;
	int ends[2];
	int r = make_argv(verb, &argv, &path, err);

	if (r < 0)
		return r;
	if (watch->answer) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_set(err, errno, "make a pipe");
		watch->output = ends[0];
		in = ends[1];
	}
	const struct process_stdio stdio = { -1, in >= 0 ? in : STDOUT_FILENO,
					     STDERR_FILENO };
	watch->pid = process_spawn(strv_argv(&argv), &stdio, err);
	if (watch->pid < 0)
		return watch->pid;
	watch->pid_fd = (int)syscall(SYS_pidfd_open, watch->pid, 0);
	return watch->pid_fd < 0 ? error_set(err, errno, "pidfd_open") : 0;
}

/* it has said why */
static int failed(struct error *err)
{
	*err = (struct error){ .code = ECHILD };
	return -ECHILD;
}

int image_tool_ask(char *const verb[], char *answer, size_t size,
		   struct error *err)
{
	struct watch watch = { .pid = -1,
			       .pid_fd = -1,
			       .signal_fd = -1,
			       .output = -1,
			       .answer = answer,
			       .size = size };
	struct error second;
	int status = 0;
	int r = catch_signals(&watch, err);

	if (r == 0)
		r = spawn(&watch, verb, err);
	if (r == 0)
		r = watch_it(&watch, err);
	if (watch.pid > 0)
		status = process_wait(watch.pid, r < 0 ? &second : err);
	fd_close(&watch.pid_fd);
	fd_close(&watch.signal_fd);
	fd_close(&watch.output);
	sigprocmask(SIG_SETMASK, &watch.before, NULL);
	/* it has tidied up: now as if nobody had caught it */
	if (watch.caught)
		raise(watch.caught);
	if (r < 0 || status < 0)
		return r < 0 ? r : status;
	if (answer) {
		answer[watch.n] = '\0';
		answer[strcspn(answer, "\n")] = '\0';
	}
	return status == 0 ? 0 : failed(err);
}

int image_tool_call(char *const verb[], struct error *err)
{
	return image_tool_ask(verb, NULL, 0, err);
}
