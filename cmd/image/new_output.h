/*
 * cmd/image/new_output.h - a file or a directory that is there whole, or not
 *
 * It is made without a name, or beside its place under another one, and gets
 * its name when all is in it.  What was there before stays until then.  A file
 * has no name before where the file system can do that (O_TMPFILE, open(2)):
 * then nothing is left of a process that was killed either; elsewhere the next
 * one that makes something in the same directory removes it.
 *
 * SIGINT, SIGTERM and SIGHUP are only noted while one is being made:
 * new_output_is_cancelled().  The end of it sends the signal again.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct new_output {
	char *path;      /* where it is to be; NULL: it is a stream */
	char *directory; /* that it is in */
	char *name;      /* that it has meanwhile, in there; NULL: none yet */
	int parent_fd;
	int fd; /* to write to: a file, or a directory */
	bool is_directory;
};
#define NEW_OUTPUT_NONE { .parent_fd = -1, .fd = -1 }

/*
 * new_output_file - for bytes
 * @path: "-" or NULL: standard output, which may not be a terminal.  What is
 *        there and no regular file, a FIFO or a device, is written to.
 * Return: 0; -EINVAL a terminal; -EISDIR; errors of open(2)
 */
int new_output_file(struct new_output *ret, const char *path,
		    struct error *err);

/*
 * new_output_directory - for files
 * Return: 0; -EEXIST there is something, and it is not an empty directory
 */
int new_output_directory(struct new_output *ret, const char *path,
			 struct error *err);

/* new_output_finish - give it its name */
int new_output_finish(struct new_output *output, struct error *err);

/* new_output_end - remove what was not finished; @output may be NONE */
void new_output_end(struct new_output *output);

/* new_output_is_cancelled - has a signal come? */
bool new_output_is_cancelled(void);
