/*
 * storage/copy/copy_confine.h - a process that writes files of one tree, reads
 * records from a pipe, and does nothing else
 *
 * The other side of storage/tree_confine.h.  What comes through the pipe may
 * come from a container: on the host Landlock leaves the process the one
 * directory that it copies to; in a container its root is that one.  The
 * system calls are those of storage/copy/copy_write.h: no program can be
 * executed and, but by openat2(2), nothing opened, so no library loads anything
 * (R14).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * copy_confine - for the rest of this process
 * @base_fd: the directory; kept open
 * @inside:  the root is a container's and Landlock confines to it already;
 *           the capabilities over its files are kept
 * @in_fd:   the pipe; kept open.  All others but 0, 1 and 2 are closed
 */
int copy_confine(int base_fd, bool inside, int in_fd, struct error *err);
