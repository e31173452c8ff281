#include "storage/copy/copy_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"

int copy_tree_open(int dirfd, const char *name, int flags, mode_t mode)
{
	return path_resolve(dirfd, name, flags | O_NOFOLLOW, mode,
			    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

bool copy_tree_is_mounted(int dirfd, const char *name)
{
	scoped_fd fd = path_resolve(dirfd, name, O_PATH | O_NOFOLLOW, 0,
				    RESOLVE_BENEATH | RESOLVE_NO_XDEV);

	return fd < 0 && errno == EXDEV;
}

static int open_directory(const struct copy_tree *tree, int dirfd,
			  const char *path, int flags)
{
	return path_resolve(
		dirfd, *path ? path : ".", flags | O_DIRECTORY, 0,
		tree->inside ? 0 : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

void copy_tree_init(struct copy_tree *tree, int base_fd, bool inside)
{
	*tree = (struct copy_tree){
		.base_fd = base_fd,
		.inside = inside,
		.parent_fd = -1,
	};
}

void copy_tree_free(struct copy_tree *tree)
{
	fd_close(&tree->parent_fd);
	for (size_t i = 0; i < tree->n; i++)
		free(tree->made[i].path);
	free(take_ptr(tree->made));
	tree->n = 0;
}

static void directory_of(const char *path, char to[UNPACK_PATH_MAX])
{
	size_t n = (size_t)(unpack_path_name(path) - path);

	if (n > 0)
		n--;
	memcpy(to, path, n);
	to[n] = '\0';
}

static int cannot_open(const char *path, struct error *err)
{
	int code = errno;

	if (code == ELOOP)
		return error_say(err, ELOOP,
				 "'%s' is a symbolic link, or below one, and "
				 "is not followed",
				 path);
	return error_set(err, code, "open the directory '%s'", path);
}

int copy_tree_directory(const struct copy_tree *tree, const char *path,
			struct error *err)
{
	char directory[UNPACK_PATH_MAX];

	directory_of(path, directory);
	int fd = open_directory(tree, tree->base_fd, directory, O_PATH);
	return fd >= 0 ? fd : cannot_open(directory, err);
}

static int make_directory(int dirfd, const char *name, const char *path,
			  struct error *err)
{
	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the directory '%s'", path);
	scoped_fd fd = copy_tree_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return cannot_open(path, err);
	if (fchmod(fd, 0755) < 0)
		return error_set(err, errno, "set the mode of '%s'", path);
	return take_fd(fd);
}

/* down from the base, one component after the other */
static int make_directories(const struct copy_tree *tree, const char *path,
			    struct error *err)
{
	scoped_fd dir = open_directory(tree, tree->base_fd, "", O_PATH);
	char prefix[UNPACK_PATH_MAX];
	size_t end = 0;

	if (dir < 0)
		return cannot_open(".", err);
	while (path[end]) {
		size_t start = end + (path[end] == '/');
		end = start + strcspn(path + start, "/");
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		int fd = open_directory(tree, dir, prefix + start, O_PATH);
		if (fd < 0 && errno == ENOENT)
			fd = make_directory(dir, prefix + start, prefix, err);
		else if (fd < 0)
			fd = cannot_open(prefix, err);
		if (fd < 0)
			return fd;
		fd_close(&dir);
		dir = fd;
	}
	return take_fd(dir);
}

int copy_tree_enter(struct copy_tree *tree, const char *path, struct error *err)
{
	char directory[UNPACK_PATH_MAX];

	directory_of(path, directory);
	if (tree->parent_fd >= 0 && strcmp(directory, tree->parent_path) == 0)
		return 0;
	fd_close(&tree->parent_fd);
	int fd = open_directory(tree, tree->base_fd, directory, O_PATH);
	if (fd < 0 && errno == ENOENT)
		fd = make_directories(tree, directory, err);
	else if (fd < 0)
		fd = cannot_open(directory, err);
	if (fd < 0)
		return fd;
	tree->parent_fd = fd;
	strcpy(tree->parent_path, directory);
	return 0;
}

int copy_tree_note(struct copy_tree *tree, const char *path, int fd,
		   uint32_t mode, struct timespec mtime, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at '%s'", path);
	if (tree->n == tree->room) {
		tree->room = tree->room ? tree->room * 2 : 32;
		tree->made = xreallocarray(tree->made, tree->room,
					   sizeof(*tree->made));
	}
	tree->made[tree->n++] = (struct copy_directory){
		.path = xstrdup(path),
		.dev = st.st_dev,
		.ino = st.st_ino,
		.mode = mode,
		.mtime = mtime,
	};
	return 0;
}

/*
 * In a container another directory may be there by now: it is the container's
 * as well.  On the host it may be somebody else's.
 */
static int finish(const struct copy_tree *tree, const struct copy_directory *d,
		  struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, d->mtime };
	scoped_fd fd = open_directory(tree, tree->base_fd, d->path, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return cannot_open(d->path, err);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at '%s'", d->path);
	if (!tree->inside && (st.st_dev != d->dev || st.st_ino != d->ino))
		return error_say(err, ESTALE,
				 "'%s' was replaced while it was written",
				 d->path);
	if (fchmod(fd, d->mode) < 0)
		return error_set(err, errno, "set the mode of '%s'", d->path);
	if (futimens(fd, times) < 0)
		return error_set(err, errno, "set the time of '%s'", d->path);
	return 0;
}

static bool is_in(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/';
}

int copy_tree_leave(struct copy_tree *tree, const char *path, struct error *err)
{
	int r = 0;

	while (r == 0 && tree->n > 0) {
		struct copy_directory *last = &tree->made[tree->n - 1];
		if (path && is_in(path, last->path))
			break;
		r = finish(tree, last, err);
		free(last->path);
		tree->n--;
	}
	return r;
}
