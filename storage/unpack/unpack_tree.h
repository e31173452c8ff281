/*
 * storage/unpack/unpack_tree.h - the places in the tree that is being written
 *
 * Below the target everything is reached by descriptors: a directory that the
 * kernel resolved beneath the target, and one component in it.  The directory
 * of the last entry stays open, since the next one mostly lies there too.
 *
 * Writing into a directory changes its time, and its own entry may have come
 * before: what the time was is noted when the directory is entered, and put
 * back when it is left.  So no list of directories has to be kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "storage/unpack/unpack.h"
#include "storage/unpack/unpack_records.h"

struct unpack_tree {
	int root_fd;
	bool layer, single;
	bool whiteout_files; /* the file system refuses devices 0:0 */
	uint64_t files, max_files;
	uint64_t whiteouts; /* made as ".wh." files */
	int parent_fd;      /* of the directory last entered, or -1 */
	struct timespec parent_mtime;
	char parent_path[UNPACK_PATH_MAX];
};

int unpack_tree_init(struct unpack_tree *tree, int target_fd,
		     const struct unpack_options *options, struct error *err);
void unpack_tree_free(struct unpack_tree *tree);

/*
 * unpack_tree_enter - make the directory of @path, a clean one, the current
 * one; directories that are missing are made
 *
 * Return: 0; -ENOTDIR something else is in the way; -ELOOP; -EFBIG.
 */
int unpack_tree_enter(struct unpack_tree *tree, const char *path,
		      struct error *err);

/* unpack_tree_leave - put the current directory's time back */
int unpack_tree_leave(struct unpack_tree *tree, struct error *err);

/* unpack_tree_find - open the directory of @path, which must exist, for the
 * target of a hard link; Return: a descriptor, the caller's to close */
int unpack_tree_find(struct unpack_tree *tree, const char *path,
		     struct error *err);

/* unpack_tree_count - one more file; -EFBIG when that is too many */
int unpack_tree_count(struct unpack_tree *tree, struct error *err);

/*
 * unpack_tree_make_room - remove what is at @name in @dirfd, so that an entry
 * can be made there
 * @keep_directory: but not a directory
 *
 * Return: 0 nothing was there, 1 it was a whiteout, 2 it was something else,
 * 3 it is a directory that was kept.
 */
enum {
	UNPACK_WAS_NOTHING,
	UNPACK_WAS_WHITEOUT,
	UNPACK_WAS_OTHER,
	UNPACK_IS_DIRECTORY,
};
int unpack_tree_make_room(struct unpack_tree *tree, int dirfd, const char *name,
			  bool keep_directory, struct error *err);

/*
 * unpack_tree_directory - make the directory @name in @dirfd, or take the one
 * that is there; in place of a whiteout it becomes opaque
 * @ret_fd: open for reading; mode 0700 if it is new
 *
 * Return: 0 it was there, 1 it is new.
 */
int unpack_tree_directory(struct unpack_tree *tree, int dirfd, const char *name,
			  int *ret_fd, struct error *err);

/*
 * unpack_tree_hides - does the layer itself hide what lower layers have at
 * @path, by a file or a link on the way to it?  Then a whiteout there says
 * nothing more.  umoci writes such for a directory that became a file or a
 * link; to follow that link would hide files elsewhere.
 */
bool unpack_tree_hides(const struct unpack_tree *tree, const char *path);

/* unpack_tree_whiteout - hide @name of the lower layers from the current
 * directory on */
int unpack_tree_whiteout(struct unpack_tree *tree, const char *name,
			 struct error *err);

/* unpack_tree_opaque - hide all that lower layers have in @dirfd */
int unpack_tree_opaque(int dirfd, struct error *err);

/* unpack_tree_owner_xattr - what options->single keeps instead of an owner */
int unpack_tree_owner_xattr(int fd, uint32_t uid, uint32_t gid, uint32_t mode,
			    struct error *err);
