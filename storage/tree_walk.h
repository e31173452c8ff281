/*
 * storage/tree_walk.h - every file of a directory tree, while somebody may be
 * changing it
 *
 * Theory of operation.  The tree belongs to a container, which may still run
 * and swap a directory for a link at any moment.  So no path is ever walked: a
 * directory is opened as one component of the directory that it was found in
 * (openat2(2), Linux 5.6: no links, nothing above, no other mount), and what
 * is in it is reached from that descriptor.  The stack of directories lies on
 * the heap; of a deep tree the outer descriptors are closed and opened again
 * on the way back, and must then be the same directory (R2).
 *
 * Names come sorted by their bytes, a directory before what is in it, so the
 * same tree is always walked in the same order.  The memory that it takes is
 * that of the names in the directories on the way, not of the whole tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"

enum { TREE_PATH_MAX = 4096 }; /* with the NUL; Linux' PATH_MAX */

enum tree_event {
	TREE_END,
	TREE_ENTRY, /* anything, also a directory, before what is in it */
	TREE_LEAVE, /* a directory, after what is in it */
};

struct tree_entry {
	const char *path; /* from the root, no "/" at its beginning */
	const char *name; /* the last component, borrowed from .path */
	int dirfd;        /* of the directory that it is in */
	int fd;           /* a directory, open for reading; else -1 */
	bool mounted;     /* a directory that something is mounted on: it is
			   * not entered, .fd is -1 */
	bool crosses;     /* of tree_walk_enter_mounts() */
	bool closed;      /* a directory that may not be opened, .fd is -1, or
			   * something that may not even be looked at, .st is
			   * zero */
	size_t depth;     /* 0: in the root */
	struct stat st;   /* not of TREE_LEAVE */
};

struct tree_walk;

/* tree_walk_new - @root_fd: a directory; stays the caller's */
int tree_walk_new(int root_fd, struct tree_walk **ret, struct error *err);
void tree_walk_free(struct tree_walk *walk); /* NULL is fine */

/* tree_walk_enter_mounts - what is mounted in the tree belongs to it */
void tree_walk_enter_mounts(struct tree_walk *walk);

/*
 * tree_walk_next - the next entry; what @ret points to is valid until then
 * What vanishes before it was looked at is passed over.
 *
 * Return: enum tree_event; -ENAMETOOLONG a path of 4096 bytes or more;
 * -ESTALE a directory was moved while it was read; errors of openat2(2).
 */
int tree_walk_next(struct tree_walk *walk, struct tree_entry *ret,
		   struct error *err);

/* tree_walk_skip - do not enter the directory that was returned last */
void tree_walk_skip(struct tree_walk *walk);

/*
 * tree_walk_directory - the directory at @depth of the way to the last entry,
 * or that entry itself
 * Return: its descriptor, borrowed; -ESTALE
 */
int tree_walk_directory(struct tree_walk *walk, size_t depth,
			struct error *err);

/*
 * tree_open_file - open the regular file @entry for reading
 * @entry: its .st becomes what was opened, which may be another file by now;
 *         .crosses: what is mounted on it is opened, too
 * Return: a descriptor, the caller's; -ESTALE it is no regular file any more,
 * or gone; -EXDEV something is mounted on it.
 */
int tree_open_file(struct tree_entry *entry, struct error *err);
