/*
 * storage/commit.h - what a container wrote becomes the last layer of an image
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/manifest.h"
#include "storage/stage.h"
#include "storage/tarball.h"
#include "storage/upper.h"

struct commit_options {
	const struct upper_place *place;
	const char *base; /* digest of the manifest that the container was made
			   * of; NULL: of none, and the layer is the first */
	const char *name; /* as the user typed it; NULL: none */
	const char *author, *message; /* NULL: none */
	const char *created_by;       /* what the container ran */
	struct strv changes;          /* import_change() texts */
	/* what the container was given in place of the image's; NULL: nothing.
	 * Before .changes. */
	void (*adjust)(const void *context, struct image_config *config);
	const void *context;
};

/*
 * commit_image - stage the image; stage_commit() makes it visible
 * @ret_notes: what is not in it as it was in the container
 * @ret: one entry, the caller's to index_free()
 *
 * The container's files are read by a process of their own, in the outer user
 * namespace, which can reach nothing else (storage/tree_confine.h).  They
 * should not change meanwhile.
 *
 * Return: 0; -EINVAL the name or a change is malformed; -ENOENT the image was
 * removed; errors of upper_walk(), tarball_add() and stage_layer().
 */
int commit_image(struct stage *stage, const struct commit_options *options,
		 struct tarball_notes *ret_notes, struct image_index *ret,
		 struct error *err);
