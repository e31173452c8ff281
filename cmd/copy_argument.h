/*
 * cmd/copy_argument.h - "CONTAINER:PATH", "PATH" or "-"
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct copy_argument {
	char *container; /* NULL: none, the path is one of this machine */
	char *path;      /* in a container it begins with "/" */
	bool stream;     /* "-": a tar on standard input or output */
};

/*
 * copy_argument_parse - as docker(1) reads it; pure
 *
 * What begins with "/" or "." is a path of this machine, whatever colons are
 * in it; else what is before the first colon is a container.
 * Return: 0 with what copy_argument_free() frees; -EINVAL
 */
int copy_argument_parse(const char *text, struct copy_argument *ret,
			struct error *err);
void copy_argument_free(struct copy_argument *argument);
