/*
 * cmd/log_show.h - the logs of containers, printed as they were written
 *
 * What went to stdout goes to stdout, and the same for stderr.  The lines of
 * several containers come in the order of their times.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "core/log_read.h"

/* One container's log; all of it is owned. */
struct log_source {
	struct log_reader *reader;
	char *prefix; /* before each line, with a blank between; or NULL */
	int ended_fd; /* hangs up when the container has ended; -1: it has */
	/* of log_show() */
	bool has_piece, in_line;
	struct log_piece piece;
};

struct log_show {
	struct log_source *sources;
	size_t n;
	bool timestamps;
	int64_t until_ns; /* no longer is waited; INT64_MAX: no matter */
	FILE *out, *err;
};

/*
 * log_show - print what there is, and what comes while containers live
 * Returns when all have ended, or when nobody reads .out any more.
 */
int log_show(struct log_show *show, struct error *err);

/* log_sources_free - the array too */
void log_sources_free(struct log_source *sources, size_t n);
