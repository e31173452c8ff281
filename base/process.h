/*
 * base/process.h - starting other programs, and how they ended
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* What a program gets besides its arguments.  -1 means /dev/null. */
struct process_stdio {
	int in, out, err;
};

/*
 * process_spawn - start @argv[0] (looked up in PATH unless it has a slash)
 * @stdio: descriptors for 0, 1 and 2; all others are closed
 *
 * The child gets SIGKILL when this thread's process dies, an empty signal
 * mask and default dispositions.  Uses vfork semantics: cheap.
 * Return: the pid; -ENOENT when there is no such program.
 */
pid_t process_spawn(char *const argv[], const struct process_stdio *stdio,
		    struct error *err);

/* process_wait - wait for @pid; Return: its wait status (see wait(2)) */
int process_wait(pid_t pid, struct error *err);

/*
 * process_kill - SIGKILL to a child that was not waited for
 * Return: was it sent?  If not, it may never end: do not wait for it.
 */
bool process_kill(pid_t pid);

/*
 * process_is_ending - has it ended, or begun to?
 * Source: PF_EXITING of the ninth field in /proc/PID/stat (proc(5))
 */
bool process_is_ending(pid_t pid);

/* process_exit_status - a wait status as a shell says it: 0..255, 128+N */
int process_exit_status(int wait_status);

/* process_describe - "exited with status 3", "was killed by SIGKILL" */
const char *process_describe(int wait_status, char *to, size_t size);

/* process_find_program - the absolute path of @name in PATH (then the usual
 * sbin directories), the caller's to free, or NULL */
char *process_find_program(const char *name);

/* process_die_with_parent - SIGKILL when the parent @parent dies; if it is
 * dead already, ends this process.  Source: PR_SET_PDEATHSIG(2const); it is
 * cleared by a change of credentials, so call it after the last one. */
void process_die_with_parent(pid_t parent);

/*
 * process_remember_title, process_set_title - what ps(1) shows of a process
 *
 * The first, once in main(), remembers where the arguments lie; the second
 * writes @title over all of them: in a container everybody may read the
 * command line of PID 1, and the launcher's holds paths and values of -e.
 */
void process_remember_title(int argc, char **argv);
void process_set_title(const char *title);

/* process_reset_signals - default dispositions and an empty mask */
void process_reset_signals(void);
