/*
 * core/visit.h - work on the files of a container, as it sees them: for "cp"
 * and "export"
 *
 * Of a running container the launcher hands out the root directory.  For one
 * that does not run its root is mounted as for a start, by the same steps
 * (visit_plan), but nothing of it is executed.
 *
 * The work is done by a process with the container's ids whose "/" is that
 * root, in no namespace of the container but its user namespace, so that no
 * process of the container can see it; Landlock and a filter of system calls
 * let it reach nothing else (R14).
 */
#pragma once

#include "base/error.h"
#include "core/containers.h"
#include "storage/store.h"

struct visit;

/*
 * visit_begin - get at the root of @container
 * One that does not run cannot be started or removed until visit_end().
 * Return: 0; -ENOENT it is being removed; errors of a start.
 */
int visit_begin(const struct store *store, const struct container *container,
		struct visit **ret, struct error *err);
void visit_end(struct visit *visit);

/* visit_spec - what the container is; borrowed */
const struct spec *visit_spec(const struct visit *visit);

/*
 * visit_start - fork a process that runs @function inside and ends
 * @fds:    descriptors that it may use, sorted upwards; all others are closed,
 *          and 0, 1 and 2 are /dev/null
 * @writes: false: Landlock lets it change nothing
 *
 * @function returns 0 or a negative errno with its error.
 * Return: 0.  visit_await() gives the result of @function.
 */
int visit_start(struct visit *visit, bool writes, const int *fds, size_t n,
		int (*function)(void *argument, struct error *err),
		void *argument, struct error *err);
int visit_await(struct visit *visit, struct error *err);
