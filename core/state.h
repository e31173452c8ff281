/*
 * core/state.h - the directories of a container, and the lock that says that
 * it is alive
 *
 *   containers/<id>/lock    held (fcntl(2), F_OFD_SETLK) by the live launcher:
 *                           whether a container runs is a fact of the kernel
 *   containers/<id>/upper/  what the container wrote
 *   containers/<id>/work/   of overlayfs
 *   mounts/lower/, mounts/root/   where they are mounted, each in its own mount
 *                           namespace: always empty outside
 *   names/<name>            symbolic link to the id
 *
 * What no one holds is removed by the next command that meets it.
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

struct state {
	const struct store *store;
	char *id, *name; /* borrowed from the spec */
	int dirfd;       /* containers/<id>; -1: not made */
	int lock_fd;
	char *path;      /* of containers/<id>, absolute */
	bool named;
};

/*
 * state_create - make the directories and take the lock
 * Return: 0; -EEXIST a running container has this name; -ENOSPC, -EACCES.
 */
int state_create(struct state *ret, const struct store *store, const char *id,
                 const char *name, struct error *err);

/*
 * state_remove - remove what state_create() and the container made
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
