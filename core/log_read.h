/*
 * core/log_read.h - what a container wrote, read again
 *
 * From the oldest file to the newest, also while they are being written and
 * rotated; in bounded memory, however long a line is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/log_record.h"

/* Which lines are wanted; a line's time is that of its first byte. */
struct log_query {
	int64_t since_ns; /* not before; INT64_MIN: all */
	int64_t until_ns; /* not after; INT64_MAX: all */
	uint64_t tail;    /* the last so many of them; UINT64_MAX: all */
	bool follow;      /* and what is written from now on */
};

#define LOG_QUERY_ALL                                                          \
	{ .since_ns = INT64_MIN, .until_ns = INT64_MAX, .tail = UINT64_MAX }

/* A line, or a part of one. */
struct log_piece {
	enum log_stream stream;
	int64_t time_ns;
	bool starts;      /* the first part of its line */
	bool ends;        /* the last one: a newline comes behind it */
	const char *text; /* valid until the next call */
	size_t size;
};

struct log_reader;

/*
 * log_read_open - read the log of the container whose directory is @dirfd
 *
 * No log is an empty one.  With @follow nothing of what is written from the
 * moment of this call on is missed, unless it is rotated away before it is
 * read.
 */
int log_read_open(struct log_reader **ret, int dirfd,
		  const struct log_query *query, struct error *err);
void log_read_close(struct log_reader *reader); /* NULL is allowed */

/* log_read - Return: 1 with a piece; 0 there is no more, or none yet */
int log_read(struct log_reader *reader, struct log_piece *ret,
	     struct error *err);

/* log_read_finish - the container has ended: what is there now is all */
int log_read_finish(struct log_reader *reader, struct error *err);

/* log_read_damaged - bytes that were passed over because they are no record */
uint64_t log_read_damaged(const struct log_reader *reader);

/* As rotated_watch() and rotated_watched(), to wait for more. */
int log_read_watch(const struct log_reader *reader);
void log_read_watched(struct log_reader *reader);
