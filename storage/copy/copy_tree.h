/*
 * storage/copy/copy_tree.h - the directories that a copy goes into
 *
 * storage/copy/copy_write.h says how they are reached.  Those that are made are
 * noted on a stack, in the order of their paths, and finished when an entry
 * comes that is not in them: a mode may forbid writing, and writing changes
 * the time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "storage/unpack/unpack_records.h"

struct copy_tree {
	int base_fd; /* borrowed */
	bool inside;
	int parent_fd; /* O_PATH, of the directory last entered, or -1 */
	char parent_path[UNPACK_PATH_MAX];
	struct copy_directory {
		char *path;
		dev_t dev;
		ino_t ino;
		uint32_t mode;
		struct timespec mtime;
	} *made;
	size_t n, room;
};

void copy_tree_init(struct copy_tree *tree, int base_fd, bool inside);
void copy_tree_free(struct copy_tree *tree);

/*
 * copy_tree_open - the one component @name in @dirfd; no link is followed
 * @flags: of open(2).  Return: a descriptor, or -1 with errno
 */
int copy_tree_open(int dirfd, const char *name, int flags, mode_t mode);

/*
 * copy_tree_is_mounted - is something mounted on @name in @dirfd?
 * unlink(2) says so by EBUSY only in the mount namespace that it was mounted
 * in; in another one it takes the mount away (Linux 3.18), and a process that
 * visits a container is in another one.
 */
bool copy_tree_is_mounted(int dirfd, const char *name);

/*
 * copy_tree_directory - open the directory that @path, a clean one, is in
 * Return: an O_PATH descriptor, the caller's; -ENOENT, -ENOTDIR, -ELOOP
 */
int copy_tree_directory(const struct copy_tree *tree, const char *path,
			struct error *err);

/*
 * copy_tree_enter - make it .parent_fd
 * Directories that are missing are made, with mode 0755.
 */
int copy_tree_enter(struct copy_tree *tree, const char *path,
		    struct error *err);

/* copy_tree_note - the directory @fd, at @path, is to get @mode and @mtime
 * later */
int copy_tree_note(struct copy_tree *tree, const char *path, int fd,
		   uint32_t mode, struct timespec mtime, struct error *err);

/* copy_tree_leave - finish the directories that @path is not in; NULL: all */
int copy_tree_leave(struct copy_tree *tree, const char *path,
		    struct error *err);
