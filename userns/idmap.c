#include "userns/idmap.h"

#include <errno.h>
#include <stdio.h>

/* do the runs a..a+n-1 and b..b+m-1 share an id? */
static bool runs_overlap(uint32_t a, uint32_t n, uint32_t b, uint32_t m)
{
	return (uint64_t)a < (uint64_t)b + m && (uint64_t)b < (uint64_t)a + n;
}

int idmap_add(struct idmap *map, uint32_t inside, uint32_t outside,
	      uint32_t count, struct error *err)
{
	if (count == 0)
		return 0;
	if ((uint64_t)inside + count > ID_NONE ||
	    (uint64_t)outside + count > ID_NONE)
		return error_say(err, ERANGE,
				 "the ids %u and %u, %u of each, go beyond "
				 "the largest id, 4294967294",
				 inside, outside, count);
	for (size_t i = 0; i < map->n; i++) {
		const struct idextent *e = &map->extents[i];
		if (runs_overlap(inside, count, e->inside, e->count) ||
		    runs_overlap(outside, count, e->outside, e->count))
			return error_say(err, EEXIST,
					 "two id ranges overlap: %u %u %u and "
					 "%u %u %u (inside, outside, count)",
					 e->inside, e->outside, e->count,
					 inside, outside, count);
	}
	if (map->n == IDMAP_MAX)
		return error_say(err, E2BIG, "more than %d id ranges",
				 IDMAP_MAX);
	map->extents[map->n++] = (struct idextent){ inside, outside, count };
	return 0;
}

uint32_t idmap_to_outside(const struct idmap *map, uint32_t inside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idextent *e = &map->extents[i];
		if (inside >= e->inside && inside - e->inside < e->count)
			return e->outside + (inside - e->inside);
	}
	return ID_NONE;
}

uint32_t idmap_to_inside(const struct idmap *map, uint32_t outside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct idextent *e = &map->extents[i];
		if (outside >= e->outside && outside - e->outside < e->count)
			return e->inside + (outside - e->outside);
	}
	return ID_NONE;
}

uint32_t idmap_size(const struct idmap *map)
{
	uint32_t size = 0;

	for (size_t i = 0; i < map->n;) {
		if (map->extents[i].inside == size) {
			size += map->extents[i].count;
			i = 0;
		} else {
			i++;
		}
	}
	return size;
}

int idmap_outer(struct idmap *ret, uint32_t caller,
		const struct idrange *ranges, size_t n, uint32_t limit,
		struct error *err)
{
	struct idmap map = { 0 };
	uint32_t next = 1;
	int r = idmap_add(&map, 0, caller, 1, err);

	for (size_t i = 0; r == 0 && i < n && next < limit; i++) {
		uint32_t count = ranges[i].count;
		if (count > limit - next)
			count = limit - next;
		r = idmap_add(&map, next, ranges[i].start, count, err);
		next += count;
	}
	if (r == 0)
		*ret = map;
	return r;
}

int idmap_inner_nomap(struct idmap *ret, uint32_t ids, struct error *err)
{
	struct idmap map = { 0 };
	int r;

	if (ids < 2)
		return error_say(err, ERANGE,
				 "there are no subordinate ids for a container "
				 "without you in it");
	r = idmap_add(&map, 0, 1, ids - 1, err);
	if (r == 0)
		*ret = map;
	return r;
}

int idmap_inner_as(struct idmap *ret, uint32_t who, uint32_t ids,
		   struct error *err)
{
	struct idmap map = { 0 };
	int r = 0;

	if (who == 0) {
		r = idmap_add(&map, 0, 0, ids, err);
	} else if (who < ids) {
		r = idmap_add(&map, 0, 1, who, err);
		if (r == 0)
			r = idmap_add(&map, who, 0, 1, err);
		if (r == 0)
			r = idmap_add(&map, who + 1, who + 1, ids - who - 1,
				      err);
	} else {
		/* beyond the granted ids: it is one more */
		r = idmap_add(&map, 0, 1, ids - 1, err);
		if (r == 0)
			r = idmap_add(&map, who, 0, 1, err);
	}
	if (r == 0)
		*ret = map;
	return r;
}

int idmap_split(struct idmap *ret, const struct idmap *map,
		const struct idmap *parent, struct error *err)
{
	struct idmap result = { 0 };

	for (size_t i = 0; i < map->n; i++) {
		struct idextent left = map->extents[i];

		while (left.count > 0) {
			uint32_t count = 0;
			for (size_t j = 0; j < parent->n; j++) {
				const struct idextent *p = &parent->extents[j];
				if (left.outside >= p->inside &&
				    left.outside - p->inside < p->count)
					count = p->count -
						(left.outside - p->inside);
			}
			if (count == 0)
				return error_say(err, ERANGE,
						 "id %u is not mapped in the "
						 "parent namespace",
						 left.outside);
			if (count > left.count)
				count = left.count;
			int r = idmap_add(&result, left.inside, left.outside,
					  count, err);
			if (r < 0)
				return r;
			left.inside += count;
			left.outside += count;
			left.count -= count;
		}
	}
	*ret = result;
	return 0;
}

bool idmap_is_identity(const struct idmap *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->extents[i].inside != map->extents[i].outside)
			return false;
	return true;
}

/* "INSIDE<between>OUTSIDE<between>COUNT<end>" */
static int append(char *to, size_t size, size_t *used, char between,
		  const char *end, const struct idextent *e, struct error *err)
{
	int n = snprintf(to + *used, size - *used, "%u%c%u%c%u%s", e->inside,
			 between, e->outside, between, e->count, end);

	if (n < 0 || (size_t)n >= size - *used)
		return error_say(err, ENOSPC, "an id map of %zu bytes or more",
				 size);
	*used += (size_t)n;
	return 0;
}

int idmap_text(const struct idmap *map, char *to, size_t size,
	       struct error *err)
{
	size_t used = 0;

	for (size_t i = 0; i < map->n; i++) {
		int r = append(to, size, &used, ' ', "\n", &map->extents[i],
			       err);
		if (r < 0)
			return r;
	}
	return (int)used;
}

int idmap_fuse_option(const struct idmap *inner, char *to, size_t size,
		      struct error *err)
{
	size_t used = 0;

	for (size_t i = 0; i < inner->n; i++) {
		int r = append(to, size, &used, ':',
			       i + 1 < inner->n ? ":" : "", &inner->extents[i],
			       err);
		if (r < 0)
			return r;
	}
	return (int)used;
}
