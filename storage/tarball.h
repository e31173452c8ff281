/*
 * storage/tarball.h - files become a tar
 *
 * POSIX.1-2001 (pax), through libarchive: numeric ids and no names of users,
 * times to the nanosecond, extended attributes (SCHILY.xattr, as star, GNU
 * tar, docker and podman read them), hard links, holes (GNU.sparse 1.0), names
 * of any bytes.  Nothing is looked up while it is written: no locale, no
 * iconv(3) tables, no users (R14).  The same entries in the same order
 * make the same bytes.
 *
 * Attributes: security.capability (storage/owner.h) and user.*, but for those
 * that overlayfs, fuse-overlayfs and containers-storage keep for themselves.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/owner.h"
#include "storage/tree_walk.h"

struct tarball_options {
	struct owner_map owners;
	bool gzip;
	bool partly; /* what may not be read is left out, and noted */
	/* relative paths of mount points of ours: they are root's, for their
	 * owner may have no number in the container, and tarball_add_tree()
	 * does not enter them; borrowed, may be NULL */
	const struct strv *mount_points;
};

/* What could not be put into it as it was. */
struct tarball_notes {
	uint64_t files;      /* written, of any kind */
	uint64_t sockets;    /* left out: a socket without its server is none */
	uint64_t attributes; /* left out: capabilities for another user
			      * namespace, access control lists */
	uint64_t changed;    /* while they were read: vanished, became shorter
			      * (zeros took the place) or longer (cut) */
	uint64_t closed;     /* left out: they may not be read */
	uint64_t names;      /* left out by tarball_is_reserved() */
};

struct tarball;

/*
 * tarball_new - begin to write to @out_fd, a file or a pipe
 * @notes: updated; outlives it
 *
 * SIGPIPE must be ignored.  Before tree_confine(), for it loads the locale
 * C.UTF-8 of this system, and this thread uses it until tarball_free().
 */
int tarball_new(int out_fd, const struct tarball_options *options,
		struct tarball_notes *notes, struct tarball **ret,
		struct error *err);

/*
 * tarball_add - write @entry as @path
 * @path: relative, without "/" at its end
 * Return: 0, also when it is left out and noted; -EACCES it may not be read;
 * -EPIPE, -ENOSPC and other
 * errors of write(2); errors of reading the file.
 */
int tarball_add(struct tarball *tarball, struct tree_entry *entry,
		const char *path, struct error *err);

/*
 * tarball_add_tree - the whole tree below @root_fd, the root itself left out
 *
 * What is mounted in it is not entered: a directory there is empty, a file has
 * no content.
 */
int tarball_add_tree(struct tarball *tarball, int root_fd, struct error *err);

/*
 * tarball_add_whiteout - ".wh.NAME", by which a layer removes what is at @path
 * in the layers below (image-spec 1.1, layer.md, "Whiteouts")
 */
int tarball_add_whiteout(struct tarball *tarball, const char *path,
			 struct error *err);

/*
 * What is no file of a tree: begun with its size, written in pieces, ended.
 * It belongs to root, has the mode 0644, and was changed in 1970.
 */
int tarball_begin_file(struct tarball *tarball, const char *path, uint64_t size,
		       struct error *err);
int tarball_write(struct tarball *tarball, const void *data, size_t size,
		  struct error *err);

/* tarball_end_file - Return: as tarball_add(); -EINVAL it got fewer bytes */
int tarball_end_file(struct tarball *tarball, struct error *err);

/* tarball_make_directory - the same for a directory, of mode 0755 */
int tarball_make_directory(struct tarball *tarball, const char *path,
			   struct error *err);

/* tarball_is_reserved - would a layer take the name for a whiteout? */
bool tarball_is_reserved(const char *name);

/* tarball_finish - write the end; Return: as tarball_add() */
int tarball_finish(struct tarball *tarball, struct error *err);
void tarball_free(struct tarball *tarball); /* NULL is fine */
