/*
 * storage/registry/push.h - an image of the store goes to a registry
 *
 * The blobs first, several at a time, then the manifest, byte for byte as the
 * store has it: so its digest is the same there.  What the repository has is
 * not sent; a layer that other images of the store have, which are called after
 * the same registry, is mounted from their repository if it is there.
 * Source: distribution-spec 1.1, "Push".
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "storage/manifest.h"
#include "storage/registry/client.h"
#include "storage/store.h"
#include "storage/transfer.h"

struct push {
	/* given */
	const struct store *store;
	const struct image_index *images; /* of the store: what is called how */
	const struct descriptor *image;   /* one of them */
	struct client *client;
	const struct place *place; /* the client's */
	const char *tag;
	size_t parallel; /* connections; 0: BLOBS_PARALLEL */

	/* who shows it, as those of struct pull */
	void (*begin)(void *context, const struct transfer *layers, size_t n);
	void (*end)(void *context);
	void *context;
};

/*
 * push_image - Return: 0; -EUCLEAN the store is damaged; errors of
 * blob_put_all() and client_put_document()
 */
int push_image(const struct push *push, struct error *err);

/*
 * client_put_document - a manifest or an index, after what it names
 * @reference:  a tag; NULL: none, it is known by its digest
 * @ret_digest: of the bytes
 * Return: 0; -EBADMSG the registry says that it has another digest; ...
 */
int client_put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			char ret_digest[DIGEST_MAX], struct error *err);
