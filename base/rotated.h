/*
 * base/rotated.h - a bounded file that is written for ever: NAME, and what
 * was NAME before: NAME.1, NAME.2, ...
 *
 * Who writes appends to NAME, whole lines at a time, and when it has its size
 * calls rotated_shift() and begins a new NAME.  Nothing is ever written into
 * an older part.  Who reads goes from part to part by their inodes, so that a
 * rotation meanwhile makes no line come twice or not at all.  The exception:
 * what was rotated away before it was read is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* No more parts are looked for. */
#define ROTATED_PARTS_MAX 100

/* What a reader holds in memory; a longer line comes in pieces. */
#define ROTATED_LINE_MAX 65536

/*
 * rotated_shift - make place for a new @name below @dirfd
 * @parts: how many may be there after the new one is made, 1 or more
 *
 * Only one process may do this at a time.  After a failure some parts may
 * have been moved, and none is lost but the oldest.
 */
int rotated_shift(int dirfd, const char *name, unsigned parts,
		  struct error *err);

/* Where a line begins. */
struct rotated_mark {
	dev_t dev;
	ino_t ino;
	off_t offset;
};

struct rotated_line {
	const char *text; /* without the newline; valid until the next call */
	size_t size;
	bool starts; /* false: more of the line before, which was too long */
	bool ends;   /* false: more will follow, or was never written */
	struct rotated_mark mark;
};

struct rotated;

/*
 * rotated_open - read @name below @dirfd, from the oldest part on
 * @follow: false: end where the newest part ended at this moment
 *
 * No part at all is an empty file.  @dirfd stays the caller's.
 */
int rotated_open(struct rotated **ret, int dirfd, const char *name, bool follow,
		 struct error *err);
void rotated_close(struct rotated *r);

/*
 * rotated_next - the next line
 * Return: 1; 0 there is none, or with @follow none yet.
 *
 * With @follow a line without its newline is not given out before the newline
 * is there, the part has been left, or it is too long; else it is.
 */
int rotated_next(struct rotated *r, struct rotated_line *ret,
		 struct error *err);

/* rotated_finish - end a reader with follow: nothing more is written, so the
 * end is where it is now */
int rotated_finish(struct rotated *r, struct error *err);

/* rotated_seek_end - go behind all that is there now, and with @follow before
 * a last line that has no newline yet */
int rotated_seek_end(struct rotated *r, struct error *err);

/* rotated_previous - the line before this place, and go to its begin;
 * Return: 1; 0 there is none */
int rotated_previous(struct rotated *r, struct rotated_line *ret,
		     struct error *err);

/* rotated_seek - go to a line; if its part is gone, to what is oldest now */
int rotated_seek(struct rotated *r, const struct rotated_mark *mark,
		 struct error *err);

bool rotated_is_at(const struct rotated_mark *a, const struct rotated_mark *b);

/*
 * rotated_watch - a descriptor that poll(2) finds readable when more may be
 * there; -1 when this user has no inotify(7) instances left, and then the
 * caller looks again every ROTATED_INTERVAL_MS.  Belongs to @r, which was
 * opened with @follow.
 */
#define ROTATED_INTERVAL_MS 250
int rotated_watch(const struct rotated *r);

/* rotated_watched - forget what the watch has said: before rotated_next() */
void rotated_watched(struct rotated *r);
