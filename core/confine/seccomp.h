/*
 * core/confine/seccomp.h - which system calls a container may make
 *
 * The policy is seccomp.list, where each line has its reason; it is compiled
 * into filter programs when wolffia is built, so a start only hands one to
 * the kernel.  Native system calls only: a 32-bit call kills the process.
 * Source: seccomp(2), Linux 4.14 (SECCOMP_RET_KILL_PROCESS).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum seccomp_profile {
	SECCOMP_PROFILE_DEFAULT,
	/* and what CAP_SYS_ADMIN in the container is good for: namespaces and
	 * mounts.  No more families, no bpf, no io_uring. */
	SECCOMP_PROFILE_NESTED,
};

struct sock_filter; /* <linux/filter.h> */

/*
 * seccomp_program - the program that seccomp_install() would install
 * @pid1: the workload itself will be PID 1, whose parent-death signal is what
 *        ends the container when the launcher is killed: it may not change it
 *        by prctl(2).  (A change of its user or group id still clears it, in
 *        the kernel's commit_creds(); no filter can see that.)
 *
 * Return: constant; *ret_n is how many instructions it has.
 */
const struct sock_filter *seccomp_program(enum seccomp_profile profile,
					  bool pid1, size_t *ret_n);

/*
 * seccomp_install - confine this thread and all that it starts, for good
 * @pid1: see seccomp_program()
 *
 * Needs no_new_privs or CAP_SYS_ADMIN in this user namespace (else -EACCES);
 * so without no_new_privs it comes before capabilities_apply().  All that the
 * other modules of confine call is in the filter, so they may come later; a
 * mount or a namespace may not.
 * Return: 0; -EINVAL for a kernel without CONFIG_SECCOMP_FILTER.
 */
int seccomp_install(enum seccomp_profile profile, bool pid1, struct error *err);

/*
 * seccomp_is_installed - does this thread run under a filter?
 * True also for one that was inherited from whoever started wolffia.
 */
bool seccomp_is_installed(void);
