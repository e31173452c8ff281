/*
 * storage/upper.h - what a container wrote, told from what was there before
 *
 * A container's writes lie in a directory of their own, beside the marks that
 * its file system server left there.  What the two leave, as it was seen with
 * Linux 6.18 and fuse-overlayfs 1.10:
 *
 *   kernel's overlayfs  (option userxattr) character devices 0:0 for what was
 *                       removed, user.overlay.opaque="y" on a directory that
 *                       replaced another; copies of all directories on the way
 *                       to a change, with user.overlay.origin, impure and uuid.
 *                       A file whose name begins with ".wh." is just a file.
 *   fuse-overlayfs      the same devices, or files ".wh.NAME" where they cannot
 *                       be made; in every new directory, whether something lies
 *                       below or not, ".wh..wh..opq" and ".wh..opq", and
 *                       user.fuseoverlayfs.opaque="y";
 * user.fuseoverlayfs.origin on copies.  It refuses names that begin with
 * ".wh.".
 *
 * Both also hold empty files and directories that are ours: mount points that
 * the image did not have.  They are no change, nor is a directory that was
 * copied for their sake.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/lower.h"
#include "storage/owner.h"
#include "storage/tree_walk.h"

/* Where a container's writes are, and what lies below them. */
struct upper_place {
	int dirfd;           /* what a relative .upper is relative to */
	const char *upper;   /* "containers/<id>/upper" */
	struct strv lower;   /* directories, absolute, the top one first */
	bool fuse;           /* fuse-overlayfs alone wrote it */
	bool whiteout_files; /* ".wh." files in lower ones hide something */
	struct strv covered; /* see storage/lower.h */
	struct strv mount_points; /* absolute; those of the system are known */
	struct owner_map owners;
};

struct upper {
	int fd;
	const struct upper_place *place;
	struct lower lower;
	struct strv mount_points; /* relative */
};

/* upper_mount_points - add those of every container, as relative paths */
void upper_mount_points(struct strv *ret);

/* upper_open - in the outer user namespace, as its id 0 */
int upper_open(const struct upper_place *place, struct upper *ret,
	       struct error *err);
void upper_close(struct upper *upper);

enum upper_kind {
	UPPER_ADDED = 'A',
	UPPER_CHANGED = 'C',
	UPPER_DELETED = 'D',
};

struct upper_change {
	enum upper_kind kind;
	const char *path; /* relative: "etc/motd" */
	/* what is there now; NULL: UPPER_DELETED */
	struct tree_entry *entry;
};

/*
 * upper_walk - all changes, directories before what is in them
 * @found: what @change points to is valid until it returns, 0 or -errno, which
 *         ends the walk
 *
 * A directory is UPPER_CHANGED when something in it is, or its mode, owner or
 * time; the root itself is never told.  Of a directory that was replaced by
 * another, what the new one does not have is UPPER_DELETED, so nothing about
 * opaque directories has to be told.
 *
 * Return: 0; -EUCLEAN a directory refers to another one below
 * (user.overlay.redirect, which no overlay of ours makes); errors of
 * tree_walk_next().
 */
int upper_walk(const struct upper *upper,
	       int (*found)(void *context, const struct upper_change *change,
			    struct error *err),
	       void *context, struct error *err);

/*
 * upper_trees - descriptors of the directories that upper_walk() reads
 * Return: how many, in *ret, the caller's to free; the descriptors are not
 */
size_t upper_trees(const struct upper *upper, int **ret);
