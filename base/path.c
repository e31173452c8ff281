#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"

enum { TRIES = 1000 };

int path_resolve(int dirfd, const char *path, int flags, mode_t mode,
		 uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* EAGAIN: a rename raced with the walk; openat2(2) says to try again */
	for (int tries = 0; tries < TRIES; tries++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode,
		      struct error *err)
{
	int fd = path_resolve(root_fd, path, flags, mode, RESOLVE_IN_ROOT);

	return fd >= 0 ? fd : error_set(err, errno, "open %s", path);
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode,
		      struct error *err)
{
	int fd = path_resolve(dirfd, path, flags, mode,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	return fd >= 0 ? fd : error_set(err, errno, "open %s", path);
}

/*
 * Each prefix of the path is resolved from the root again, so that links in
 * it mean what they mean in the root; what is missing is made in the
 * directory that was resolved last.
 */
int path_mkdir_in_root(int root_fd, const char *path, mode_t mode,
		       struct error *err)
{
	scoped(char) *copy = path_normalize("/", path);
	scoped_fd dir =
		path_open_in_root(root_fd, "/", O_PATH | O_DIRECTORY, 0, err);

	if (dir < 0)
		return dir;
	for (char *end = copy; *end;) {
		const char *name = end + 1;
		end = strchrnul(name, '/');
		char saved = *end;
		*end = '\0';
		if (!*name)
			break;
		int next = path_resolve(root_fd, copy, O_PATH | O_DIRECTORY, 0,
					RESOLVE_IN_ROOT);
		if (next < 0 && errno == ENOENT) {
			if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
				return error_set(err, errno, "make %s", copy);
			next = path_resolve(
				dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		}
		if (next < 0)
			return error_set(err, errno, "open %s", copy);
		fd_close(&dir);
		dir = next;
		*end = saved;
	}
	return take_fd(dir);
}

int path_mkdir_parents(const char *path, mode_t mode, struct error *err)
{
	scoped(char) *copy = xstrdup(path);

	for (char *end = copy; *end;) {
		end = strchrnul(end + 1, '/');
		char saved = *end;
		*end = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return error_set(err, errno, "make the directory %s",
					 copy);
		*end = saved;
	}
	struct stat st;
	if (stat(path, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "%s", path);
	return 0;
}

bool path_is_below(const char *path, const char *ancestor)
{
	size_t n = strlen(ancestor);

	if (n == 1 && ancestor[0] == '/')
		return path[0] == '/';
	return strncmp(path, ancestor, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/');
}

static void append_components(char *to, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			char *slash = strrchr(to, '/');
			*(slash ? slash : to) = '\0';
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			size_t used = strlen(to);
			to[used] = '/';
			memcpy(to + used + 1, path, n);
			to[used + 1 + n] = '\0';
		}
		path += n + (path[n] == '/');
	}
}

char *path_normalize(const char *base, const char *path)
{
	char *result = xcalloc(strlen(base) + strlen(path) + 4, 1);

	if (path[0] != '/')
		append_components(result, base);
	append_components(result, path);
	if (!*result)
		strcpy(result, "/");
	return result;
}

static int open_to_remove(int parent, const char *name, dev_t device,
			  struct error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	scoped_fd fd = openat(parent, name, flags);
	struct stat st;

	/* a link that took its place meanwhile is not followed either */
	if (fd < 0 && errno == EACCES &&
	    fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(parent, name, flags);
	if (fd < 0)
		return error_set(err, errno, "open %s", name);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "%s", name);
	if (st.st_dev != device)
		return error_set(err, EXDEV, "%s is another file system", name);
	if ((st.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		return error_set(err, errno, "change the mode of %s", name);
	return take_fd(fd);
}

/* Return: 1 gone, 0 a directory that is not empty, -errno */
static int remove_entry(int parent, const char *name, struct error *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM && errno != EBUSY)
		return error_set(err, errno, "remove %s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 1;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == EACCES)
		return 0;
	return error_set(err, errno, "remove %s", name);
}

/*
 * All that is in @dirfd, up to the first directory that is not empty.
 * Return: 1 with that one opened in *@ret_fd; 0 all is gone; -errno
 */
static int remove_entries(int dirfd, dev_t device, int *ret_fd,
			  struct error *err)
{
	/* another open file: each pass begins at the start */
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	int r = 1;

	if (!list) {
		fd_close(&copy);
		return error_set(err, errno, "list a directory");
	}
	for (struct dirent *entry; r == 1 && (entry = readdir(list));) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		r = remove_entry(dirfd, entry->d_name, err);
		if (r == 0)
			*ret_fd = open_to_remove(dirfd, entry->d_name, device,
						 err);
	}
	closedir(list);
	if (r == 1)
		return 0;
	return r < 0 ? r : *ret_fd < 0 ? -err->code : 1;
}

/* the way down, so that the way back can be checked */
struct descent {
	dev_t device;
	ino_t *above; /* of each directory between the top and here */
	size_t depth, room;
};

static int note_directory(struct descent *d, int dirfd, struct error *err)
{
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return error_set(err, errno, "look at a directory");
	if (d->depth == d->room) {
		d->room = d->room ? 2 * d->room : 64;
		d->above = xreallocarray(d->above, d->room, sizeof(*d->above));
	}
	d->above[d->depth++] = st.st_ino;
	return 0;
}

static int open_parent(struct descent *d, int dirfd, struct error *err)
{
	scoped_fd fd = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "go back to a directory");
	if (st.st_dev != d->device || st.st_ino != d->above[--d->depth])
		return error_say(err, EXDEV,
				 "a directory was moved while it was removed");
	return take_fd(fd);
}

/*
 * With two descriptors, whatever the depth: a container can make a tree that
 * is deeper than there are descriptors, or than there is stack.
 */
static int remove_contents(int parent, const char *name, struct descent *d,
			   struct error *err)
{
	scoped_fd fd = open_to_remove(parent, name, d->device, err);

	if (fd < 0)
		return fd;
	for (;;) {
		int next = -1;
		int r = remove_entries(fd, d->device, &next, err);
		if (r == 1)
			r = note_directory(d, fd, err);
		else if (r == 0 && d->depth == 0)
			return 0;
		else if (r == 0)
			r = next = open_parent(d, fd, err);
		if (r < 0) {
			fd_close(&next);
			return r;
		}
		fd_close(&fd);
		fd = next;
	}
}

static int remove_directory(int parent, const char *name, dev_t device,
			    struct error *err)
{
	struct descent d = { .device = device };
	int r = remove_contents(parent, name, &d, err);

	free(d.above);
	if (r < 0)
		return error_prefix(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove %s", name);
	return 0;
}

int path_remove_tree(int dirfd, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", name);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return error_set(err, errno, "remove %s", name);
		return 0;
	}
	return remove_directory(dirfd, name, st.st_dev, err);
}
