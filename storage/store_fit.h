/*
 * storage/store_fit.h - can the file system of a store hold images?
 *
 * Asked before the first byte of a layer is fetched or unpacked, so that what
 * cannot end well does not begin; and by doctor.  It is tried on a file of our
 * own, not read from the type of the file system: a FUSE file system or a
 * mount option may be anything.  Costs some ten system calls and no sync.
 *
 * That it is mounted noexec is no fault: what runs in a container is executed
 * from its own root, an overlay, which has that flag only if we set it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * store_fit - try it
 * @dirfd: a directory of the store that is the caller's alone
 * @path:  of the store, for messages
 * @xattrs: are attributes "user.*" needed on files?  They are with one id, to
 *         keep who each file belongs to.
 * @bytes: that will be written at least; 0: not known
 *
 * Return: 0; -EROFS it cannot be written; -EOPNOTSUPP it keeps no attributes,
 * hard links or case of names; -ENOSPC there is no room for @bytes; other
 * errors of making a file.
 */
int store_fit(int dirfd, const char *path, bool xattrs, uint64_t bytes,
	      struct error *err);
