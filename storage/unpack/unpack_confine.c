#include "storage/unpack/unpack_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/confine.h"

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
	return confine_rights(0, err);
}

int unpack_confine_landlock(struct error *err)
{
	return confine_files(NULL, 0, err);
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

int unpack_confine_limits(struct error *err)
{
	static const int nothing_of[] = { RLIMIT_CORE, RLIMIT_FSIZE,
					  RLIMIT_NPROC };
	uint64_t used = 0;
	int r = memory_in_use(&used, err);

	if (r == 0 && !SANITIZED)
		r = confine_limit(RLIMIT_AS, used + UNPACK_MEMORY, err);
	if (r == 0)
		r = confine_limit(RLIMIT_CPU, UNPACK_SECONDS, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nothing_of); i++)
		r = confine_limit(nothing_of[i], 0, err);
	return r;
}

int unpack_confine_seccomp(struct error *err)
{
	static const int allowed_calls[] = { SCMP_SYS(write) };
	const struct confine_calls calls = {
		.allowed = allowed_calls,
		.n = ARRAY_SIZE(allowed_calls),
	};

	return confine_calls(&calls, err);
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
		r = confine_limit(RLIMIT_NOFILE, 0, err);
	if (r == 0)
		r = unpack_confine_seccomp(err);
	return r;
}
