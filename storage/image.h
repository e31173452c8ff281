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
#include "storage/store.h"

/* The part of the image's configuration that a container is started with. */
struct image {
	char *reference;     /* as it stands in the store: "docker.io/library/x:y" */
	char *digest;        /* of the manifest, "sha256:..." */
	struct strv layers;  /* absolute paths of directories, the top one first */
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
 * @name:   NAME[:TAG|@DIGEST], or a unique prefix (>= 4 digits) of a digest
 * @single: take the layers as they were unpacked without subordinate ids
 *
 * Return: 0; -ENOENT there is no such image (the hint names similar ones);
 * -EINVAL the name is malformed; -ENOTUNIQ; -EUCLEAN the store is damaged.
 */
int image_find(const struct store *store, const char *name, bool single,
               struct image *ret, struct error *err);
void image_free(struct image *image);
