/*
 * storage/partial.h - what broken transfers have left in partial/
 *
 * A file there is one of a blob that has not come in full; who fetches it holds
 * a lock on it (storage/registry/pull.h), and the next pull of that blob goes
 * on with one that nobody holds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/store.h"

/*
 * partial_sweep - look at those that nobody holds
 * @remove:    and remove them
 * @found:     called for each with its name; NULL: nobody wants to know
 * @ret_bytes: the room on the disk that they take, or took
 *
 * Return: 0; -errno the directory cannot be read.
 */
int partial_sweep(const struct store *store, bool remove,
		  void (*found)(void *context, const char *name), void *context,
		  uint64_t *ret_bytes, struct error *err);
