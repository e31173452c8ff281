/*
 * storage/check/check.h - is everything in the store what it should be?
 *
 * Theory of operation.  Nothing is locked while files are read, so others
 * pull, remove and run meanwhile.  What looks wrong is looked at once more
 * with store_lock(), and only tells if an image or a container still needs it.
 *
 *   1. list      the images of the index and of the containers, and from
 *                their manifests and configurations all blobs and layers
 *   2. blobs     are hashed
 *   3. layers    are unpacked once more, from blobs that are whole, by the
 *                same code, into the stage; and the two trees are compared
 *   4. rest      what nothing refers to
 *
 * With .repair a tree that differs is exchanged for the new one at once, in
 * one step of the file system; damaged blobs, and images that cannot be whole
 * without them, go at the end, in check_finish().  Killed at any moment, what
 * was whole is whole, and the next command removes the stage.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/manifest.h"
#include "storage/stage.h"
#include "storage/store.h"

enum finding_level {
	FINDING_DAMAGED, /* an image or a container does not have what it needs
			  */
	FINDING_UNUSED,  /* it only takes room */
};

struct finding {
	enum finding_level level;
	const char *kind; /* "blob", "layer", ... */
	char *name;
	char *message;      /* what is wrong with it */
	char *remedy;       /* "" if it was repaired */
	char *done;         /* what was done about it; NULL: nothing */
	struct strv images; /* that are concerned */
	bool repaired;
};

struct check_blob;
struct check_layer;

struct check {
	const struct store *store;
	const struct stage_ids *ids; /* this user's */
	/* for layers that were unpacked for one id; may be .ids */
	const struct stage_ids *single;
	struct stage *stage; /* NULL: layers are not compared */
	bool quick;          /* neither hash nor compare */
	bool repair;

	struct finding *findings;
	size_t n, room;
	struct strv notes; /* what could not be checked, and why */
	struct image_index
		dropped; /* images that are not in the store any more */
	uint64_t images, bytes, compared;

	/* between the steps */
	struct check_blob *blobs;
	size_t n_blobs;
	struct check_layer *layers;
	size_t n_layers;
	bool index_damaged;
};

/*
 * check_store - fill .findings
 * Return: 0, whatever was found; -errno it could not be checked.
 */
int check_store(struct check *check, struct error *err);

/* check_finish - with .repair, what is done at the end */
int check_finish(struct check *check, struct error *err);

/* check_add - one finding more; for what storage does not see, too */
struct finding *check_add(struct check *check, enum finding_level level,
			  const char *kind, const char *name,
			  const char *message);

/* check_is_whole - has no damage been found, or all been repaired? */
bool check_is_whole(const struct check *check);
void check_free(struct check *check);
