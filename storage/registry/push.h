/*
 * storage/registry/push.h - blobs and manifests to a registry
 *
 * Source: distribution-spec 1.1, "Push".  A blob that the repository has is
 * not sent; one that another repository of the registry has is mounted from
 * there; others are uploaded, in one piece or in several.  An upload in pieces
 * goes on where it was when a connection breaks; one in one piece is begun
 * anew.  Where an upload goes is the registry's to say (Location): by https,
 * and without the credentials when it is another origin.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/registry/client.h"

struct blob_put {
	/* given */
	const char *digest; /* of all of the file */
	uint64_t size;
	int fd;           /* readable; stays the caller's */
	const char *from; /* repository of the same registry; NULL: none */
	uint64_t chunk;   /* bytes in a piece; 0: all in one */

	/* result */
	enum {
		PUT_SENT,
		PUT_WAS_THERE,
		PUT_MOUNTED,
	} how;

	/* private; see blob_put_progress() */
	uint64_t before;
	const struct http_exchange *exchange;
};

/* client_has_blob - Return: 1 with *@ret_size; 0 it has not; -errno */
int client_has_blob(struct client *client, const char *digest,
		    uint64_t *ret_size, struct error *err);

/*
 * blob_put_one - see to it that the repository has a blob
 * Return: 0; -EACCES; -EBADMSG the registry got something else; errors of
 * http_run()
 */
int blob_put_one(struct client *client, struct blob_put *blob,
		 struct error *err);

/* blob_put_progress - bytes that went out so far, for http_options.tick */
uint64_t blob_put_progress(const struct blob_put *blob);

/*
 * client_put_document - a manifest or an index, after what it names
 * @reference:  a tag; NULL: none, it is known by its digest
 * @ret_digest: of the bytes
 * Return: 0; -EBADMSG the registry says that it has another digest; ...
 */
int client_put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			char ret_digest[DIGEST_MAX], struct error *err);
