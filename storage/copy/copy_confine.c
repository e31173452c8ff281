#include "storage/copy/copy_confine.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/confine.h"

/* clang-format off */
static const int allowed_calls[] = {
	/* what is there */
	SCMP_SYS(openat2),    SCMP_SYS(newfstatat), SCMP_SYS(fstat),
	SCMP_SYS(statx),      SCMP_SYS(fcntl),      SCMP_SYS(lseek),
	/* what is made, and removed to make room */
	SCMP_SYS(mkdirat),    SCMP_SYS(symlinkat),  SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),   SCMP_SYS(pwrite64),   SCMP_SYS(ftruncate),
	SCMP_SYS(fchmod),     SCMP_SYS(fchownat),   SCMP_SYS(utimensat),
	SCMP_SYS(fsetxattr),
};
/* clang-format on */

/* to make a container's files, whoever of its ids they belong to */
static const uint64_t rights_over_files =
	UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE |
	UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_FOWNER |
	UINT64_C(1) << CAP_FSETID | UINT64_C(1) << CAP_SETFCAP;

static int allow_fifos(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp fifo = SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, S_IFIFO);

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mknodat), 1,
				fifo);
}

int copy_confine(int base_fd, bool inside, int in_fd, struct error *err)
{
	const struct confine_calls calls = {
		.allowed = allowed_calls,
		.n = ARRAY_SIZE(allowed_calls),
		.more = allow_fifos,
	};
	const struct landlock_tree tree = { base_fd, LANDLOCK_WRITE };
	const int keep[] = { base_fd < in_fd ? base_fd : in_fd,
			     base_fd < in_fd ? in_fd : base_fd };
	int r = fd_close_above(keep, ARRAY_SIZE(keep), err);

	if (r == 0)
		r = confine_rights(inside ? rights_over_files : 0, err);
	if (r == 0)
		r = confine_limit(RLIMIT_CORE, 0, err);
	if (r == 0)
		r = confine_limit(RLIMIT_NPROC, 0, err);
	if (r == 0 && !inside)
		r = confine_files(&tree, 1, err);
	return r < 0 ? r : confine_calls(&calls, err);
}
