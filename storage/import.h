/*
 * storage/import.h - a tar of a root file system becomes an image
 */
#pragma once

#include "base/error.h"
#include "storage/manifest.h"
#include "storage/stage.h"

struct import_options {
	const char *what;    /* names the stream in messages */
	const char *name;    /* as the user typed it; NULL: none */
	const char *message; /* for the history; NULL: none */
	struct strv changes; /* import_change() texts */
};

/*
 * import_change - apply one instruction to @config; pure
 * @text: "CMD=..." or "CMD ...", where ... is what a Dockerfile has there:
 *        CMD, ENTRYPOINT (JSON or a shell's line), ENV, EXPOSE, LABEL, USER,
 *        WORKDIR, VOLUME, STOPSIGNAL; in either case
 * Return: 0; -EINVAL with the instruction and what it wants.
 */
int import_change(struct image_config *config, const char *text,
		  struct error *err);

/*
 * import_image - stage the image; stage_commit() makes it visible
 * @fd: tar, plain or compressed; a file or a pipe.  It is kept as it is, as
 *      the image's only layer.
 * @ret: one entry, the caller's to index_free()
 * Return: 0; -EINVAL the name or a change is malformed; errors of
 * unpack_stream().
 */
int import_image(struct stage *stage, int fd,
		 const struct import_options *options, struct image_index *ret,
		 struct error *err);
