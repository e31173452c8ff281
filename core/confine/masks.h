/*
 * core/confine/masks.h - what a container does not see of /proc and /sys
 *
 * Only tables; the mounts are made elsewhere, in the outer user namespace, so
 * that the container cannot undo them.  A path that this kernel does not have
 * is passed over.  Files that the host's root alone may read (kmsg, kpage*,
 * slabinfo, vmallocinfo) need no mask: host root is in no container.
 *
 * A container that shall make containers of its own cannot have any of these
 * in /proc: the kernel lets nobody mount a new proc beneath a masked one.
 */
#pragma once

/* Absolute paths, NULL behind the last.  A file is covered by the host's
 * /dev/null, a directory by an empty, read-only tmpfs. */
extern const char *const masks_hidden[];

/* The same, bound onto themselves read-only. */
extern const char *const masks_read_only[];
