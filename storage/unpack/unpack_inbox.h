/*
 * storage/unpack/unpack_inbox.h - the records of a parser, one after the other
 *
 * The reading end of the pipe of storage/unpack/unpack_records.h.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "storage/unpack/unpack_records.h"

/* What has come from the parser and was not yet worked off. */
struct unpack_inbox {
	int fd; /* stays the caller's */
	size_t start, end;
	char bytes[4 * UNPACK_RECORD_MAX];
};

/* unpack_inbox_new - the caller's to free(3) */
struct unpack_inbox *unpack_inbox_new(int fd);

/*
 * unpack_inbox_next - wait for a record
 * @ret: its pointers are good until the next call
 *
 * Return: 1; 0 the parser has gone without an END (what it said of it is the
 * reason); -EBADMSG and others of unpack_record_parse().
 */
int unpack_inbox_next(struct unpack_inbox *inbox, struct unpack_record *ret,
		      struct error *err);
