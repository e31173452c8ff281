/*
 * storage/store.h - where images, layers and containers lie
 *
 *   oci/                  an OCI image layout (image-spec 1.1): skopeo reads it
 *   layers/<hex>/         the tree of the layer with diff id sha256:<hex>,
 *                         owned in the one numbering: image id 0 is the
 *                         caller, n the n-th subordinate id
 *   layers/<hex>.single/  the same, unpacked without subordinate ids
 *   containers/<id>/      upper/ work/ of containers
 *   volumes/<name>/
 *
 * All directories are 0700, all files 0600 (R19).  Everything is written
 * under a temporary name, fsynced and renamed.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct store {
	char *path; /* absolute */
	int dirfd;
};

/*
 * store_default_path - --store's value if not NULL, else $WOLFFIA_STORE, else
 * $XDG_DATA_HOME/wolffia, else ~/.local/share/wolffia (basedir-spec 0.8)
 * Return: the caller's to free; -ENOENT without any home.
 */
int store_default_path(const char *option, char **ret, struct error *err);

/*
 * store_open - open the store, and make it if it is not there
 * Return: 0; -EPERM when it belongs to somebody else or others may write it;
 * -EROFS, -EACCES, -ENOSPC from making it.
 */
int store_open(struct store *ret, const char *path, struct error *err);
void store_close(struct store *store);
