/*
 * base/sealed.h - the running program as a file that nobody can write
 *
 * A process of a container that may write the launcher's file can overwrite
 * it through /proc/PID/exe once it does not run any more (CVE-2019-5736).  A
 * program that runs from a sealed memfd has no such file.
 * Source: memfd_create(2), fcntl(2) F_ADD_SEALS.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* sealed_is_running - is the program that runs such a file already? */
bool sealed_is_running(void);

/*
 * sealed_exec - copy the running program to a sealed memfd, and execute it
 * @argv: its arguments; the environment stays
 * Returns only on failure: -ENOSYS, -ENOMEM, -EACCES (memfds may not be
 * executed: sysctl vm.memfd_noexec).
 */
int sealed_exec(char *const argv[], struct error *err);
