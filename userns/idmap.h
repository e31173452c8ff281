/*
 * userns/idmap.h - which id is which, as in user_namespaces(7)
 *
 * An extent says that @count ids from @inside on are, outside, those from
 * @outside on.  A map is a list of extents without overlaps on either side.
 * Pure functions; nothing here touches the system.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define IDMAP_MAX 64         /* extents; the kernel takes 340 (Linux 4.15) */
#define ID_NONE   UINT32_MAX /* (uid_t)-1: no id */

struct idextent {
	uint32_t inside, outside, count;
};

struct idmap {
	size_t n;
	struct idextent extents[IDMAP_MAX];
};

/* A run of ids on the host, as granted in subuid(5). */
struct idrange {
	uint32_t start, count;
};

/* idmap_add - append an extent; Return: -E2BIG, -ERANGE, -EEXIST (overlap) */
int idmap_add(struct idmap *map, uint32_t inside, uint32_t outside,
	      uint32_t count, struct error *err);

/* Return: the id on the other side, or ID_NONE */
uint32_t idmap_to_outside(const struct idmap *map, uint32_t inside);
uint32_t idmap_to_inside(const struct idmap *map, uint32_t outside);

/* idmap_size - how many ids it maps, beginning with inside 0 without a gap */
uint32_t idmap_size(const struct idmap *map);

/*
 * idmap_outer - the map of the outer user namespace
 * @caller: the id of the user who starts the container; becomes 0
 * @ranges: the subordinate ids; become 1 and up, in their order
 * @limit:  no more than so many ids in all (65536 serve any image)
 */
int idmap_outer(struct idmap *ret, uint32_t caller,
		const struct idrange *ranges, size_t n, uint32_t limit,
		struct error *err);

/*
 * idmap_inner_nomap - the caller (outer 0) is left out: n -> n + 1
 * @ids: how many ids the outer namespace has
 */
int idmap_inner_nomap(struct idmap *ret, uint32_t ids, struct error *err);

/*
 * idmap_inner_as - container id @who is the caller
 * The others keep their order: n -> n + 1 below @who, n -> n above it.  With
 * @who == 0 it is the identity, the numbering of the layers on disk.
 */
int idmap_inner_as(struct idmap *ret, uint32_t who, uint32_t ids,
		   struct error *err);

/*
 * idmap_split - cut the extents of @map so that none spans two extents of
 * @parent (their inside): the kernel wants it so when @parent is the map of
 * the parent namespace.
 */
int idmap_split(struct idmap *ret, const struct idmap *map,
		const struct idmap *parent, struct error *err);

/* idmap_is_identity - does it change no number? */
bool idmap_is_identity(const struct idmap *map);

/*
 * idmap_text - the lines of /proc/PID/uid_map
 * Return: the length of the text, or -ENOSPC.
 */
int idmap_text(const struct idmap *map, char *to, size_t size,
	       struct error *err);

/*
 * idmap_fuse_option - "0:1:65535" for fuse-overlayfs(1) uidmapping=
 *
 * On disk image id n is outer id n; seen through the mount it must be the
 * outer id that the container's id n maps to: extents "n:inner(n):count".
 */
int idmap_fuse_option(const struct idmap *inner, char *to, size_t size,
		      struct error *err);
