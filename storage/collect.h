/*
 * storage/collect.h - blobs and layers that no image refers to any more
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/manifest.h"
#include "storage/store.h"

struct stage;

struct garbage {
	struct strv blobs;  /* digests */
	struct strv layers; /* names; each is locked by @holds_fd */
	struct strv busy;   /* names of layers that somebody uses: they stay */
	int holds_fd;
};
#define GARBAGE_NONE { .holds_fd = -1 }

/*
 * collect_find - what neither @keep nor a container refers to; the caller has
 * store_lock()
 *
 * A container that is kept needs its image as long as it is there, whether it
 * runs or not: containers/<id>/image holds the digest of the manifest.
 *
 * Return: 0; -EUCLEAN an image cannot be read, so that nobody knows what it
 * needs.
 */
int collect_find(const struct store *store, const struct image_index *keep,
		 struct garbage *ret, struct error *err);

/*
 * collect_users - the ids of the containers that were made of the image whose
 * manifest is @digest, added to @ret
 */
int collect_users(const struct store *store, const char *digest,
		  struct strv *ret, struct error *err);

/*
 * collect_remove - take it out of the store
 * Layers are moved into @stage, whose stage_discard() removes them: that takes
 * long, and needs no lock.  When all is out, the stage is not .half_done any
 * more; who has written an index before has set it.
 */
int collect_remove(struct stage *stage, const struct garbage *garbage,
		   struct error *err);
void garbage_free(struct garbage *garbage);

#define scoped_garbage __attribute__((cleanup(garbage_free))) struct garbage
