/*
 * storage/lower.h - what the layers below a container's writes show
 *
 * Layers are read as overlayfs and fuse-overlayfs read them: the top one
 * first, until a whiteout, an opaque directory, or something that is no
 * directory hides the rest.  Nothing here opens a file; paths are resolved
 * beneath a layer, without links.
 * Source: Documentation/filesystems/overlayfs.rst; storage/unpack/unpack.h says
 * how our own layers are marked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strv.h"

struct lower {
	int *fds; /* directories, the top one first */
	size_t n;
	bool whiteout_files; /* ".wh.NAME" in them hides NAME */
	/* relative paths that are shown as empty directories, whatever is in
	 * them: of the machine's own root */
	struct strv covered;
};

/* Which of the layers a directory is in: places in lower.fds, upwards. */
struct lower_dir {
	uint16_t *layers;
	size_t n;
};

/* lower_root - the root is in all of them; to be freed as all */
void lower_root(const struct lower *lower, struct lower_dir *ret);
void lower_dir_free(struct lower_dir *dir);

/*
 * lower_look - is there anything at @path?
 * @dir: of the directory that it is in
 * @ret_dir: when it is a directory, which layers it is in; NULL: not wanted
 * Return: 1 with what is shown there, else 0: what cannot be looked at, no
 * container could see either.
 */
int lower_look(const struct lower *lower, const struct lower_dir *dir,
	       const char *path, struct stat *ret_st,
	       struct lower_dir *ret_dir);

/* lower_list - the names that the directory @path shows, sorted by bytes */
int lower_list(const struct lower *lower, const struct lower_dir *dir,
	       const char *path, struct strv *ret, struct error *err);

/*
 * The marks of both kinds of overlay, for the layer above as well
 */

/* overlay_is_whiteout - a character device 0:0 */
bool overlay_is_whiteout(const struct stat *st);

/* overlay_is_opaque - is the attribute @name of the directory @fd "y"? */
bool overlay_is_opaque(int fd, const char *name);

extern const char overlay_opaque[], overlay_fuse_opaque[];
