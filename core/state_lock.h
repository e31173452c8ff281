/*
 * core/state_lock.h - the locks of containers
 *
 * The file containers/<id>/lock has two bytes that are locked on their own.
 * All are open file description locks (F_OFD_SETLK, fcntl_locking(2), Linux
 * 3.15): they end with the last copy of the descriptor, so none is ever stale.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum state_lock {
	STATE_ALIVE, /* the launcher's, from the start until all is over */
	STATE_BUSY,  /* of who starts, changes or removes it, for a while */
};

/* state_lock_open - the lock file of the container's directory @dirfd
 * @flags: O_CREAT | O_EXCL or 0; -ENOENT: its container is being removed */
int state_lock_open(int dirfd, int flags, struct error *err);

/* state_lock_look - the same, only to ask who holds it: the store may be one
 * that cannot be written */
int state_lock_look(int dirfd, struct error *err);

/* state_lock_try - Return: 1 locked, 0 somebody holds it, -errno */
int state_lock_try(int fd, enum state_lock lock, struct error *err);

/* state_lock_wait - lock it, however long that takes */
int state_lock_wait(int fd, enum state_lock lock, struct error *err);
void state_lock_release(int fd, enum state_lock lock);

/*
 * state_lock_is_held - by anybody but this descriptor; takes nothing
 * Return: 1, 0, -errno: nobody knows, and nothing may be removed for it
 */
int state_lock_is_held(int fd, enum state_lock lock, struct error *err);

/*
 * state_is_kept - has the container's directory @dirfd the file "keep"?
 * Return: 1, 0, -errno: as above
 */
int state_is_kept(int dirfd, struct error *err);

/*
 * state_guard - the lock on the directory of the containers, for the moment
 * in which one is made, named, or judged to be dead
 * Return: a descriptor; closing it gives the lock back.
 */
int state_guard(int containers_fd, struct error *err);
