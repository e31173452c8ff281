#include "cmd/image/stale_output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

#define PREFIX ".wolffia-"
enum { DIGITS = 16 };

char *stale_output_name(void)
{
	unsigned long long bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	return xasprintf(PREFIX "%0*llx", DIGITS, bits);
}

static bool is_name(const char *name)
{
	const char *digits = name + strlen(PREFIX);

	return text_starts_with(name, PREFIX) && strlen(digits) == DIGITS &&
	       strspn(digits, "0123456789abcdef") == DIGITS;
}

bool stale_output_hold(int fd)
{
	struct stat st;

	/* a sweep that has it is over soon */
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static void sweep_one(int dirfd, const char *name)
{
	scoped_fd fd = openat(dirfd, name,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct error ignored;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		path_remove_tree(dirfd, name, &ignored);
	else if (S_ISREG(st.st_mode))
		unlinkat(dirfd, name, 0);
}

void stale_output_sweep(int dirfd)
{
	struct stat st;
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list)
		fd_close(&fd);
	else if (fstat(fd, &st) == 0 &&
		 (!(st.st_mode & 022) || st.st_mode & S_ISVTX))
		for (struct dirent *entry; (entry = readdir(list));)
			if (is_name(entry->d_name))
				sweep_one(fd, entry->d_name);
	if (list)
		closedir(list);
}
