/*
 * core/revive.h - a container that does not run, made ready to be started
 * again as it was made
 */
#pragma once

#include "core/record.h"
#include "core/state.h"

struct revived {
	struct spec spec;
	struct state state; /* alive: launch_run() takes it over */
	int holds_fd;       /* keeps its layers from being removed */
};
#define REVIVED_NONE { .state = STATE_NONE, .holds_fd = -1 }

/*
 * revive - lock it, read what it is, and look whether that can still be had
 * Return: 0; -EBUSY it runs; -ENOENT it, or a layer of its image, is gone;
 * -ESTALE the caller's subordinate ids are not those that it was made with.
 */
int revive(const struct store *store, const struct record *record,
	   struct revived *ret, struct error *err);

/* revive_busy - the same without making it alive: the state is STATE_BUSY */
int revive_busy(const struct store *store, const struct record *record,
		struct revived *ret, struct error *err);
void revived_free(struct revived *revived);
