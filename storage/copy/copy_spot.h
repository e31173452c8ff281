/*
 * storage/copy/copy_spot.h - what a path of a copy leads to
 *
 * Of the paths that a user names, links are followed as any program follows
 * them: on the host from the host's root, and for a path in a container by a
 * process whose root is the container's.  What lies below is another matter
 * (storage/tree_walk.h, storage/copy/copy_write.h), and so are the container's
 * volumes (copy_spot_check()).
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strv.h"

enum {
	COPY_FOLLOW = 1, /* also if the path itself is a link */
	/* the root is a container's: its magic links (those of /proc, which
	 * lead to what other processes have open) are refused */
	COPY_INSIDE = 2,
};

struct copy_spot {
	int dirfd;   /* the directory that .name is in, or that is meant */
	char *name;  /* "": .dirfd itself is meant */
	int fd;      /* if it is a directory: O_PATH; else -1 */
	bool exists; /* false: nothing of this name is in .dirfd */
	bool slash;  /* of struct copy_path */
	struct stat st;
};
#define COPY_SPOT_NONE { .dirfd = -1, .fd = -1 }

/*
 * copy_spot_find - @flags: COPY_*
 * Return: 0, also when nothing of this name exists; -ENOENT a directory on the
 * way is missing; -ENOTDIR it should be a directory; -ELOOP; -EACCES
 */
int copy_spot_find(const char *path, int flags, struct copy_spot *ret,
		   struct error *err);

/*
 * copy_spot_check - a path of the host may lead to a directory that a container
 * writes, but not out of it again: it would do so by a link that the container
 * may have made
 * @path:     that @spot was found with
 * @writable: directories of the host, absolute
 *
 * Looks at what @spot has open, so no change of a name is too quick for it.
 * Return: 0; -EXDEV it does.
 */
int copy_spot_check(const struct copy_spot *spot, const char *path,
		    const struct strv *writable, struct error *err);
void copy_spot_close(struct copy_spot *spot);
