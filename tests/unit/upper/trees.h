/* Trees that the tests of this directory make, in a directory of their own. */
#pragma once

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "tests/unit/images/suite.h"

static char tree_directory[] = "/tmp/wolffia-test-XXXXXX";
static struct error err;

/* errors in words, where a number says nothing */
#define ck_ok(expression)                                                      \
	do {                                                                   \
		int result_ = (int)(expression);                               \
		ck_assert_msg(result_ >= 0, "%s: %s", #expression, err.text);  \
	} while (0)
#define ck_sys(expression)                                                     \
	do {                                                                   \
		ck_assert_msg((expression) >= 0, "%s: %m", #expression);       \
	} while (0)

static inline void write_text(const char *path, const char *text)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_sys(fd);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
}

/* root of a user and a mount namespace of its own, with one id */
static inline void become_root_of_namespace(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	ck_sys(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_text("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_text("/proc/self/gid_map", map);
	ck_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static inline void make_directory(void)
{
	umask(022);
	ck_assert_ptr_nonnull(mkdtemp(tree_directory));
	ck_sys(chdir(tree_directory));
}

static inline void remove_directory(void)
{
	ck_sys(chdir("/"));
	ck_ok(path_remove_tree(AT_FDCWD, tree_directory, &err));
	strcpy(tree_directory + strlen(tree_directory) - 6, "XXXXXX");
}

static inline void dir(const char *path)
{
	ck_assert_msg(mkdir(path, 0755) == 0, "mkdir %s: %m", path);
}

static inline void file(const char *path, const char *text)
{
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "open %s: %m", path);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
}

static inline void whiteout(const char *path)
{
	ck_assert_msg(mknod(path, S_IFCHR, makedev(0, 0)) == 0, "mknod %s: %m",
		      path);
}

static inline void attribute(const char *path, const char *name,
			     const char *value)
{
	ck_assert_msg(lsetxattr(path, name, value, strlen(value), 0) == 0,
		      "setxattr %s %s: %m", path, name);
}

/* all times alike, so that only what a test does differs */
static inline void set_time(const char *path, time_t seconds, long nsec)
{
	struct timespec times[2] = { { seconds, nsec }, { seconds, nsec } };

	ck_assert_msg(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) ==
			      0,
		      "utimensat %s: %m", path);
}

__attribute__((format(printf, 2, 3))) static inline void append(
	char **to, const char *format, ...)
{
	va_list ap;
	char *more = NULL;

	va_start(ap, format);
	ck_assert_int_ge(vasprintf(&more, format, ap), 0);
	va_end(ap);
	char *all = xasprintf("%s%s", *to ? *to : "", more);
	free(more);
	free(*to);
	*to = all;
}
