#include "storage/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/strv.h"

enum {
	OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
	OPEN_AT_ONCE = 128, /* descriptors; RLIMIT_NOFILE is mostly 1024 */
};

/* A directory on the way. */
struct frame {
	int fd; /* -1: closed, to be opened again */
	dev_t dev;
	ino_t ino;
	struct strv names;
	size_t next;
	size_t path_length; /* of its own path */
};

struct tree_walk {
	int root_fd;
	struct frame *frames; /* [0] is the root */
	size_t n, room;
	int entered_fd; /* the directory returned last, to be entered; or -1 */
	bool leaving;   /* the last frame is done with */
	bool crosses;   /* into what is mounted in the tree */
	char path[TREE_PATH_MAX];
	size_t path_length;
};

static int resolve(int dirfd, const char *path, int flags, bool crosses)
{
	return path_resolve(dirfd, path, flags, 0,
			    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
				    (crosses ? 0 : RESOLVE_NO_XDEV));
}

/*
 * EXDEV has two causes: a mount, or that the file was moved away in the very
 * moment, and so is not beneath its directory any more.  (STATX_ATTR_MOUNT_ROOT
 * is of Linux 5.8; an older kernel has no answer, and mounts are likelier.)
 */
static bool is_mount_point(int dirfd, const char *name)
{
	struct statx stx;

	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &stx) <
	    0)
		return false;
	return !(stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) ||
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int fd, struct strv *ret, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);

	if (!list) {
		error_set(err, errno, "list a directory");
		fd_close(&copy);
		return -err->code;
	}
	errno = 0;
	for (struct dirent *entry; (entry = readdir(list));)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			strv_add(ret, entry->d_name);
	int code = errno;
	closedir(list);
	if (code)
		return error_set(err, code, "list a directory");
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

/* takes @fd */
static int push(struct tree_walk *walk, int fd, struct error *err)
{
	struct frame frame = { .fd = fd, .path_length = walk->path_length };
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		r = error_set(err, errno, "look at it");
	if (r == 0)
		r = read_names(fd, &frame.names, err);
	if (r < 0) {
		strv_free(&frame.names);
		fd_close(&fd);
		return error_prefix(err, "/%.200s", walk->path);
	}
	frame.dev = st.st_dev;
	frame.ino = st.st_ino;
	if (walk->n == walk->room) {
		walk->room = walk->room ? walk->room * 2 : 32;
		walk->frames = xreallocarray(walk->frames, walk->room,
					     sizeof(*walk->frames));
	}
	walk->frames[walk->n++] = frame;
	if (walk->n > OPEN_AT_ONCE)
		fd_close(&walk->frames[walk->n - OPEN_AT_ONCE].fd);
	return 0;
}

static void pop(struct tree_walk *walk)
{
	struct frame *frame = &walk->frames[--walk->n];

	fd_close(&frame->fd);
	strv_free(&frame->names);
}

int tree_walk_new(int root_fd, struct tree_walk **ret, struct error *err)
{
	struct tree_walk *walk = xcalloc(1, sizeof(*walk));

	walk->entered_fd = -1;
	walk->root_fd = resolve(root_fd, ".", OPEN_DIRECTORY, false);
	int r = walk->root_fd < 0 ? error_set(err, errno, "open the tree") : 0;
	if (r == 0) {
		int fd = fcntl(walk->root_fd, F_DUPFD_CLOEXEC, 3);
		r = fd < 0 ? error_set(err, errno, "open the tree")
			   : push(walk, fd, err);
	}
	if (r < 0) {
		tree_walk_free(walk);
		return r;
	}
	*ret = walk;
	return 0;
}

void tree_walk_enter_mounts(struct tree_walk *walk)
{
	walk->crosses = true;
}

void tree_walk_free(struct tree_walk *walk)
{
	if (!walk)
		return;
	while (walk->n)
		pop(walk);
	fd_close(&walk->entered_fd);
	fd_close(&walk->root_fd);
	free(walk->frames);
	free(walk);
}

/* Its descriptor was closed: open it again, if it still is where it was. */
static int reopen(struct tree_walk *walk, struct frame *frame,
		  struct error *err)
{
	char path[TREE_PATH_MAX];
	struct stat st;

	memcpy(path, walk->path, frame->path_length);
	path[frame->path_length] = '\0';
	scoped_fd fd = resolve(walk->root_fd, *path ? path : ".",
			       OPEN_DIRECTORY, walk->crosses);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, ESTALE, "open /%.200s again", path);
	if (st.st_dev != frame->dev || st.st_ino != frame->ino)
		return error_say(err, ESTALE,
				 "/%.200s was moved while it was "
				 "read",
				 path);
	frame->fd = take_fd(fd);
	return 0;
}

int tree_walk_directory(struct tree_walk *walk, size_t depth, struct error *err)
{
	/* the entry returned last, if it is a directory, has no frame yet */
	if (depth + 1 == walk->n && walk->entered_fd >= 0)
		return walk->entered_fd;
	struct frame *frame = &walk->frames[depth + 1];
	int r = frame->fd < 0 ? reopen(walk, frame, err) : 0;
	return r < 0 ? r : frame->fd;
}

static int set_path(struct tree_walk *walk, const struct frame *frame,
		    const char *name, struct error *err)
{
	size_t n = strlen(name);
	size_t start = frame->path_length ? frame->path_length + 1 : 0;

	if (start + n >= TREE_PATH_MAX)
		return error_say(err, ENAMETOOLONG,
				 "a path is longer than %d bytes: "
				 "/%.60s.../%.60s",
				 TREE_PATH_MAX - 1, walk->path, name);
	if (start)
		walk->path[start - 1] = '/';
	memcpy(walk->path + start, name, n + 1);
	walk->path_length = start + n;
	return 0;
}

/* is it the answer to a file that is not what it was a moment ago? */
static bool changed_meanwhile(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP ||
	       code == EXDEV;
}

/*
 * Return: 1 with what is there now; 0 when it is gone.  It may have become
 * something else between the two calls; then it is what it is now.
 */
static int look(struct tree_walk *walk, struct tree_entry *entry,
		struct error *err)
{
	for (int tries = 0; tries < 100; tries++) {
		if (fstatat(entry->dirfd, entry->name, &entry->st,
			    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0) {
			if (errno == ENOENT)
				return 0;
			entry->closed = errno == EACCES;
			if (entry->closed)
				return 1;
			return error_set(err, errno, "look at /%.200s",
					 entry->path);
		}
		if (!S_ISDIR(entry->st.st_mode))
			return 1;
		walk->entered_fd = resolve(entry->dirfd, entry->name,
					   OPEN_DIRECTORY, walk->crosses);
		if (walk->entered_fd < 0 && errno == EXDEV &&
		    is_mount_point(entry->dirfd, entry->name)) {
			entry->mounted = true;
			return 1;
		}
		entry->closed = walk->entered_fd < 0 && errno == EACCES;
		if (entry->closed)
			return 1;
		if (walk->entered_fd < 0 && !changed_meanwhile(errno))
			return error_set(err, errno, "open /%.200s",
					 entry->path);
		if (walk->entered_fd < 0)
			continue;
		if (fstat(walk->entered_fd, &entry->st) < 0)
			return error_set(err, errno, "look at /%.200s",
					 entry->path);
		entry->fd = walk->entered_fd;
		return 1;
	}
	return error_say(err, ESTALE, "/%.200s does not stay what it is",
			 entry->path);
}

static int leave(struct tree_walk *walk, struct tree_entry *ret)
{
	size_t depth = walk->n - 2;

	walk->path_length = walk->frames[depth + 1].path_length;
	walk->path[walk->path_length] = '\0';
	walk->leaving = true;
	const char *slash = strrchr(walk->path, '/');
	*ret = (struct tree_entry){
		.path = walk->path,
		.name = slash ? slash + 1 : walk->path,
		.dirfd = -1,
		.fd = -1,
		.depth = depth,
	};
	return TREE_LEAVE;
}

int tree_walk_next(struct tree_walk *walk, struct tree_entry *ret,
		   struct error *err)
{
	int r = 0;

	if (walk->leaving)
		pop(walk);
	walk->leaving = false;
	if (walk->entered_fd >= 0)
		r = push(walk, take_fd(walk->entered_fd), err);
	if (r < 0)
		return r;
	for (;;) {
		struct frame *frame = &walk->frames[walk->n - 1];
		if (frame->next == frame->names.n)
			return walk->n == 1 ? TREE_END : leave(walk, ret);
		if (frame->fd < 0)
			r = reopen(walk, frame, err);
		if (r == 0)
			r = set_path(walk, frame, frame->names.v[frame->next++],
				     err);
		if (r < 0)
			return r;
		const char *slash = strrchr(walk->path, '/');
		struct tree_entry entry = {
			.path = walk->path,
			.name = slash ? slash + 1 : walk->path,
			.dirfd = frame->fd,
			.fd = -1,
			.crosses = walk->crosses,
			.depth = walk->n - 1,
		};
		r = look(walk, &entry, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*ret = entry;
		return TREE_ENTRY;
	}
}

void tree_walk_skip(struct tree_walk *walk)
{
	fd_close(&walk->entered_fd);
}

int tree_open_file(struct tree_entry *entry, struct error *err)
{
	/* should it be a FIFO by now, nobody waits for its other end */
	scoped_fd fd = resolve(entry->dirfd, entry->name,
			       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				       O_CLOEXEC,
			       entry->crosses);
	struct stat st;

	if (fd < 0 && errno == EXDEV &&
	    is_mount_point(entry->dirfd, entry->name))
		return error_say(err, EXDEV, "something is mounted on /%.200s",
				 entry->path);
	if (fd < 0 && !changed_meanwhile(errno) && errno != ENXIO &&
	    errno != ENODEV)
		return error_set(err, errno, "open /%.200s", entry->path);
	if (fd >= 0 && fstat(fd, &st) < 0)
		return error_set(err, errno, "look at /%.200s", entry->path);
	if (fd < 0 || !S_ISREG(st.st_mode))
		return error_say(err, ESTALE, "/%.200s is not the file it was",
				 entry->path);
	entry->st = st;
	return take_fd(fd);
}
