#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"

void process_reset_signals(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static char *title_start;
static size_t title_size;

void process_remember_title(int argc, char **argv)
{
	if (argc > 0) {
		title_start = argv[0];
		title_size = (size_t)(argv[argc - 1] - argv[0]) +
			     strlen(argv[argc - 1]) + 1;
	}
}

void process_set_title(const char *title)
{
	if (title_size == 0)
		return;
	memset(title_start, 0, title_size);
	strncpy(title_start, title, title_size - 1);
}

void process_die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(STATUS_WOLFFIA);
}

char *process_find_program(const char *name)
{
	const char *path = getenv("PATH");
	scoped(char) *all =
		xasprintf("%s:/usr/bin:/bin:/usr/sbin:/sbin", path ? path : "");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	for (char *rest = all, *dir; (dir = strsep(&rest, ":"));) {
		/* an empty part of PATH is the working directory: not for us */
		if (dir[0] != '/')
			continue;
		scoped(char) *full = xasprintf("%s/%s", dir, name);
		if (access(full, X_OK) == 0)
			return take_ptr(full);
	}
	return NULL;
}

/* In the child of vfork(2): only system calls, and no memory of the parent's */
static void become(const char *program, char *const argv[],
		   const struct process_stdio *stdio, pid_t parent)
{
	int from[3] = { stdio->in, stdio->out, stdio->err };

	process_die_with_parent(parent);
	/* first out of the way of 0, 1 and 2, then into their places */
	for (int i = 0; i < 3; i++) {
		from[i] = from[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC)
				      : from[i];
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
		if (from[i] < 0)
			_exit(STATUS_WOLFFIA);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			_exit(STATUS_WOLFFIA);
	struct error ignored;
	if (fd_close_above(NULL, 0, &ignored) < 0)
		_exit(STATUS_WOLFFIA);
	process_reset_signals();
	execv(program, argv);
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXEC);
}

pid_t process_spawn(char *const argv[], const struct process_stdio *stdio,
		    struct error *err)
{
	scoped(char) *program = process_find_program(argv[0]);
	pid_t parent = getpid();
	sigset_t all, old;

	if (!program)
		return error_say(err, ENOENT, "%s is not installed", argv[0]);
	/* no handler of ours may run in memory that the child shares */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = vfork();
	if (pid == 0)
		become(program, argv, stdio, parent);
	int saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return error_set(err, saved, "start %s", argv[0]);
	return pid;
}

int process_wait(pid_t pid, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for process %d",
					 (int)pid);
	return status;
}

bool process_kill(pid_t pid)
{
	return kill(pid, SIGKILL) == 0;
}

bool process_is_ending(pid_t pid)
{
	enum { EXITING = 0x4, LARGEST = 4096 };
	scoped(char) *path = xasprintf("/proc/%d/stat", (int)pid);
	scoped(char) *text = NULL;
	struct error ignored;
	unsigned flags = 0;
	char state = 0;

	if (fd_read_file(AT_FDCWD, path, LARGEST, &text, &ignored) < 0)
		return false;
	/* behind the name, which may hold anything */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || flags & EXITING;
}

int process_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return STATUS_SIGNAL + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

const char *process_describe(int wait_status, char *to, size_t size)
{
	if (WIFSIGNALED(wait_status)) {
		const char *name = sigabbrev_np(WTERMSIG(wait_status));
		if (name)
			snprintf(to, size, "was killed by SIG%s", name);
		else /* of a real-time signal */
			snprintf(to, size, "was killed by signal %d",
				 WTERMSIG(wait_status));
	} else {
		snprintf(to, size, "exited with status %d",
			 WEXITSTATUS(wait_status));
	}
	return to;
}
