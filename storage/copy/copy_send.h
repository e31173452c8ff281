/*
 * storage/copy/copy_send.h - the files of a copy become a tar
 *
 * The whole work of a process: of one whose root is a container's, or of one
 * with the caller's rights.  It confines itself (storage/tree_confine.h) when
 * it has found where the path leads, and then reads what is below with
 * storage/tree_walk.h, for a container may be changing it.
 */
#pragma once

#include "base/error.h"
#include "storage/copy/copy_path.h"
#include "storage/tarball.h"

struct copy_source {
	const char *path;
	int flags;      /* COPY_* of storage/copy/copy_spot.h */
	const char *as; /* what it is called in the tar; ".": what is in it */
	const struct strv *writable; /* of copy_spot_check() */
};

/*
 * copy_source_name - what a path is called in a tar, for .as: its last
 * component, or "."; the caller's to free
 */
char *copy_source_name(const char *path);

/*
 * copy_send - @tarball: made before, for that takes files of this system
 * @out_fd: what the tarball writes to
 *
 * Return: 0; -ENOENT, -ENOTDIR and others of copy_spot_find(); -ENOTSUP it is
 * a socket, a device, or in a file system of the kernel's, such as /proc,
 * whose files have no size; errors of tarball_add() and tree_walk_next().
 */
int copy_send(const struct copy_source *source, int out_fd,
	      struct tarball *tarball, struct error *err);
