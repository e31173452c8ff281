#include "tests/unit/logs/place.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "tests/unit/confine/child.h"

static char path[] = "/tmp/test_logs.XXXXXX";
int place_fd = -1;

void place_make(void)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	place_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(place_fd, 0);
}

void place_remove(void)
{
	struct error err;

	fd_close(&place_fd);
	ck_assert_msg(path_remove_tree(AT_FDCWD, path, &err) == 0, "%s",
		      err.text);
}

int64_t place_size(const char *name)
{
	struct stat st;

	return fstatat(place_fd, name, &st, 0) < 0 ? -1 : st.st_size;
}

char *place_read(const char *name, size_t *ret_size)
{
	struct error err;
	char *data = NULL;
	ssize_t n = fd_read_file(place_fd, name, 1 << 30, &data, &err);

	ck_assert_msg(n >= 0, "%s", err.text);
	*ret_size = (size_t)n;
	return data;
}

static void put(const char *name, int flags, const char *text, size_t size)
{
	struct error err;
	scoped_fd fd = openat(place_fd, name,
			      O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(fd_write_all(fd, text, size, &err) == 0, "%s", err.text);
}

void place_write(const char *name, const char *text, size_t size)
{
	put(name, O_TRUNC, text, size);
}

void place_append(const char *name, const char *text, size_t size)
{
	put(name, O_APPEND, text, size);
}

bool place_be_small(size_t size)
{
	scoped(char) *options = xasprintf("size=%zu,mode=700", size);

	if (!child_make_root() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("small", path, "tmpfs", 0, options) < 0)
		return false;
	fd_close(&place_fd);
	place_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place_fd >= 0;
}
