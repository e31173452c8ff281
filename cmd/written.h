/*
 * cmd/written.h - what a container wrote, for the verbs that read it
 *
 * Brings a container's record (core/) together with the reader of upper
 * directories (storage/), which knows nothing of containers.
 */
#pragma once

#include "base/error.h"
#include "core/containers.h"
#include "core/spec.h"
#include "core/state.h"
#include "storage/store.h"
#include "storage/upper.h"
#include "userns/outer.h"

struct written {
	struct container container;
	struct state state; /* held, of one that does not run */
	struct spec spec;
	struct upper_place place; /* borrows from the others: do not move it */
	char *upper;
};

/*
 * written_find - of the container that a user means
 * One that does not run cannot be started or removed until written_free().
 * Return: 0; -ENOENT, -ENOTUNIQ as container_find(); -ENOTSUP it writes into a
 * directory of the user's, where nothing tells what it wrote.
 */
int written_find(const struct store *store, const char *name,
		 struct written *ret, struct error *err);
void written_free(struct written *written);

/*
 * written_check_ids - are @ids, by which its files are to be read, those that
 * the container had?  Return: 0; -EPERM the grant has changed since.
 */
int written_check_ids(const struct written *written,
		      const struct outer_ids *ids, struct error *err);

#define scoped_written __attribute__((cleanup(written_free))) struct written
