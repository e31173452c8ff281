/*
 * core/container_size.h - how much containers hold on disk
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/record.h"
#include "storage/store.h"

struct container_size {
	uint64_t written; /* bytes of what the container wrote */
	uint64_t whole;   /* and of the layers of its image */
};

/*
 * container_sizes - of @n containers
 * @ret: @n of them.  A file's size is what stat(2) says of it, as docker(1)
 *       counts; one with several names is counted once.
 *
 * The files belong to ids of containers: they are counted by a process that
 * is id 0 of the outer user namespace, for all at once.
 */
int container_sizes(const struct store *store,
		    const struct record *const *records, size_t n,
		    struct container_size *ret, struct error *err);
