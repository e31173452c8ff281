/*
 * storage/image.h - an image of the store, ready to be run
 *
 * Read from the store's OCI layout (image-spec 1.1) and nothing else; a blob
 * was checked against its digest when it came into the store.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/manifest.h"
#include "storage/store.h"

/* The part of the image's configuration that a container is started with. */
struct image {
	char *reference; /* as it stands in the store: "docker.io/library/x:y";
			  * "" if it has no name */
	char *digest;    /* of the manifest, "sha256:..." */
	char *os, *architecture; /* in the words of Go; "" if not said */
	struct strv layers; /* absolute paths of directories, the top one first;
			     * one that occurs twice is there once, on top */
	bool whiteout_files; /* in a layer: the kernel's overlayfs alone would
			      * show what such a layer removes */
	struct strv env;
	struct strv entrypoint;
	struct strv cmd;
	struct strv labels;  /* KEY=VALUE */
	struct strv volumes; /* absolute paths, from "Volumes" */
	char *user;          /* "" if none */
	char *workdir;       /* "" if none */
	char *stop_signal;   /* "" if none */
};

/*
 * image_find - look an image up by what a user typed
 * @name:   NAME[:TAG|@DIGEST], or a unique prefix (>= 4 digits) of the digest
 *          of the manifest or the configuration ("IMAGE ID")
 * @single: take the layers as they were unpacked without subordinate ids
 *
 * A name without a domain is looked for below "localhost", then where "pull"
 * would find it (storage/registry/name.h), then below "docker.io".
 * Return: 0; -ENOENT there is no such image (the hint names a similar one);
 * -EINVAL the name is malformed; -ENOTUNIQ; -ENODATA a layer is not unpacked
 * in the form that @single asks for; -EUCLEAN the store is damaged.
 */
int image_find(const struct store *store, const char *name, bool single,
	       struct image *ret, struct error *err);
void image_free(struct image *image);

#define scoped_image __attribute__((cleanup(image_free))) struct image

/*
 * image_hold - keep the layers of @image from being removed
 *
 * The launcher of a container holds the result as long as the container runs.
 * Return: a descriptor; -ENOENT the image was removed since image_find().
 */
int image_hold(const struct store *store, const struct image *image,
	       struct error *err);

/*
 * image_lookup - the place in @index of the image that @name names
 * @ret_hex: the digits, borrowed from @name, when it is (the beginning of) a
 *           digest or an id, so that other entries may be meant as well; NULL
 *           when it is a name.  May be NULL: not wanted
 * Errors as of image_find().
 */
int image_lookup(const struct store *store, const struct image_index *index,
		 const char *name, const char **ret_hex, struct error *err);

/* image_has_prefix - does a digest or the id of @entry begin with @hex? */
bool image_has_prefix(const struct store *store, const struct descriptor *entry,
		      const char *hex);
