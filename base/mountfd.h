/*
 * base/mountfd.h - mounts that are made whole before anyone can see them
 *
 * A mount is a descriptor: made or cloned detached, given its attributes, and
 * then attached to a directory that was resolved to a descriptor (R3).
 * Source: fsopen(2), fsmount(2), open_tree(2), move_mount(2) since Linux 5.2,
 * mount_setattr(2) since 5.12.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#include <linux/mount.h>

/* One "key=value" for fsconfig(2); ends with a NULL key. */
struct mount_option {
	const char *key;
	const char *value; /* NULL: a flag */
};

/*
 * mountfd_new - a new, detached mount of file system type @type
 * @attributes: MOUNT_ATTR_* of mount_setattr(2)
 * Return: its descriptor; on failure the kernel's own words are in @err.
 */
int mountfd_new(const char *type, const struct mount_option *options,
		uint64_t attributes, struct error *err);

/*
 * mountfd_clone - a detached copy of the mount at @path below @dirfd
 * @flags: AT_RECURSIVE with all mounts in it; AT_EMPTY_PATH
 */
int mountfd_clone(int dirfd, const char *path, unsigned flags,
		  struct error *err);

/* mountfd_set - set attributes; @flags: AT_RECURSIVE */
int mountfd_set(int mount_fd, uint64_t attributes, unsigned flags,
		struct error *err);

/* mountfd_attach - attach @mount_fd on what @target_fd has open */
int mountfd_attach(int mount_fd, int target_fd, struct error *err);
