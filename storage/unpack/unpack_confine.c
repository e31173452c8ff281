#include "storage/unpack/unpack_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"

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

/* clang-format off */
static const int allowed_calls[] = {
	SCMP_SYS(read),     SCMP_SYS(write),      SCMP_SYS(close),
	SCMP_SYS(brk),      SCMP_SYS(munmap),     SCMP_SYS(mremap),
	SCMP_SYS(madvise),  SCMP_SYS(futex),      SCMP_SYS(getrandom),
	SCMP_SYS(exit),     SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(clock_gettime),                  SCMP_SYS(restart_syscall),
#if SANITIZED /* the sanitizers' own housekeeping */
	SCMP_SYS(getpid),   SCMP_SYS(gettid),     SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};
/* clang-format on */

static int move_above(int *fd, struct error *err)
{
	*fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	return *fd >= 0 ? 0 : error_set(err, errno, "move a descriptor");
}

int unpack_confine_files(int in, int out, int report, struct error *err)
{
	int from[3] = { in, out, report };

	/* first out of the way of 0, 1 and 2, then into their places */
	for (int i = 0; i < 3; i++) {
		int r = move_above(&from[i], err);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return error_set(err, errno, "move a descriptor");
	return fd_close_above(NULL, 0, err);
}

int unpack_confine_process(struct error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "become undumpable");
	if (syscall(SYS_capset, &head, none) < 0)
		return error_set(err, errno, "drop the capabilities");
	return 0;
}

int unpack_confine_landlock(struct error *err)
{
	int abi = 0;
	int r = landlock_confine_to(NULL, 0, &abi, err);

	if (r == -ENOSYS || r == -EOPNOTSUPP)
		return 0;
	return r < 0 ? r : abi;
}

/* The address space in use, which a fork has from its parent. */
static int memory_in_use(uint64_t *ret, struct error *err)
{
	scoped(char) *text = NULL;
	unsigned long long pages;
	ssize_t n =
		fd_read_file(AT_FDCWD, "/proc/self/statm", 4096, &text, err);

	if (n < 0)
		return (int)n;
	if (sscanf(text, "%llu", &pages) != 1)
		return error_say(err, EIO, "/proc/self/statm is malformed");
	*ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static int limit(int what, uint64_t value, struct error *err)
{
	struct rlimit both = { .rlim_cur = value, .rlim_max = value };
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)what, &now) == 0 &&
	    now.rlim_max < value)
		both.rlim_cur = both.rlim_max = now.rlim_max;
	if (setrlimit((__rlimit_resource_t)what, &both) < 0)
		return error_set(err, errno, "limit resource %d", what);
	return 0;
}

int unpack_confine_limits(struct error *err)
{
	static const int nothing_of[] = { RLIMIT_CORE, RLIMIT_FSIZE,
					  RLIMIT_NPROC };
	uint64_t used = 0;
	int r = memory_in_use(&used, err);

	/* AddressSanitizer reserves terabytes */
	if (r == 0 && !SANITIZED)
		r = limit(RLIMIT_AS, used + UNPACK_MEMORY, err);
	if (r == 0)
		r = limit(RLIMIT_CPU, UNPACK_SECONDS, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nothing_of); i++)
		r = limit(nothing_of[i], 0, err);
	return r;
}

static int allow_memory(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp no_file =
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				 no_code, no_file);

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect),
				     1, no_code);
	return r;
}

/*
 * iconv(3), which libarchive asks about names, looks for its tables: a plain
 * "no" makes it go on with what is built in.
 */
static int refuse_files(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				 SCMP_SYS(openat), 0);

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(open), 0);
	return r;
}

int unpack_confine_seccomp(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	/* NULL: the kernel cannot end a process by a filter */
	int r = filter ? allow_memory(filter) : -ENOSYS;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i],
				     0);
	if (r == 0)
		r = refuse_files(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, -r, "filter system calls");
}

int unpack_confine(int in, int out, int report, struct error *err)
{
	int r = unpack_confine_files(in, out, report, err);

	if (r == 0)
		r = unpack_confine_process(err);
	if (r == 0)
		r = unpack_confine_limits(err);
	if (r == 0 && unpack_confine_landlock(err) < 0)
		r = -err->code;
	/* the domain needed a descriptor, now nothing does */
	if (r == 0)
		r = limit(RLIMIT_NOFILE, 0, err);
	if (r == 0)
		r = unpack_confine_seccomp(err);
	return r;
}
