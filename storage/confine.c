#include "storage/confine.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/memory.h"

/* clang-format off */
static const int always_allowed[] = {
	SCMP_SYS(read),     SCMP_SYS(close),      SCMP_SYS(futex),
	SCMP_SYS(brk),      SCMP_SYS(munmap),     SCMP_SYS(mremap),
	SCMP_SYS(madvise),  SCMP_SYS(getrandom),  SCMP_SYS(clock_gettime),
	SCMP_SYS(exit),     SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
#if SANITIZED
	SCMP_SYS(getpid),   SCMP_SYS(gettid),     SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};
/* clang-format on */

int confine_rights(uint64_t keep, struct error *err)
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
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective = data[i].permitted;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return error_set(err, errno, "drop the capabilities");
	return 0;
}

int confine_limit(int resource, uint64_t value, struct error *err)
{
	struct rlimit both = { .rlim_cur = value, .rlim_max = value };
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) == 0 &&
	    now.rlim_max < value)
		both.rlim_cur = both.rlim_max = now.rlim_max;
	if (setrlimit((__rlimit_resource_t)resource, &both) < 0)
		return error_set(err, errno, "limit resource %d", resource);
	return 0;
}

int confine_files(const struct landlock_tree *trees, size_t n,
		  struct error *err)
{
	int abi = 0;
	int r = landlock_confine_to(trees, n, &abi, err);

	if (r == -ENOSYS || r == -EOPNOTSUPP)
		return 0;
	return r < 0 ? r : abi;
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

static int refuse_files(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				 SCMP_SYS(openat), 0);

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(open), 0);
	return r;
}

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

int confine_calls(const struct confine_calls *calls, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	/* NULL: the kernel cannot end a process by a filter */
	int r = filter ? allow_memory(filter) : -ENOSYS;

	if (r == 0)
		r = refuse_files(filter);
	if (r == 0)
		r = allow_all(filter, always_allowed,
			      ARRAY_SIZE(always_allowed));
	if (r == 0)
		r = allow_all(filter, calls->allowed, calls->n);
	if (r == 0 && calls->more)
		r = calls->more(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_set(err, -r, "filter system calls");
}
