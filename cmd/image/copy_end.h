/*
 * cmd/image/copy_end.h - one of the two ends of a copy: files here, files in a
 * container, or a standard stream
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "cmd/copy_argument.h"
#include "core/visit.h"
#include "storage/store.h"

struct copy_end {
	struct copy_argument argument;
	char *id;                   /* of the container, or NULL */
	struct visit *visit;        /* to it; NULL: not there yet */
	pid_t child;                /* of an end here; 0: none */
	struct copy_report *report; /* what it shares with us */
};

/* copy_end_find - @text: of the command line.  copy_end_close() afterwards, in
 * any case.  Return: 0; -EINVAL; -ENOENT, -ENOTUNIQ of container_find() */
int copy_end_find(struct copy_end *end, const struct store *store,
		  const char *text, struct error *err);
void copy_end_close(struct copy_end *end);

/* copy_end_open - get at the root of its container, if it has one */
int copy_end_open(struct copy_end *end, const struct store *store,
		  struct error *err);

/*
 * copy_end_start - fork a process that runs @function at that end
 * @fds: as of visit_start(); an end here keeps all that is open
 * copy_end_await() gives the result of @function.
 */
int copy_end_start(struct copy_end *end, bool writes, const int *fds, size_t n,
		   int (*function)(void *argument, struct error *err),
		   void *argument, struct error *err);
int copy_end_await(struct copy_end *end, struct error *err);
