/*
 * cmd/container_origin.h - which image of the store a container is made from
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/containers.h"
#include "storage/store.h"

struct origin {
	char *digest;   /* of the manifest, "sha256:..."; "": of no image */
	char *image_id; /* the digits of the configuration's digest, or "" */
};

/*
 * origin_read - of the container @id
 * What is not there any more is "": a list goes on.
 */
struct origin origin_read(const struct store *store, const char *id);
void origin_free(struct origin *origin);
#define scoped_origin __attribute__((cleanup(origin_free))) struct origin

/* An image that containers may come from; digits and layers may be missing. */
struct ancestor {
	char *name;         /* as it was asked for */
	char *digest;       /* of its manifest, or NULL */
	struct strv layers; /* names of directories, the top one first */
};

/* ancestor_find - one that is not in the store has a name, and no more */
struct ancestor ancestor_find(const struct store *store, const char *name);
void ancestor_free(struct ancestor *ancestor);

/* ancestor_of - is @container made from it, or from one that is made from it,
 * having its layers lowest? */
bool ancestor_of(const struct ancestor *ancestor, const struct store *store,
		 const struct container *container);
