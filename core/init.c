#include "core/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/process.h"
#include "base/status.h"
#include "core/confine/capabilities.h"
#include "core/confine/identity.h"

static int connect_streams(struct launch *l, struct error *err)
{
	if (setsid() < 0 && errno != EPERM) /* EPERM: leads one already */
		return error_set(err, errno, "start a session");
	if (l->spec->tty && ioctl(l->stream[0].inside, TIOCSCTTY, 0) < 0)
		return error_set(err, errno, "take the terminal");
	/* the container's own, so that /dev/stdin can be opened again */
	scoped_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int i = 0; i < 3; i++) {
		bool has_input = l->spec->tty || l->spec->interactive;
		int fd = i == 0 && !has_input ? null : l->stream[i].inside;
		if (dup2(fd, i) < 0)
			return error_set(err, errno, "connect stream %d", i);
	}
	return 0;
}

/*
 * The directory is opened as the container's root, made if it is missing as
 * docker does, and entered with the workload's own rights.  Magic links of
 * /proc are refused (CVE-2024-21626).
 */
static int open_workdir(const char *path, struct error *err)
{
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error first;

	if (root < 0)
		return error_set(err, errno, "open /");
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0, &first);
	if (fd < 0 && first.code == ENOENT)
		fd = path_mkdir_in_root(root, path, 0755, &first);
	if (fd < 0) {
		*err = first;
		return error_prefix(err, "working directory %s", path);
	}
	return fd;
}

static int enter_workdir(int fd, const char *path, struct error *err)
{
	char here[4096];

	if (fchdir(fd) < 0)
		return error_set(err, errno, "enter the working directory %s",
				 path);
	if (!getcwd(here, sizeof(here)) || here[0] != '/')
		return error_say(err, EXDEV,
				 "the working directory %s is outside the root",
				 path);
	return 0;
}

static void complete_environment(const struct launch *l, struct strv *env)
{
	strv_extend(env, l->spec->env.v);
	if (!strv_get_env(env, "HOME")) {
		scoped(char) *home = xasprintf(
			"HOME=%s",
			l->user.home && *l->user.home ? l->user.home : "/");
		strv_set_env(env, home);
	}
}

static int cannot_execute(struct launch *l, const char *path, int code,
			  struct error *err)
{
	struct stat st;

	l->board->exec_failed = true;
	if (code == ENOENT && stat(path, &st) == 0) {
		error_say(err, ENOENT,
			  "%s: its interpreter, or the dynamic linker that it "
			  "names, is not in this root file system",
			  path);
		return -ENOENT;
	}
	error_set(err, code, "%s", path);
	if (code == ENOEXEC)
		error_hint(err,
			   "it is neither a program for this machine nor a "
			   "script that begins with #!");
	if (code == EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		error_hint(err, "it is a directory");
	else if (code == EACCES)
		error_hint(err, "is it executable for the user that it is run "
				"as?");
	return -code;
}

/* execvp(3) with the container's PATH, remembering the best reason */
static int execute(struct launch *l, struct strv *env, struct error *err)
{
	char *const *argv = strv_argv(&l->spec->argv);
	const char *path = strv_get_env(env, "PATH");
	int best = ENOENT;

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, strv_argv(env));
		return cannot_execute(l, argv[0], errno, err);
	}
	scoped(char) *rest = xstrdup(path ? path : "/usr/bin:/bin");
	for (char *next = rest, *dir; (dir = strsep(&next, ":"));) {
		scoped(char) *full =
			xasprintf("%s/%s", *dir ? dir : ".", argv[0]);
		execve(full, argv, strv_argv(env));
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return cannot_execute(l, full, errno, err);
		struct stat st;
		if (stat(full, &st) == 0 && S_ISREG(st.st_mode))
			return cannot_execute(l, full,
					      errno == EACCES ? EACCES : ENOENT,
					      err);
		if (errno == EACCES)
			best = EACCES;
	}
	l->board->exec_failed = true;
	if (best == EACCES)
		return error_set(err, EACCES, "%s", argv[0]);
	return error_say(err, ENOENT,
			 "%s: not found in the container's PATH, %s", argv[0],
			 path ? path : "/usr/bin:/bin");
}

/* for a user who is not root, only what a set-uid program may bring back */
static uint64_t bounding_set(const struct launch *l)
{
	return l->user.uid == 0 || !l->spec->no_new_privileges
		       ? l->spec->capabilities
		       : 0;
}

int init_become_workload(struct launch *l, struct error *err)
{
	scoped_strv env = { 0 };
	bool single = l->spec->userns == USERNS_SINGLE;
	scoped_fd workdir = open_workdir(l->spec->workdir, err);
	int r = workdir < 0 ? workdir : connect_streams(l, err);

	complete_environment(l, &env);
	if (r == 0)
		r = capabilities_drop_bounding(bounding_set(l), err);
	if (r == 0)
		r = identity_become(l->user.uid, l->user.gid, l->user.groups,
				    single ? 0 : l->user.n, !single, err);
	if (r == 0)
		r = capabilities_apply(l->spec->capabilities, l->user.uid == 0,
				       err);
	if (r == 0)
		r = enter_workdir(workdir, l->spec->workdir, err);
	if (r < 0)
		return r;
	if (l->spec->pid1) {
		/* it is the launcher's child, and cannot see its number */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			return error_set(err, errno, "end with the launcher");
		struct pollfd peer = { l->peer[LAUNCHER], POLLIN, 0 };
		if (poll(&peer, 1, 0) != 0)
			_exit(STATUS_WOLFFIA);
	}
	umask(0022);
	process_reset_signals();
	r = fd_cloexec_above(-1, err);
	return r < 0 ? r : execute(l, &env, err);
}

pid_t init_start(struct launch *l, struct error *err)
{
	struct error why = { 0 };
	int report[2];

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
	if (n == 0)
		return pid;
	if (n == sizeof(why) && why.code) {
		*err = why;
		return -why.code;
	}
	return error_say(err, EIO,
			 "the workload's process died before it began");
}

/* Return: true when the workload is among the dead, with *@ret_status */
static bool reap(pid_t workload, int *ret_status)
{
	bool ended = false;
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
		if (pid != workload)
			continue;
		*ret_status = status;
		ended = true;
	}
	return ended;
}

/* what needs no capability after the workload runs: all but these go */
static void shed_rights(struct launch *l)
{
	static const char name[] = "wolffia-init";
	int keep[] = { l->peer[LAUNCHER] };
	struct error ignored;

	prctl(PR_SET_NAME, name, 0, 0, 0);
	process_set_title(name);
	/* to signal the workload, and to start sessions as any user */
	uint64_t rights = l->spec->capabilities | 1ull << CAP_KILL |
			  1ull << CAP_SETUID | 1ull << CAP_SETGID |
			  1ull << CAP_SETPCAP;
	if (fd_close_above(keep, 1, &ignored) < 0 ||
	    capabilities_drop_bounding(rights, &ignored) < 0 ||
	    capabilities_apply(rights, true, &ignored) < 0)
		_exit(STATUS_WOLFFIA);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
}

/*
 * ^Z is for all of the container: its processes are in no session of the
 * user's, where the kernel would not let SIGTSTP stop them.
 */
static void forward(pid_t workload, int number)
{
	if (number == SIGTSTP)
		kill(-1, SIGSTOP);
	else if (number == SIGCONT)
		kill(-1, SIGCONT);
	else
		kill(workload, number);
}

_Noreturn void init_serve(struct launch *l, pid_t workload)
{
	sigset_t mask;

	shed_rights(l);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	struct pollfd fds[] = {
		{ l->peer[LAUNCHER], POLLIN, 0 },
		{ signals, POLLIN, 0 },
	};

	/* a child that died before the signalfd was there counts as well */
	while (!reap(workload, &l->board->wait_status)) {
		struct signalfd_siginfo info;
		unsigned char number;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			_exit(STATUS_WOLFFIA);
		if (fds[0].revents) {
			if (recv(fds[0].fd, &number, 1, 0) != 1)
				_exit(STATUS_WOLFFIA); /* the launcher is gone
							*/
			forward(workload, number);
		}
		if (fds[1].revents && read(signals, &info, sizeof(info)) < 0)
			continue;
	}
	l->board->ended = true;
	_exit(0);
}
