/*
 * storage/stage_stream.h - a layer that is unpacked while its blob still comes
 *
 * Theory of operation.  The blob is written to a file and its bytes go through
 * a pipe as well, to a process that unpacks them into the stage.  Nothing of
 * that is in its place before both are known to be right: the digest of the
 * blob, by whoever fetches it, and the diff id of what was unpacked.
 */
#pragma once

#include <sys/types.h>

#include "storage/stage.h"

struct stage_stream;

/* Descriptors that cancel, @cancel_fd, are readable when it is to be given up;
 * then -ECANCELED is returned.  -1: never. */

/*
 * stage_stream_begin - start the process that unpacks
 * @what: names the layer in messages; borrowed
 */
int stage_stream_begin(struct stage *stage, const char *what,
		       struct stage_stream **ret, struct error *err);

/*
 * stage_stream_begin_blob - the same for a blob that is in the stage
 * Nothing is to be written: stage_stream_end() is what is left to do.
 */
int stage_stream_begin_blob(struct stage *stage, const char *blob_digest,
			    const char *what, struct stage_stream **ret,
			    struct error *err);

/* stage_stream_fd - where the bytes go; a pipe that does not block; -1: closed
 */
int stage_stream_fd(const struct stage_stream *stream);

/*
 * stage_stream_write - some of them
 * Return: how many were taken, at least 1; -EAGAIN not now; -EPIPE it has
 * given up: stage_stream_end() says why
 */
ssize_t stage_stream_write(struct stage_stream *stream, const void *data,
			   size_t size, struct error *err);

/* stage_stream_write_all - the rest of them, however long that takes
 * Return: 0; -EPIPE as above */
int stage_stream_write_all(struct stage_stream *stream, const void *data,
			   size_t size, int cancel_fd, struct error *err);

/* stage_stream_close - all bytes were written: let it come to its end */
void stage_stream_close(struct stage_stream *stream);

/*
 * stage_stream_end - all bytes were written, and the blob is what it should be
 * Waits until all of it is unpacked.
 * @diff_id: what the layer must be
 * Return: as stage_layer().  The stream is freed, in any case.
 */
int stage_stream_end(struct stage_stream **stream, const char *blob_digest,
		     const char *diff_id, int cancel_fd, struct error *err);

/* stage_stream_free - give it up; NULL is fine */
void stage_stream_free(struct stage_stream **stream);
