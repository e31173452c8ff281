/*
 * cmd/container_origin.h - which image of the store a container is made from
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/containers.h"
#include "storage/store.h"

/*
 * origin_image_id - the digits of the configuration's digest, by which an
 * image is called
 * @digest: of its manifest, or NULL
 * Return: the caller's to free; "" when the store has no such image.
 */
char *origin_image_id(const struct store *store, const char *digest);

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
