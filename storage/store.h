/*
 * storage/store.h - where images, layers and containers lie
 *
 *   oci/                  an OCI image layout (image-spec 1.1): skopeo reads it
 *   layers/<hex>/         the tree of the layer with diff id sha256:<hex>,
 *                         owned in the one numbering: image id 0 is the
 *                         caller, n the n-th subordinate id
 *   layers/<hex>.single/  the same, unpacked without subordinate ids
 *   layers/<name>.wh      a file: whiteouts in that layer are ".wh." files,
 *                         which fuse-overlayfs reads and the kernel does not
 *   containers/<id>/      upper/ work/ of containers
 *   volumes/<name>/
 *   tmp/<name>/           work in progress; tmp/<name>.lock is locked by who
 *                         works there (storage/stage.h)
 *   events, events.1      what happened (core/events.h)
 *   partial/<digest>      what a broken transfer has got of a blob, locked by
 *                         who goes on with it (storage/registry/pull.h)
 *   lock                  locked by who changes the index or removes blobs
 *   layers.lock           one byte per layer, locked by who uses it
 *
 * All directories are 0700, all files 0600 (R19).  Everything is written
 * under a temporary name, fsynced and renamed.
 *
 * Locks are open file description locks (F_OFD_SETLK, fcntl_locking(2)): they
 * go away with the last process that has the description open, however it
 * ends, so a lock is never stale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct store {
	char *path; /* absolute */
	int dirfd;
	/* those that are only read: storage/image_store.h */
	struct store *images;
	size_t n_images;
};

/*
 * store_default_path - --store's value if not NULL, else $WOLFFIA_STORE, else
 * $XDG_DATA_HOME/wolffia, else ~/.local/share/wolffia (basedir-spec 0.8)
 * Return: the caller's to free; -ENOENT without any home.
 */
int store_default_path(const char *option, char **ret, struct error *err);

/*
 * store_open - open the store, and make it if it is not there
 * @path: a relative one is relative to the working directory
 * Return: 0; -EPERM when it belongs to somebody else or others may write it;
 * -EROFS, -EACCES, -ENOSPC from making it.
 */
int store_open(struct store *ret, const char *path, struct error *err);
void store_close(struct store *store);

#define scoped_store __attribute__((cleanup(store_close))) struct store

/*
 * store_lock - take the lock on the index and the blobs; waits for it
 *
 * Held for moments only: never while a layer is unpacked or removed.
 * Return: a descriptor; closing it gives the lock back.
 */
int store_lock(const struct store *store, struct error *err);

/*
 * Layers in use.  Who uses a layer (a container while it runs, a load that
 * found it here) holds a shared lock on the layer's byte of layers.lock; who
 * removes one takes that byte alone first.  A byte, not a file per layer: one
 * descriptor holds any number of layers, and there is no file to remove at
 * the wrong moment.  The byte's offset is the number that the first 15 digits
 * of the layer's name make.
 */

/* store_open_holds - Return: a descriptor of layers.lock, holding nothing */
int store_open_holds(const struct store *store, struct error *err);

/*
 * store_hold_layer - hold layers/@name until @holds_fd is closed everywhere
 * Return: 0; -ENOENT there is no such layer (any more).
 */
int store_hold_layer(const struct store *store, int holds_fd, const char *name,
		     struct error *err);

/*
 * store_hold_path - the same for where a layer lies: one in another store
 * (storage/image_store.h) is not held, but has to be there
 */
int store_hold_path(const struct store *store, int holds_fd, const char *path,
		    struct error *err);

/* store_seize_layer - hold it alone; Return: 0; -EBUSY it is in use */
int store_seize_layer(int holds_fd, const char *name, struct error *err);

/* store_layer_name - "<hex>" or "<hex>.single", the caller's to free */
char *store_layer_name(const char *diff_id, bool single);

/* store_sync_dir - fsync the directory @path below the store */
int store_sync_dir(const struct store *store, const char *path,
		   struct error *err);
