/*
 * storage/fuse_host.h - this machine's own root, as anybody may see it
 *
 * With @host the file system server reads "/" for the container.  It must not
 * read it as the caller, or root in the container would read the caller's
 * 0600 files.  So it does as the container's root does (a subordinate id that
 * owns nothing), and what belongs to people and to sessions is covered by
 * empty directories first, in the server's own mount namespace: world-readable
 * home directories are still homes.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

struct fuse_host {
	const char *container; /* absolute: the directory with upper and work */
	uint32_t uid, gid;     /* what the server becomes, in this namespace */
};

/*
 * fuse_host_enter - build the view, and become @host->uid, without any
 * capability from the next execve(2) on
 *
 * In the server's process, after unshare(CLONE_NEWNS), as id 0 of the outer
 * user namespace.  Afterwards fuse_host_lower, _upper and _work are the paths
 * for the options of fuse-overlayfs.
 */
int fuse_host_enter(const struct fuse_host *host, struct error *err);

/* fuse_host_covered - add the directories that the container finds empty */
void fuse_host_covered(struct strv *ret);

extern const char fuse_host_lower[], fuse_host_upper[], fuse_host_work[];
