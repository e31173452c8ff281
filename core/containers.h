/*
 * core/containers.h - the containers of a store, as others see them
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "core/record.h"
#include "storage/store.h"

struct container {
	struct record record; /* .phase and the end are what is true now */
	bool alive;           /* its launcher holds the lock */
};

/*
 * container_find - the container that a user means
 * @name: its name, its id, or the beginning of its id if no other has it
 * Return: 0; -ENOENT (the hint names a similar one); -ENOTUNIQ.
 */
int container_find(const struct store *store, const char *name,
		   struct container *ret, struct error *err);
void container_free(struct container *container);

/*
 * container_list - all of them, the newest first
 * One that is just being made or removed may or may not be there.  One whose
 * record is damaged has the beginning of its id as its name, and says so in
 * .message.
 * @ret: the caller's: containers_free()
 */
int container_list(const struct store *store, struct container **ret,
		   size_t *ret_n, struct error *err);
void containers_free(struct container *list, size_t n);

/* container_open - a descriptor of its directory; -ENOENT it was removed */
int container_open(const struct store *store, const char *id,
		   struct error *err);
