/*
 * storage/unpack/unpack_confine.h - a process that can read one descriptor,
 * write two, and do nothing else
 *
 * For the processes that parse hostile bytes (R15).  The steps are separate
 * so that each can be tested alone; unpack_confine() takes all of them, in
 * this order, and any that fails is fatal (R22):
 *
 *   files     0 is the input, 1 the output, 2 the report; the rest is closed
 *   process   no_new_privs, not dumpable, no capabilities
 *   limits    memory, processor time; no files, processes or core dumps
 *   landlock  a domain without any right, as far as the kernel knows rights
 *   seccomp   an allow list: read, write, memory, exit
 *
 * Landlock is the only one that may be missing (before Linux 5.13, or switched
 * off at boot): the filter has no call that takes a path, it is the second
 * line.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Address space over what the process has at the start; xz -9 needs 65 MiB,
 * zstd --long=27 128 MiB. */
#define UNPACK_MEMORY  (UINT64_C(256) << 20)
#define UNPACK_SECONDS 3600 /* of processor time */

int unpack_confine_files(int in, int out, int report, struct error *err);
int unpack_confine_process(struct error *err);
int unpack_confine_limits(struct error *err);
/* Return: the ABI version; 0 when the kernel has no Landlock */
int unpack_confine_landlock(struct error *err);
int unpack_confine_seccomp(struct error *err);

int unpack_confine(int in, int out, int report, struct error *err);
