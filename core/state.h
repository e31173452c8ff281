/*
 * core/state.h - the directories of a container
 *
 *   containers/<id>/lock         the locks of core/state_lock.h: whether a
 *                                container runs is a fact of the kernel
 *   containers/<id>/keep         it stays when nobody holds it; without this
 *                                file the next command removes it
 *   containers/<id>/spec.json    core/spec_json.h
 *   containers/<id>/status.json  core/record.h
 *   containers/<id>/image        the digest of the manifest that it was made
 *                                from: so the image is not collected
 *   containers/<id>/control      the socket of core/control.h
 *   containers/<id>/log*         core/log.h
 *   containers/<id>/upper/       what the container wrote
 *   containers/<id>/work/        of overlayfs
 *   mounts/lower/, mounts/root/  where they are mounted, each in its own mount
 *                                namespace: always empty outside
 *   names/<name>                 symbolic link to the id
 *
 * What no one holds and nobody wants to keep is removed by the next command
 * that meets it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/store.h"
#include "userns/outer.h"

/* The mount points, from a container's directory. */
#define STATE_LOWER "../../mounts/lower"
#define STATE_ROOT  "../../mounts/root"

/* One container's directory, as its holder has it. */
struct state {
	const struct store *store;
	char *id, *name;
	int dirfd; /* containers/<id>; -1: not made */
	int lock_fd;
	char *path; /* of containers/<id>, absolute */
	bool named;
};
#define STATE_NONE { .dirfd = -1, .lock_fd = -1 }

/*
 * state_create - make the directory, alive from the first moment
 * Return: 0; -EEXIST another container has this name; -ENOSPC, -EACCES.
 */
int state_create(struct state *ret, const struct store *store, const char *id,
		 const char *name, struct error *err);

/*
 * state_open - hold the directory of one that does not run, STATE_BUSY
 * Waits for others who change it.
 * Return: 0; -ENOENT it is being removed; -EBUSY it runs.
 */
int state_open(struct state *ret, const struct store *store, const char *id,
	       const char *name, struct error *err);

/*
 * state_revive - from STATE_BUSY to STATE_ALIVE: it is going to be started
 */
int state_revive(struct state *state, struct error *err);

/* state_keep - from now on it stays when nobody holds it */
int state_keep(struct state *state, struct error *err);

/*
 * state_rename - from one name to another
 * @write: writes the new name down, between the two: so that whatever happens
 *         the name that is written is one that the container has
 * Return: 0; -EEXIST another container has this name
 */
int state_rename(struct state *state, const char *name,
		 int (*write)(void *context, const char *name,
			      struct error *err),
		 void *context, struct error *err);

/* state_close - let go of it */
void state_close(struct state *state);

/*
 * state_remove - remove the directory and all in it, and let go of it
 * @outer_userns_fd: namespace in which the files can be removed; -1: one is
 *                   made if the caller may not remove them
 */
int state_remove(struct state *state, int outer_userns_fd, struct error *err);

/*
 * state_sweep - remove what dead launchers left in the store
 * Return: how many containers were removed; errors of single ones are left
 * to the next time.
 */
int state_sweep(const struct store *store, struct error *err);

/* state_open_containers - the directory containers/ of the store */
int state_open_containers(const struct store *store, struct error *err);
