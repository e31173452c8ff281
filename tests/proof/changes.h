/*
 * changes.h - which system calls change files, and what they name
 *
 * For the proofs of the store: a kill before each such call, and what a loss
 * of power would leave of them.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* What a call of a traced process is about; filled when it begins. */
struct change {
	const char *call;    /* its name; NULL: it changes nothing */
	char paths[2][4400]; /* absolute, or "" */
};

/*
 * change_begin - look at the call @nr with @args of the stopped process @pid
 * An openat(2) that makes no file changes nothing, unless it empties one.
 */
void change_begin(struct change *ret, pid_t pid, int nr, const uint64_t *args);

/*
 * change_note - write a line "PROCESS CALL N RESULT PATH PATH", with tabs
 * between, for a call that has ended
 * @result: 0 or more, or a negative errno
 */
void change_note(FILE *to, const struct change *change, const char *process,
		 unsigned n, long result);
