/*
 * storage/upper_list.h - the changes of a container as a list
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "storage/stage.h"
#include "storage/upper.h"

/* One change as it lies in the list. */
struct upper_line {
	enum upper_kind kind;
	const char *path; /* absolute */
};

/* Changes in the order of upper_walk(): text that ends lines by NUL. */
struct upper_list {
	char *text;
	size_t size;
};

/*
 * upper_list - read them, in a process of their own that can reach nothing
 * else (storage/tree_confine.h)
 * Return: 0; errors of upper_walk().
 */
int upper_list(const struct stage_ids *ids, const struct upper_place *place,
	       struct upper_list *ret, struct error *err);
void upper_list_free(struct upper_list *list);

/*
 * upper_list_next - one after the other
 * @at: 0 at the beginning
 * Return: 1; 0 at the end.
 */
int upper_list_next(const struct upper_list *list, size_t *at,
		    struct upper_line *ret);
