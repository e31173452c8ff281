#include "storage/tree_confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
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
	SCMP_SYS(openat2),    SCMP_SYS(close),      SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),      SCMP_SYS(getdents64), SCMP_SYS(readlinkat),
	SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(fcntl),
	SCMP_SYS(fgetxattr),  SCMP_SYS(flistxattr), SCMP_SYS(lseek),
	SCMP_SYS(read),       SCMP_SYS(pread64),    SCMP_SYS(write),
	SCMP_SYS(brk),        SCMP_SYS(munmap),     SCMP_SYS(mremap),
	SCMP_SYS(madvise),    SCMP_SYS(futex),      SCMP_SYS(getrandom),
	SCMP_SYS(exit),       SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(clock_gettime),                    SCMP_SYS(restart_syscall),
	SCMP_SYS(statx),      SCMP_SYS(fstatfs),
	SCMP_SYS(sysinfo), /* qsort(3) asks how much memory there is */
#if SANITIZED /* the sanitizers' own housekeeping */
	SCMP_SYS(getpid),     SCMP_SYS(gettid),     SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};
/* clang-format on */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int close_others(const int *trees, size_t n, int out, struct error *err)
{
	scoped(int) *keep = xcalloc(n + 1, sizeof(*keep));
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (trees[i] > 2)
			keep[kept++] = trees[i];
	if (out > 2)
		keep[kept++] = out;
	qsort(keep, kept, sizeof(*keep), compare);
	return fd_close_above(keep, kept, err);
}

static int drop_rights(struct error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "become undumpable");
	if (syscall(SYS_capget, &head, data) < 0)
		return error_set(err, errno, "read the capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		data[i].inheritable = 0;
		data[i].permitted &= i == 0 ? 1u << CAP_DAC_READ_SEARCH : 0;
		data[i].effective = data[i].permitted;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return error_set(err, errno, "drop the capabilities");
	return 0;
}

static int confine_files(const int *fds, size_t n, struct error *err)
{
	scoped(struct landlock_tree) *trees = xcalloc(n + 1, sizeof(*trees));
	int abi = 0;

	for (size_t i = 0; i < n; i++)
		trees[i] = (struct landlock_tree){ fds[i], LANDLOCK_READ };
	int r = landlock_confine_to(trees, n, &abi, err);
	return r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

static int limit(struct error *err)
{
	static const int nothing_of[] = { RLIMIT_CORE, RLIMIT_NPROC };
	const struct rlimit none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(nothing_of); i++)
		if (setrlimit((__rlimit_resource_t)nothing_of[i], &none) < 0)
			return error_set(err, errno, "limit resource %d",
					 nothing_of[i]);
	return 0;
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

static int filter_calls(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	/* NULL: the kernel cannot end a process by a filter */
	int r = filter ? allow_memory(filter) : -ENOSYS;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i],
				     0);
	/* by these a library would look for a locale or the like */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(openat), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(open), 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, -r, "filter system calls");
}

int tree_confine(const int *trees, size_t n, int out, struct error *err)
{
	int r = close_others(trees, n, out, err);

	if (r == 0)
		r = drop_rights(err);
	if (r == 0)
		r = limit(err);
	if (r == 0)
		r = confine_files(trees, n, err);
	return r < 0 ? r : filter_calls(err);
}
