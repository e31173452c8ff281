/*
 * cmd/image/stale_output.h - what a writer that was killed left beside the
 * place of its output
 *
 * A file or a directory that is being made has a name of this form, and its
 * writer a lock of flock(2) on it, which ends with the writer.
 */
#pragma once

#include <stdbool.h>

/* stale_output_name - a new one, the caller's to free; not to be guessed by who
 * may write to the same directory */
char *stale_output_name(void);

/*
 * stale_output_hold - say that the file or the directory @fd is being made
 * Where the file system has no such locks nobody sweeps either.
 * Return: has it a name (still)?  Who sweeps may have been quicker.
 */
bool stale_output_hold(int fd);

/*
 * stale_output_sweep - remove what nobody holds from the directory @dirfd
 * @dirfd: opened for reading, and not read yet
 * Only what is the caller's own, and not from a directory where others might
 * exchange it meanwhile.  What fails is left.
 */
void stale_output_sweep(int dirfd);
