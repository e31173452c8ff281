#include "storage/copy/copy_confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
	/* what is there */
	SCMP_SYS(openat2),    SCMP_SYS(close),      SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),      SCMP_SYS(statx),      SCMP_SYS(fcntl),
	SCMP_SYS(read),       SCMP_SYS(lseek),
	/* what is made, and removed to make room */
	SCMP_SYS(mkdirat),    SCMP_SYS(symlinkat),  SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),   SCMP_SYS(pwrite64),   SCMP_SYS(ftruncate),
	SCMP_SYS(fchmod),     SCMP_SYS(fchownat),   SCMP_SYS(utimensat),
	SCMP_SYS(fsetxattr),
	/* the C library's own */
	SCMP_SYS(brk),        SCMP_SYS(munmap),     SCMP_SYS(mremap),
	SCMP_SYS(madvise),    SCMP_SYS(futex),      SCMP_SYS(getrandom),
	SCMP_SYS(exit),       SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(clock_gettime),                    SCMP_SYS(restart_syscall),
#if SANITIZED /* the sanitizers' own housekeeping */
	SCMP_SYS(getpid),     SCMP_SYS(gettid),     SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};
/* clang-format on */

/* to make a container's files, whoever of its ids they belong to */
static const unsigned kept[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
	CAP_FOWNER, CAP_FSETID,       CAP_SETFCAP,
};

static int drop_rights(bool inside, struct error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "become undumpable");
	for (size_t i = 0; inside && i < ARRAY_SIZE(kept); i++)
		data[kept[i] / 32].permitted |= 1u << kept[i] % 32;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return error_set(err, errno, "drop the capabilities");
	return 0;
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

static int confine_files(int base_fd, struct error *err)
{
	const struct landlock_tree tree = { base_fd, LANDLOCK_WRITE };
	int abi = 0;
	int r = landlock_confine_to(&tree, 1, &abi, err);

	return r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

static int allow_some(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp no_file =
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);
	struct scmp_arg_cmp fifo = SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, S_IFIFO);
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				 no_code, no_file);

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect),
				     1, no_code);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mknodat),
				     1, fifo);
	/* by these a library would look for a locale or the like */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(openat), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(open), 0);
	return r;
}

static int filter_calls(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	/* NULL: the kernel cannot end a process by a filter */
	int r = filter ? allow_some(filter) : -ENOSYS;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i],
				     0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, -r, "filter system calls");
}

int copy_confine(int base_fd, bool inside, int in_fd, struct error *err)
{
	const int keep[] = { base_fd < in_fd ? base_fd : in_fd,
			     base_fd < in_fd ? in_fd : base_fd };
	int r = fd_close_above(keep, ARRAY_SIZE(keep), err);

	if (r == 0)
		r = drop_rights(inside, err);
	if (r == 0)
		r = limit(err);
	if (r == 0 && !inside)
		r = confine_files(base_fd, err);
	return r < 0 ? r : filter_calls(err);
}
