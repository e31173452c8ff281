#include "storage/copy/copy_spot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/copy/copy_path.h"

enum { LINKS_MAX = 40 }; /* as the kernel follows */

static int open_it(int dirfd, const char *path, int how_open, int flags)
{
	return flags & COPY_INSIDE ? path_resolve(dirfd, path, how_open, 0, 0)
				   : openat(dirfd, path, how_open | O_CLOEXEC);
}

void copy_spot_close(struct copy_spot *spot)
{
	fd_close(&spot->dirfd);
	fd_close(&spot->fd);
	free(take_ptr(spot->name));
}

/* "/", "dir/.": the directory itself */
static int find_directory(const struct copy_path *path, int flags,
			  struct copy_spot *ret, struct error *err)
{
	struct copy_spot spot = COPY_SPOT_NONE;

	spot.fd =
		open_it(AT_FDCWD, path->directory, O_PATH | O_DIRECTORY, flags);
	if (spot.fd < 0 || fstat(spot.fd, &spot.st) < 0 ||
	    (spot.dirfd = fcntl(spot.fd, F_DUPFD_CLOEXEC, 3)) < 0) {
		int r = error_set(err, errno, "open %s", path->directory);
		copy_spot_close(&spot);
		return r;
	}
	spot.name = xstrdup("");
	spot.exists = spot.slash = true;
	*ret = spot;
	return 0;
}

/*
 * One link further, if it is one that is followed.
 * Return: 1 with the path that it leads to; 0 it is there; -errno
 */
static int find_named(const struct copy_path *path, int flags,
		      struct copy_spot *spot, char **ret_next,
		      struct error *err)
{
	char goal[PATH_MAX];

	spot->dirfd =
		open_it(AT_FDCWD, path->directory, O_PATH | O_DIRECTORY, flags);
	if (spot->dirfd < 0)
		return error_set(err, errno, "open the directory %s",
				 path->directory);
	if (fstatat(spot->dirfd, path->name, &spot->st, AT_SYMLINK_NOFOLLOW) <
	    0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "look at %s",
						   path->name);
	spot->exists = true;
	if (S_ISLNK(spot->st.st_mode) && (path->slash || flags & COPY_FOLLOW)) {
		ssize_t n = readlinkat(spot->dirfd, path->name, goal,
				       sizeof(goal) - 1);
		if (n < 0)
			return error_set(err, errno, "read the link %s",
					 path->name);
		goal[n] = '\0';
		*ret_next = copy_path_link(path, goal);
		return 1;
	}
	if (path->slash && !S_ISDIR(spot->st.st_mode))
		return error_say(err, ENOTDIR, "%s is not a directory",
				 path->name);
	if (!S_ISDIR(spot->st.st_mode))
		return 0;
	spot->fd = open_it(spot->dirfd, path->name,
			   O_PATH | O_DIRECTORY | O_NOFOLLOW, flags);
	if (spot->fd < 0 || fstat(spot->fd, &spot->st) < 0)
		return error_set(err, errno, "open the directory %s",
				 path->name);
	return 0;
}

/* Return: as find_named() */
static int find_once(const char *text, int flags, struct copy_spot *ret,
		     char **ret_next, struct error *err)
{
	struct copy_spot spot = COPY_SPOT_NONE;
	struct copy_path path;
	int r;

	copy_path_split(text, &path);
	spot.slash = path.slash;
	if (!*path.name)
		r = find_directory(&path, flags, &spot, err);
	else
		r = find_named(&path, flags, &spot, ret_next, err);
	if (r == 0 && !spot.name)
		spot.name = take_ptr(path.name);
	copy_path_free(&path);
	if (r == 0)
		*ret = spot;
	else
		copy_spot_close(&spot);
	return r;
}

int copy_spot_find(const char *path, int flags, struct copy_spot *ret,
		   struct error *err)
{
	scoped(char) *at = xstrdup(path);

	for (int links = 0; links <= LINKS_MAX; links++) {
		scoped(char) *next = NULL;
		int r = find_once(at, flags, ret, &next, err);
		if (r <= 0)
			return r;
		free(at);
		at = take_ptr(next);
	}
	return error_set(err, ELOOP, "%s", path);
}

/* Return: the path that @fd has open, without links; "" if there is none */
static void real_path(int fd, char to[PATH_MAX])
{
	ssize_t n = readlink(fd_link(fd).text, to, PATH_MAX - 1);

	to[n < 0 ? 0 : n] = '\0';
}

/* is the directory that @path is, or leads through, in @directory? */
static bool leads_through(const char *path, const char *directory)
{
	scoped(char) *prefix = xstrdup(path);

	for (size_t n = strlen(prefix); n > 0;) {
		char real[PATH_MAX];
		prefix[n] = '\0';
		scoped_fd fd =
			open_it(AT_FDCWD, prefix, O_PATH | O_DIRECTORY, 0);
		if (fd >= 0) {
			real_path(fd, real);
			if (path_is_below(real, directory))
				return true;
		}
		while (n > 0 && prefix[--n] != '/')
			;
	}
	return false;
}

static int check_one(const struct copy_spot *spot, const char *path,
		     const char *writable, struct error *err)
{
	char directory[PATH_MAX], here[PATH_MAX];
	scoped_fd fd = open_it(AT_FDCWD, writable, O_PATH | O_DIRECTORY, 0);

	/* a file that is a volume leads nowhere */
	if (fd < 0)
		return 0;
	real_path(fd, directory);
	real_path(spot->fd >= 0 ? spot->fd : spot->dirfd, here);
	if (!*directory || path_is_below(here, directory) ||
	    !leads_through(path, directory))
		return 0;
	error_say(err, EXDEV,
		  "a link in %s leads out of it, and the container may have "
		  "made it",
		  writable);
	return error_hint(err, "write the path that it leads to, if that is "
			       "what you mean");
}

int copy_spot_check(const struct copy_spot *spot, const char *path,
		    const struct strv *writable, struct error *err)
{
	scoped(char) *here = getcwd(NULL, 0);
	scoped(char) *whole = path_normalize(here ? here : "/", path);
	int r = 0;

	for (size_t i = 0; r == 0 && writable && i < writable->n; i++)
		r = check_one(spot, whole, writable->v[i], err);
	return r;
}
