#include "changes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where a call has its descriptors and paths; -1: it has none there. */
static const struct kind {
	int nr;
	const char *name;
	int fd, path, second_fd, second_path;
} kinds[] = {
	/* clang-format off */
	{ SYS_openat,    "openat",     0,  1, -1, -1 },
	{ SYS_renameat,  "renameat",   0,  1,  2,  3 },
	{ SYS_renameat2, "renameat2",  0,  1,  2,  3 },
	{ SYS_linkat,    "linkat",     0,  1,  2,  3 },
	{ SYS_symlinkat, "symlinkat",  1,  2, -1, -1 },
	{ SYS_unlinkat,  "unlinkat",   0,  1, -1, -1 },
	{ SYS_mkdirat,   "mkdirat",    0,  1, -1, -1 },
	{ SYS_mknodat,   "mknodat",    0,  1, -1, -1 },
	{ SYS_utimensat, "utimensat",  0,  1, -1, -1 },
	{ SYS_fchownat,  "fchownat",   0,  1, -1, -1 },
	{ SYS_fchmodat,  "fchmodat",   0,  1, -1, -1 },
	{ SYS_fchmod,    "fchmod",     0, -1, -1, -1 },
	{ SYS_fchown,    "fchown",     0, -1, -1, -1 },
	{ SYS_fsetxattr, "fsetxattr",  0, -1, -1, -1 },
	{ SYS_ftruncate, "ftruncate",  0, -1, -1, -1 },
	{ SYS_write,     "write",      0, -1, -1, -1 },
	{ SYS_writev,    "writev",     0, -1, -1, -1 },
	{ SYS_pwrite64,  "pwrite64",   0, -1, -1, -1 },
	{ SYS_fsync,     "fsync",      0, -1, -1, -1 },
	{ SYS_fdatasync, "fdatasync",  0, -1, -1, -1 },
	{ SYS_syncfs,    "syncfs",     0, -1, -1, -1 },
	/* clang-format on */
};

static void read_link(const char *path, char ret[PATH_MAX])
{
	ssize_t n = readlink(path, ret, PATH_MAX - 1);

	ret[n < 0 ? 0 : n] = '\0';
}

static void read_text(pid_t pid, uint64_t address, char ret[PATH_MAX])
{
	char from[32];

	snprintf(from, sizeof(from), "/proc/%d/mem", (int)pid);
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, ret, PATH_MAX - 1, (off_t)address);
	ret[n < 0 ? 0 : n] = '\0';
	close(fd);
}

/* the path of what a descriptor and a name mean to the process */
static void resolve(pid_t pid, int dirfd, const char *name, char *ret,
		    size_t size)
{
	static const char own[] = "/proc/self/fd/";
	char link[64], directory[PATH_MAX];

	if (strncmp(name, own, strlen(own)) == 0) {
		dirfd = atoi(name + strlen(own));
		name = "";
	}
	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, dirfd);
	read_link(link, directory);
	if (name[0] == '/')
		snprintf(ret, size, "%s", name);
	else
		snprintf(ret, size, "%s%s%s", directory, *name ? "/" : "",
			 name);
}

void change_begin(struct change *ret, pid_t pid, int nr, const uint64_t *args)
{
	const struct kind *kind = NULL;
	char name[PATH_MAX] = "";

	ret->call = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].nr == nr)
			kind = &kinds[i];
	if (!kind || (nr == SYS_openat && !(args[2] & (O_CREAT | O_TRUNC))))
		return;
	ret->call = kind->name;
	if (kind->path >= 0 && args[kind->path])
		read_text(pid, args[kind->path], name);
	resolve(pid, (int)args[kind->fd], name, ret->paths[0],
		sizeof(ret->paths[0]));
	ret->paths[1][0] = '\0';
	if (kind->second_fd < 0)
		return;
	read_text(pid, args[kind->second_path], name);
	resolve(pid, (int)args[kind->second_fd], name, ret->paths[1],
		sizeof(ret->paths[1]));
}

void change_note(FILE *to, const struct change *change, const char *process,
		 unsigned n, long result)
{
	fprintf(to, "%s\t%s\t%u\t%ld\t%s\t%s\n", process, change->call, n,
		result, change->paths[0], change->paths[1]);
}
