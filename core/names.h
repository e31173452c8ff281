/*
 * core/names.h - names/<name>: symbolic links to the ids of containers
 *
 * The caller holds state_guard(), so that two never do the same.
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/store.h"

/* names_claim - Return: 0; -EEXIST another container has it */
int names_claim(const struct store *store, int containers_fd, const char *name,
		const char *id, struct error *err);

/* names_release - take it away, if it is @id's; needs no guard */
int names_release(const struct store *store, const char *name, const char *id,
		  struct error *err);

/* names_find - Return: 0 with the id, the caller's to free; -ENOENT */
int names_find(const struct store *store, const char *name, char **ret_id,
	       struct error *err);

/* names_sweep - remove those of containers that are not there any more;
 * takes the guard by itself */
void names_sweep(const struct store *store);

/* names_stale - those that names_sweep() would remove; takes the guard, too */
int names_stale(const struct store *store, struct strv *ret, struct error *err);
