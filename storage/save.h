/*
 * storage/save.h - images of the store go into an archive, or a directory
 *
 * The opposite of storage/load.h.  Blobs are written as they are stored, so
 * that digests stay the same: nothing is unpacked, and nothing packed again.
 *
 *   oci-dir          an OCI image layout (image-spec 1.1, image-layout.md)
 *   oci-archive      the same as a tar
 *   docker-archive   the same tar with manifest.json, whose paths lead to the
 *                    same blobs, as docker save(1) writes it since docker 25:
 *                    one file for who reads either
 *
 * Names are in it in full: as the annotations org.opencontainers.image.ref.name
 * (podman, skopeo) and io.containerd.image.name (docker, containerd), and in
 * manifest.json.  What several images share is there once.  The same images in
 * the same order make the same bytes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct save_options {
	bool docker; /* manifest.json, too */
	/* what is being done, for a line on a terminal; may be NULL */
	void (*progress)(const char *text);
	/* asked between pieces: is all of it to end?  May be NULL */
	bool (*is_cancelled)(void);
};

/*
 * save_to_tar - write @images as a tar to @out_fd, a file or a pipe
 * @images: entries of the store's index; with the name that they are to have,
 *          or without one.  One image with two names is two entries.
 *
 * SIGPIPE must be ignored.  Every blob is hashed while it is written.
 * Return: 0; -EUCLEAN the store is damaged: a blob is missing, or is not what
 * its digest says; -ENOENT an image was removed meanwhile; -ECANCELED; -EPIPE,
 * -ENOSPC and other errors of write(2).
 */
int save_to_tar(const struct store *store, const struct image_index *images,
		const struct save_options *options, int out_fd,
		struct error *err);

/* save_to_directory - the same as files of @dirfd, which is empty */
int save_to_directory(const struct store *store,
		      const struct image_index *images,
		      const struct save_options *options, int dirfd,
		      struct error *err);
