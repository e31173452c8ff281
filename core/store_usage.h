/*
 * core/store_usage.h - what takes the room in a store, and what of it nobody
 * needs
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/containers.h"
#include "storage/manifest.h"
#include "storage/store.h"

/* An image, by whatever names; sizes are bytes on disk. */
struct usage_image {
	const struct descriptor *entry; /* of .index: the first of its names */
	char *id;                       /* digest of its configuration */
	char *created;
	uint64_t size, shared; /* .shared: what other images need, too */
	size_t containers;     /* that were made of it */
};

struct usage_volume {
	char *name;
	uint64_t size;
	size_t containers; /* that have it */
};

struct store_usage {
	struct image_index index;
	struct usage_image *images;
	size_t n_images;
	uint64_t images_size;
	/* what containers need of it; the rest goes with prune --all */
	uint64_t images_needed;

	struct container *containers;
	uint64_t *container_sizes; /* of all in their directories */
	size_t n_containers;

	struct usage_volume *volumes;
	size_t n_volumes;
};

/*
 * store_usage_find - look at all of it
 *
 * A blob or a layer that several images have counts once, and so does a file
 * with several names, wherever they are.  What no image refers to is part of
 * .images_size, and so are the beginnings of blobs that nobody fetches now.
 * What is only in an image store is not in this one.
 *
 * Return: 0; errors of reading the store.  An image that cannot be read counts
 * as one that needs nothing: "check" tells of it.
 */
int store_usage_find(const struct store *store, struct store_usage *ret,
		     struct error *err);
void store_usage_free(struct store_usage *usage);
