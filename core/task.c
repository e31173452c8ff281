#include "core/task.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/process.h"
#include "core/confine/capabilities.h"
#include "core/confine/identity.h"
#include "core/confine/rlimits.h"

int task_open_workdir(const char *path, bool make, struct error *err)
{
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error first;

	if (root < 0)
		return error_set(err, errno, "open /");
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0, &first);
	if (fd < 0 && first.code == ENOENT && make)
		fd = path_mkdir_in_root(root, path, 0755, &first);
	if (fd < 0) {
		*err = first;
		return error_prefix(err, "working directory %s", path);
	}
	return fd;
}

int task_enter_workdir(int fd, const char *path, struct error *err)
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

int task_connect(const int fds[3], bool tty, struct error *err)
{
	/* R10: a terminal of the host's is none of a session of its own */
	if (setsid() < 0 && getsid(0) != getpid())
		return error_set(err, errno, "start a session");
	if (tty && ioctl(fds[0], TIOCSCTTY, 0) < 0)
		return error_set(err, errno, "take the terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return error_set(err, errno, "connect stream %d", i);
	return 0;
}

void task_set_home(struct strv *env, const struct user *user)
{
	if (strv_get_env(env, "HOME"))
		return;
	scoped(char) *home = xasprintf(
		"HOME=%s", user->home && *user->home ? user->home : "/");
	strv_set_env(env, home);
}

/* for a user who is not root, only what a set-uid program may bring back */
static uint64_t bounding_set(const struct spec *spec, const struct user *user)
{
	return user->uid == 0 || !spec->no_new_privileges ? spec->capabilities
							  : 0;
}

int task_become_user(const struct spec *spec, const struct user *user,
		     struct error *err)
{
	bool single = spec->userns == USERNS_SINGLE;
	int r = capabilities_drop_bounding(bounding_set(spec, user), err);

	if (r == 0)
		r = identity_become(user->uid, user->gid, user->groups,
				    single ? 0 : user->n, !single, err);
	if (r == 0)
		r = capabilities_apply(spec->capabilities, user->uid == 0, err);
	/* a change of ids sets it to fs.suid_dumpable (proc(5)); until
	 * execve(2) this is a process of ours */
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = error_set(err, errno, "become non-dumpable");
	return r;
}

/* the defaults first: what was asked for comes after them, and counts */
int task_limit(const struct spec *spec, struct error *err)
{
	struct spec_rlimit defaults[RLIMITS_DEFAULT];
	int r = rlimits_default(defaults, err);

	if (r >= 0)
		r = rlimits_apply(defaults, RLIMITS_DEFAULT, err);
	return r < 0 ? r : rlimits_apply(spec->rlimits, spec->n_rlimits, err);
}

static int cannot_execute(const char *path, int code, struct error *err)
{
	struct stat st;

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

/* execvp(3) with @env's PATH, remembering the best reason */
static int execute(const struct strv *list, const struct strv *env,
		   struct error *err)
{
	char *const *argv = strv_argv(list);
	const char *path = strv_get_env(env, "PATH");
	int best = ENOENT;

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, strv_argv(env));
		return cannot_execute(argv[0], errno, err);
	}
	scoped(char) *rest = xstrdup(path ? path : "/usr/bin:/bin");
	for (char *next = rest, *dir; (dir = strsep(&next, ":"));) {
		scoped(char) *full =
			xasprintf("%s/%s", *dir ? dir : ".", argv[0]);
		execve(full, argv, strv_argv(env));
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return cannot_execute(full, errno, err);
		struct stat st;
		if (stat(full, &st) == 0 && S_ISREG(st.st_mode))
			return cannot_execute(
				full, errno == EACCES ? EACCES : ENOENT, err);
		if (errno == EACCES)
			best = EACCES;
	}
	if (best == EACCES)
		return error_set(err, EACCES, "%s", argv[0]);
	return error_say(err, ENOENT,
			 "%s: not found in the container's PATH, %s", argv[0],
			 path ? path : "/usr/bin:/bin");
}

int task_execute(const struct strv *argv, const struct strv *env,
		 bool *ret_exec_failed, struct error *err)
{
	umask(0022);
	process_reset_signals();
	int r = fd_cloexec_above(-1, err);
	if (r < 0)
		return r;
	r = execute(argv, env, err);
	*ret_exec_failed = true;
	return r;
}
