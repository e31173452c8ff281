/*
 * storage/tree_confine.h - a process that can read some trees, write what it
 * has open, and do nothing else
 *
 * For the process that reads what a container wrote (R14).  Its names, links
 * and attributes are hostile, so whoever is misled by them must not reach
 * another file: Landlock leaves it the trees, for reading; the system calls are
 * those of reading files; of the capabilities the one to read files of the
 * container's other ids stays.  No program can be executed, so nothing of the
 * container can be either.
 *
 * Landlock is the only part that may be missing (before Linux 5.13, or
 * switched off at boot): storage/tree_walk.h is the first line.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * tree_confine - for the rest of this process
 * @trees: descriptors of directories; all others but @out and the standard
 *         streams are closed
 * @out:   -1: none
 */
int tree_confine(const int *trees, size_t n, int out, struct error *err);
