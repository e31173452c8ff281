/* How the workload begins; what PID 1 does afterwards is in init_serve.c. */
#include "core/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/task.h"

static int connect_streams(struct launch *l, struct error *err)
{
	bool has_input = l->spec->tty || l->spec->interactive;
	/* the container's own, so that /dev/stdin can be opened again */
	scoped_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	const int fds[3] = { has_input ? l->stream[0].inside : null,
			     l->stream[1].inside, l->stream[2].inside };
	return task_connect(fds, l->spec->tty, err);
}

/* it is the launcher's child, and cannot see its number */
static int end_with_launcher(struct launch *l, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(err, errno, "end with the launcher");
	struct pollfd peer = { l->peer[LAUNCHER], POLLIN, 0 };
	int n = poll(&peer, 1, 0);
	if (n > 0)
		_exit(STATUS_WOLFFIA);
	return n < 0 ? error_set(err, errno, "end with the launcher") : 0;
}

int init_become_workload(struct launch *l, struct error *err)
{
	const struct spec *spec = l->spec;
	scoped_strv env = { 0 };
	scoped_fd workdir = task_open_workdir(spec->workdir, true, err);
	int r = workdir < 0 ? workdir : connect_streams(l, err);

	strv_extend(&env, spec->env.v);
	task_set_home(&env, &l->user);
	if (r == 0)
		r = task_become_user(spec, &l->user, err);
	if (r == 0)
		r = task_enter_workdir(workdir, spec->workdir, err);
	if (r == 0 && spec->pid1)
		r = end_with_launcher(l, err);
	if (r == 0)
		r = task_limit(spec, err);
	return r < 0 ? r
		     : task_execute(&spec->argv, &env, &l->board->exec_failed,
				    err);
}

/* the workload can read the command line of PID 1 from its first moment on, and
 * the caller's is no affair of its */
static void hide_command_line(void)
{
	static const char name[] = "wolffia-init";

	prctl(PR_SET_NAME, name, 0, 0, 0);
	process_set_title(name);
}

pid_t init_start(struct launch *l, struct error *err)
{
	struct error why = { 0 };
	int report[2];

	hide_command_line();
	if (pipe2(report, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		init_become_workload(l, &why);
		if (write(report[1], &why, sizeof(why)) < 0)
			_exit(STATUS_WOLFFIA);
		_exit(STATUS_WOLFFIA);
	}
	fd_close(&report[1]);
	for (int i = 0; i < 3; i++)
		fd_close(&l->stream[i].inside);
	ssize_t n = read(report[0], &why, sizeof(why));
	fd_close(&report[0]);
	if (n == 0) {
		l->board->workload_pid = pid;
		return pid;
	}
	if (n == sizeof(why) && why.code) {
		*err = why;
		return -why.code;
	}
	return error_say(err, EIO,
			 "the workload's process died before it began");
}
