/*
 * core/log.h - what a container wrote, kept in files of bounded size
 *
 * The launcher writes: "log" in the container's directory, and "log.1", ...
 * what it was before (base/rotated.h), one record a line (core/log_record.h).
 *
 * Nothing here stops a container.  When a disk is full or broken the lines
 * are lost and counted; as soon as something can be written again a notice
 * says how many bytes are missing.  No memory grows.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "core/log_options.h"
#include "core/log_record.h"

#define LOG_NAME "log"

struct log;

/*
 * log_open - begin a log, or go on with one
 * @dirfd: the container's directory; stays the caller's
 *
 * Return: 0 with the log in *ret, which is NULL when none is wanted; -errno
 * from making the file.  Only one process may have it open.
 *
 * RLIMIT_FSIZE bounds a file too.  One that is less than a record needs
 * (LOG_TEXT_MAX) raises SIGXFSZ: the caller has it blocked or ignored.
 */
int log_open(struct log **ret, int dirfd, const struct log_options *options,
	     struct error *err);

/*
 * log_write - keep what was just read of a stream
 * @log: NULL: nothing is done
 *
 * All of it is in the file on return, as one write(2) if it fits: also a
 * line that has no end yet, as a partial record.  The time is now.
 */
void log_write(struct log *log, enum log_stream stream, const char *data,
	       size_t size);

void log_close(struct log *log); /* NULL is allowed */
