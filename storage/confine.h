/*
 * storage/confine.h - the walls of a process that works on what is hostile
 *
 * Each such process (storage/tree_confine.h, storage/copy/copy_confine.h,
 * storage/unpack/unpack_confine.h) says what it needs; all else is refused for
 * the rest of its life.  Any wall that fails is fatal to it (R22).
 * Source: capabilities(7), landlock(7), seccomp(2), setrlimit(2).
 */
#pragma once

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/landlock.h"

/* Built with AddressSanitizer, which reserves terabytes, and makes calls of its
 * own. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/*
 * confine_rights - no_new_privs, not dumpable, and of the capabilities that
 * there are at most @keep
 * @keep: bit N is CAP_N of <linux/capability.h>
 */
int confine_rights(uint64_t keep, struct error *err);

/* confine_limit - of @resource (RLIMIT_*) at most @value, which never raises a
 * limit */
int confine_limit(int resource, uint64_t value, struct error *err);

/*
 * confine_files - a domain of Landlock that has only @trees
 * Return: the ABI version; 0 the kernel has no Landlock (before Linux 5.13, or
 * switched off at boot), the only wall that may be missing.
 */
int confine_files(const struct landlock_tree *trees, size_t n,
		  struct error *err);

/* What a process may call. */
struct confine_calls {
	const int *allowed; /* SCMP_SYS(); and those of the C library itself:
			     * memory that is no code, time, exit, and read and
			     * close of what is open */
	size_t n;
	int (*more)(scmp_filter_ctx filter); /* rules with arguments; or NULL */
};

/* confine_calls - any other call ends the process; but that open and openat
 * fail with EACCES, by which a library looks for its locale or its tables */
int confine_calls(const struct confine_calls *calls, struct error *err);
