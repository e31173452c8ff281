/*
 * storage/fuse.h - fuse-overlayfs(1) behind a mount that is ours
 *
 * We open /dev/fuse and mount it ourselves, in the outer user namespace and
 * with our own flags, and hand fuse-overlayfs the descriptor as its mount
 * point "/dev/fd/N" (libfuse >= 3.3).  So it needs no fusermount, can start
 * while the rest is set up, and holds the only descriptor of the connection:
 * when it dies, every access answers ENOTCONN instead of hanging.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"

struct fuse_server {
	/* Relative paths are relative to @directory_fd.  They may not hold ':',
	 * ',' or '\\', which the option syntax of fuse-overlayfs takes. */
	int directory_fd;
	struct strv lower; /* directories, the top one first */
	const char *upper; /* NULL: read-only */
	const char *work;
	const char *uidmapping, *gidmapping; /* NULL: none; see idmap.h */
	bool squash; /* all files belong to squash_uid, squash_gid */
	uint32_t squash_uid, squash_gid;
	/* the lower directory is this machine's root: as squash_uid sees it */
	bool host;
	const char *container; /* absolute, with upper and work; for .host */
	/*
	 * the last thing before exec: take from the process what fuse-overlayfs
	 * does not need.  @writable: descriptor of the directory that upper and
	 * work are in, -1: none; @lower: of @n_lower directories; all O_PATH
	 */
	int (*confine)(const int *lower, size_t n_lower, int writable,
		       struct error *err);
};

/*
 * fuse_mount - mount an empty FUSE connection on @target
 * @target: a directory, relative to the working directory
 * @mount_flags: MS_* of mount(2); MS_NODEV is always there
 *
 * Return: the descriptor of the connection; -ENOENT, -EACCES, -EPERM, with
 * the remedies, when /dev/fuse cannot be opened.
 */
int fuse_mount(const char *target, unsigned long mount_flags,
	       struct error *err);

/*
 * fuse_check_server - can fuse-overlayfs be started at all?
 * Return: 0; -ENOENT it is not installed, with how to install it.
 */
int fuse_check_server(struct error *err);

/*
 * fuse_become_server - in a new process: confine it, and exec fuse-overlayfs
 * @connection: from fuse_mount()
 * @log_fd:     becomes its stdout and stderr
 *
 * Unshares the mount namespace: the server must not live in the one whose
 * root will be what it serves.  Returns only on failure.
 */
int fuse_become_server(const struct fuse_server *server, int connection,
		       int log_fd, struct error *err);
