/*
 * base/landlock.h - files, abstract sockets and signals beyond reach
 *
 * What a descriptor that leaked into the container could open, Landlock
 * refuses: after pivot_root everything outside "/" is outside the domain.  It
 * does not stop stat, chmod, readlink or chroot through such a descriptor, or
 * reads of what is open already: close_range(2) stays the first line.
 *
 * A process in a domain cannot mount, not even in a user namespace of its
 * own, and neither signal nor trace a process outside it; two processes that
 * restricted themselves separately are strangers.  So PID 1 does it, once,
 * after the last mount, and what joins the container is forked by PID 1.
 * Source: landlock(7), Linux 5.13; ABI 10 is Linux 7.2.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * landlock_abi - which rights this kernel knows
 * Return: 1 or more; -ENOSYS the kernel was built without it, -EOPNOTSUPP it
 * is off ("lsm=" on the kernel's command line).
 *
 * ABI 1 (until Linux 5.19 is the floor) is not used: it refuses every rename
 * and link between two directories, which breaks more than it guards.
 */
int landlock_abi(void);

/*
 * landlock_missing - what a kernel with @abi leaves unguarded, for a message
 * @abi: of landlock_abi() or ret_abi; a negative errno means all of it
 * Return: as in "device ioctls, abstract sockets and signals", or NULL.
 */
const char *landlock_missing(int abi);

/*
 * landlock_confine_to_root - nothing outside the root directory
 * @extra_fds: files that are open already and may be opened again by way of
 *             /proc/self/fd, as /dev/stdout is, as they are open now: what is
 *             read-only stays so.  Pipes and sockets need no such leave and
 *             are passed over; a directory is -EISDIR; -1 is none.
 * @ret_abi:   what the kernel has, to report as degradation below 6
 *
 * Sockets by path beneath "/" stay connectable; network ports are not looked
 * at.  Needs no_new_privs or CAP_SYS_ADMIN in this user namespace (-EPERM).
 * Return: 0; -ENOSYS or -EOPNOTSUPP (also for ABI 1): this kernel cannot do
 * it, and nothing has changed.
 */
int landlock_confine_to_root(const int *extra_fds, size_t n, int *ret_abi,
			     struct error *err);

enum landlock_access {
	LANDLOCK_READ,         /* read files, list directories */
	LANDLOCK_READ_EXECUTE, /* and execute: the program and its libraries */
	LANDLOCK_WRITE,        /* all but execute and device ioctls */
};

/* One hierarchy of files, or one file. */
struct landlock_tree {
	int fd; /* O_PATH is enough; stays the caller's */
	enum landlock_access access;
};

/*
 * landlock_confine_to - nothing but @trees, for a helper that we start
 *
 * Between fork and exec of, for example, fuse-overlayfs: the trees are its
 * program and libraries, the lower directories and the upper one.  It can
 * connect to no socket outside and send no signal out.
 * Return: as landlock_confine_to_root()
 */
int landlock_confine_to(const struct landlock_tree *trees, size_t n,
			int *ret_abi, struct error *err);
