#include "storage/store_fit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define FILE_NAME  "fit"
#define LINK_NAME  "fit.link"
#define OTHER_CASE "FIT"

static int elsewhere(struct error *err)
{
	return error_hint(err, "keep the store on another file system: "
			       "--store DIR, or export WOLFFIA_STORE=DIR");
}

static int try_xattrs(int fd, const char *path, struct error *err)
{
	if (fsetxattr(fd, "user.wolffia", "1", 1, 0) == 0)
		return 0;
	error_say(err, EOPNOTSUPP,
		  "the file system of %s keeps no extended attributes (user.*)",
		  path);
	return elsewhere(err);
}

static int try_link(int dirfd, const char *path, struct error *err)
{
	if (linkat(dirfd, FILE_NAME, dirfd, LINK_NAME, 0) == 0)
		return 0;
	error_say(err, EOPNOTSUPP, "the file system of %s has no hard links",
		  path);
	return elsewhere(err);
}

/* two files of a layer would become one */
static int try_case(int dirfd, const char *path, struct error *err)
{
	if (faccessat(dirfd, OTHER_CASE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	error_say(err, EOPNOTSUPP,
		  "the file system of %s does not tell names in upper case "
		  "from those in lower case",
		  path);
	return elsewhere(err);
}

static void say_size(char to[32], uint64_t bytes)
{
	bool small = bytes < 10000000;

	snprintf(to, 32, "%llu %s",
		 (unsigned long long)(bytes / (small ? 1000 : 1000000)),
		 small ? "kB" : "MB");
}

static int try_room(int dirfd, const char *path, uint64_t bytes,
		    struct error *err)
{
	struct statvfs fs;
	char free[32], needed[32];

	/* some file systems do not know how large they are */
	if (bytes == 0 || fstatvfs(dirfd, &fs) < 0 || fs.f_blocks == 0 ||
	    bytes / fs.f_frsize < fs.f_bavail)
		return 0;
	say_size(free, (uint64_t)fs.f_bavail * fs.f_frsize);
	say_size(needed, bytes);
	error_say(err, ENOSPC, "at least %s are needed and %s are free in %s",
		  needed, free, path);
	return error_hint(err, "make room, for example by wolffia prune --all, "
			       "or keep the store elsewhere: --store DIR");
}

static int try_all(int dirfd, const char *path, bool xattrs, uint64_t bytes,
		   struct error *err)
{
	scoped_fd fd = openat(dirfd, FILE_NAME,
			      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EROFS) {
		error_say(err, EROFS, "%s is on a read-only file system", path);
		return elsewhere(err);
	}
	if (fd < 0)
		return error_set(err, errno, "make a file in %s", path);
	int r = xattrs ? try_xattrs(fd, path, err) : 0;
	if (r == 0)
		r = try_link(dirfd, path, err);
	if (r == 0)
		r = try_case(dirfd, path, err);
	return r < 0 ? r : try_room(dirfd, path, bytes, err);
}

int store_fit(int dirfd, const char *path, bool xattrs, uint64_t bytes,
	      struct error *err)
{
	int r = try_all(dirfd, path, xattrs, bytes, err);

	unlinkat(dirfd, LINK_NAME, 0);
	unlinkat(dirfd, FILE_NAME, 0);
	return r;
}
