/*
 * core/task.h - how a process of PID 1's becomes a command of the container:
 * its first one, or that of a session
 *
 * Steps for one process, in this order; each is fatal when it fails.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/confine/user.h"
#include "core/spec.h"

/*
 * task_open_workdir - as the container's root
 * @make: make it if it is missing, as docker does for "run"
 * Magic links of /proc are refused (CVE-2024-21626).
 */
int task_open_workdir(const char *path, bool make, struct error *err);

/* task_become_user - the user's ids and, of the container's rights, that
 * user's: none but for root */
int task_become_user(const struct spec *spec, const struct user *user,
		     struct error *err);

/* task_connect - @fds become 0, 1 and 2, the first one the terminal with @tty
 */
int task_connect(const int fds[3], bool tty, struct error *err);

/* task_enter_workdir - with the user's own rights */
int task_enter_workdir(int fd, const char *path, struct error *err);

/* task_set_home - HOME, unless @env has it */
void task_set_home(struct strv *env, const struct user *user);

/*
 * task_limit - the limits of the container's processes (setrlimit(2))
 * PID 1 itself has none of them: it serves all, and must not fail for want of
 * a descriptor.
 */
int task_limit(const struct spec *spec, struct error *err);

/*
 * task_execute - execvp(3) with the container's PATH
 * Default signals, umask 022, and no descriptor but 0, 1 and 2 goes along.
 * @ret_exec_failed: it was tried, and the command is to blame
 * Returns only on failure: -ENOENT there is no such program, ...
 */
int task_execute(const struct strv *argv, const struct strv *env,
		 bool *ret_exec_failed, struct error *err);
