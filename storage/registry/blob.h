/*
 * storage/registry/blob.h - layers and configurations, several at a time
 *
 * Theory of operation.  Each blob has a file, which holds the beginning of it
 * that an earlier try (of this program or of one that was killed) has got.
 *
 *   1. what the file holds is hashed
 *   2. the rest is asked for with "Range"; a server that sends all of it
 *      instead is read over what is there already
 *   3. bytes are handed on, written and hashed as they come; more than the
 *      descriptor says is an error at once
 *   4. the digest decides.  If it is wrong the file is emptied; and if the
 *      file held something in 1, all is fetched once more from the start.
 *
 * A connection that breaks costs nothing but time: 2 is done again, after a
 * wait, as long as each try brings something.  No "If-Range" is sent: the name
 * of a blob is its digest, and 4 is stricter than an ETag.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/registry/client.h"

#define BLOBS_PARALLEL 4 /* as many connections are polite */

struct blob_get {
	/* given */
	const char *digest; /* valid by digest_check() */
	uint64_t size;      /* bytes; of the descriptor */
	int fd;             /* readable and writable; stays the caller's */

	/*
	 * Gets the bytes that were not in the file at the start, in order,
	 * before they are checked.  NULL: none.  Return: 0; -EAGAIN not now:
	 * ask again when .tee_fd can be written; another error ends it all.
	 */
	int (*tee)(void *context, const void *data, size_t size,
		   struct error *err);
	int tee_fd; /* -1: ask again soon */
	void *context;

	/* result; .at may be read at any time, from http_options.tick too */
	uint64_t at;   /* bytes that the file has */
	bool verified; /* all is there, and is what the digest says */
};

/*
 * blob_get_all - fetch @n blobs, at most @parallel at a time
 * @blobs: none twice (-EINVAL), as a manifest may have them
 *
 * Whatever happens the files keep what is good for another try.
 * Return: 0 all are verified; -EBADMSG one is not what digest or size say;
 * -ENOENT one is not there; -ENOSPC and others of writing; errors of http_run()
 */
int blob_get_all(struct client *client, struct blob_get *blobs, size_t n,
		 size_t parallel, struct error *err);

/*
 * blob_get_text - fetch a small one, as a configuration, into memory
 * @max: more bytes are -EFBIG
 * @ret: has a NUL behind its last byte; the caller's to free
 */
int blob_get_text(struct client *client, const char *digest, uint64_t size,
		  size_t max, char **ret, struct error *err);
