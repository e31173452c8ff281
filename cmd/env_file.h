/*
 * cmd/env_file.h - files of NAME=VALUE lines: --env-file, --label-file
 *
 * The rules are docker's: a line is NAME=VALUE, all of it after the first '='
 * is the value as it stands, with its quotes and its blanks; blanks before
 * the name are skipped, and so are empty lines and those that begin with '#';
 * a NAME alone takes the caller's value, and is skipped if there is none.
 * No quotes are removed, nothing is expanded, no line continues on the next.
 * Source: docker-container-run(1), --env-file.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"

#define ENV_FILE_MAX (1024 * 1024) /* bytes */

/*
 * env_file_parse - the pairs in @text
 * @size:        bytes; must not be more than ENV_FILE_MAX
 * @environment: the caller's, for a NAME alone; NULL: such a line becomes
 *               "NAME=" (that is how labels are read)
 * @ret:         pairs are appended, in the order of the lines
 *
 * A carriage return at the end of a line and a byte order mark at the start
 * of the text are dropped.
 * Return: 0; -EINVAL with the number of the line: a NUL in it, invalid UTF-8,
 * no name before '=', a blank or a control character in the name; -EFBIG.
 */
int env_file_parse(const char *text, size_t size, char *const *environment,
		   struct strv *ret, struct error *err);

/* env_file_read - the same for a file; messages begin with @path */
int env_file_read(const char *path, char *const *environment, struct strv *ret,
		  struct error *err);

/*
 * env_lookup - the pair "NAME=VALUE" of @name in an environ(7)
 * Return: borrowed, or NULL; NULL also for a NULL @environment
 */
const char *env_lookup(char *const *environment, const char *name);

/*
 * env_check_name - can the name of @pair (all before '=') be a variable's?
 * Return: 0; -EINVAL for an empty one, or one with control characters.  The
 * message quotes the name and never the value, which may be a secret.
 */
int env_check_name(const char *pair, struct error *err);
