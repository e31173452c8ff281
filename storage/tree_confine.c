#include "storage/tree_confine.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/confine.h"

/* clang-format off */
static const int allowed_calls[] = {
	SCMP_SYS(openat2),    SCMP_SYS(getdents64), SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),      SCMP_SYS(statx),      SCMP_SYS(readlinkat),
	SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(fcntl),
	SCMP_SYS(fgetxattr),  SCMP_SYS(flistxattr), SCMP_SYS(lseek),
	SCMP_SYS(pread64),    SCMP_SYS(write),      SCMP_SYS(fstatfs),
	SCMP_SYS(sysinfo), /* qsort(3) asks how much memory there is */
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

static int confine_to(const int *fds, size_t n, struct error *err)
{
	scoped(struct landlock_tree) *trees = xcalloc(n + 1, sizeof(*trees));

	for (size_t i = 0; i < n; i++)
		trees[i] = (struct landlock_tree){ fds[i], LANDLOCK_READ };
	return confine_files(trees, n, err);
}

int tree_confine(const int *trees, size_t n, int out, struct error *err)
{
	const struct confine_calls calls = {
		.allowed = allowed_calls,
		.n = ARRAY_SIZE(allowed_calls),
	};
	int r = close_others(trees, n, out, err);

	if (r == 0)
		r = confine_rights(UINT64_C(1) << CAP_DAC_READ_SEARCH, err);
	if (r == 0)
		r = confine_limit(RLIMIT_CORE, 0, err);
	if (r == 0)
		r = confine_limit(RLIMIT_NPROC, 0, err);
	if (r == 0)
		r = confine_to(trees, n, err);
	return r < 0 ? r : confine_calls(&calls, err);
}
