/*
 * storage/registry/upload.h - blobs to a registry, several at a time
 *
 * Theory of operation.  Each blob is one exchange of http.h, which is several
 * requests, one after the other:
 *
 *   1. ask     has the repository got it?  Then that was all
 *   2. begin   mount it from another repository of the registry, if one is
 *              named; where that is not to be had an upload begins
 *   3. send    a piece of it, or all of it
 *   4. close   say what digest it has; a small one is sent with this at once
 *
 * After a connection broke, or an answer that passes by itself, in 3 or 4:
 *
 *   5. look    how far did it get?  3 goes on from there.  If the registry does
 *              not know the upload any more, 1.
 *
 * A registry that answers 404 in 3 or 4 has lost the upload: 1, a few times.
 * A wait comes before 1 and 5, longer each time, until the registry has got
 * more than it ever had.  Where an upload goes is the registry's to say
 * (Location): by https, and without the credentials when it is another origin.
 * Source: distribution-spec 1.1, "Pushing blobs".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/registry/client.h"

struct blob_put {
	/* given */
	const char *digest; /* of all of the file; valid by digest_check() */
	uint64_t size;      /* bytes */
	int fd;             /* readable; stays the caller's */
	const char *from;   /* repository of the same registry; NULL: none */
	uint64_t chunk;     /* bytes in a piece; 0: all with the last request */

	/* result; may be read at any time, from http_options.tick too */
	uint64_t at; /* bytes that went out, or need not */
	bool done;
	enum put_how {
		PUT_SENT,
		PUT_WAS_THERE,
		PUT_MOUNTED,
		PUT_HOWS
	} how; /* when it is done */
};

/*
 * blob_put_all - see to it that the repository has @n blobs, at most @parallel
 * at a time; the first that fails ends them all
 * Return: 0; -EACCES; -EBADMSG the registry got something else; -EPROTO it
 * refuses one, or answers nonsense; errors of http_run()
 */
int blob_put_all(struct client *client, struct blob_put *blobs, size_t n,
		 size_t parallel, struct error *err);
