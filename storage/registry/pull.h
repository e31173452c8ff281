/*
 * storage/registry/pull.h - an image of a registry becomes one of the store
 *
 * Theory of operation.  One pass: the bytes of a layer are written to
 * partial/<digest>, hashed, and unpacked while they come, several layers at a
 * time.  What the store has already is not fetched.  At the end, and only when
 * every digest and diff id was right, stage_commit() makes it visible.
 *
 * What breaks off stays in partial/, and the next pull goes on from there:
 * then such a layer is unpacked after its last byte has come, since what was
 * there before has not gone through the unpacker.  A file of partial/ is
 * locked by who writes it (fcntl_locking(2), F_OFD_SETLK); a second pull of the
 * same blob at the same time fetches its own.
 */
#pragma once

#include "base/error.h"
#include "storage/manifest.h"
#include "storage/registry/source.h"
#include "storage/stage.h"
#include "storage/transfer.h"

struct pull {
	/* given */
	struct stage *stage;
	struct source *source; /* of source_find() */
	const struct platform *platform;
	const char *name; /* in the store, in full, with a tag; NULL: none */
	size_t parallel;  /* connections; 0: BLOBS_PARALLEL */
	int cancel_fd;    /* as that of struct http_options; -1: none */

	/*
	 * Who shows it; NULL: nobody.  begin() gets one for each different
	 * layer; they change until end() is called, once, in any case.
	 */
	void (*begin)(void *context, const struct transfer *layers, size_t n);
	void (*end)(void *context);
	void *context;
};

/*
 * pull_image - fetch, check and stage it; stage_commit() is the caller's
 * @ret: one entry, the caller's to index_free()
 * Return: 0; -EBADMSG a digest, a size or a diff id is not as announced;
 * -EINVAL a document is malformed; -ENOTSUP it is for another system;
 * -ECANCELED by cancel_fd; errors of the client and of unpack_stream()
 *
 * Layers that have come stay in partial/ when it is cancelled.
 */
int pull_image(const struct pull *pull, struct image_index *ret,
	       struct error *err);
