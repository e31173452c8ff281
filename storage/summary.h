/*
 * storage/summary.h - what a list of images shows of each, without its
 * documents
 *
 * An image's documents never change: so whoever writes the store's index notes
 * beside each entry what they say, and a list reads one file and no more.  The
 * note names the manifest that it is of.  One that is missing, malformed, or of
 * another manifest (an index that others wrote) is as if there were none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/store.h"

#define CREATED_MAX 64 /* bytes, with the NUL */

struct summary {
	char id[DIGEST_MAX];       /* of the configuration */
	uint64_t size;             /* bytes of all blobs of the image */
	char created[CREATED_MAX]; /* RFC 3339; "" when there is none */
};

/* summary_text - the note for @entry; the caller's to free */
char *summary_text(const struct descriptor *entry,
		   const struct manifest *manifest,
		   const struct image_config *config);

/* summary_parse - pure.  Return: has @entry a note, of its own manifest? */
bool summary_parse(const struct descriptor *entry, struct summary *ret);

/*
 * summary_read - of an image of the store, from its note or its documents
 * With a note it is only looked whether there is a manifest.
 * Return: 0; -EUCLEAN a document is missing or damaged; else as
 * layout_read_image()
 */
int summary_read(const struct store *store, const struct descriptor *entry,
		 struct summary *ret, struct error *err);
