/*
 * storage/load.h - images from a directory or an archive come into the store
 *
 *   OCI layout       a directory with oci-layout and index.json (image-spec
 *                    1.1, image-layout.md)
 *   oci-archive      the same as a tar
 *   docker-archive   a tar with manifest.json, as docker save(1) writes it
 *
 * An archive may be compressed with gzip, zstd, xz or bzip2.  It is unpacked
 * by the confined process of unpack.h into a directory of the stage, and then
 * read there like a directory that somebody else made: below a descriptor,
 * regular files only, everything bounded, every blob checked by digest and
 * size, every layer by its diff id.
 *
 * A name without a domain is one of docker.io in a docker-archive, as docker(1)
 * means it, and one of localhost in a layout, as podman(1) does.
 */
#pragma once

#include "base/error.h"
#include "storage/manifest.h"
#include "storage/stage.h"

/*
 * Who is asked when it is known what it is, before a layer is unpacked.
 * @transport: "oci" (a directory), "oci-archive" or "docker-archive"
 * Return: 0; an error ends it
 */
struct load_gate {
	int (*accept)(void *context, const char *transport, struct error *err);
	void *context;
};

/*
 * load_images - stage all images of @fd; stage_commit() makes them visible
 * @fd:   a directory, a file, or a pipe
 * @what: names it in messages
 * @gate: NULL: nobody is asked
 * @ret:  an entry for each image and name, for stage_commit(); on success the
 *        caller's to index_free()
 *
 * Return: 0; -EINVAL it is no image, or has a document that is malformed;
 * -EBADMSG a digest, a size or a diff id is wrong, or the archive is damaged;
 * -ENOENT a part is missing, or there is none for this machine; errors of
 * unpack_stream().
 */
int load_images(struct stage *stage, int fd, const char *what,
		const struct load_gate *gate, struct image_index *ret,
		struct error *err);
