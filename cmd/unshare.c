/*
 * cmd/unshare.c - "wolffia unshare [command]": look at the store as its owner
 *
 * The command runs as id 0 of the outer user namespace: files of containers
 * and layers have the numbers that they have in an image.  It is no container:
 * everything that the user may do, the command may do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/status.h"
#include "cmd/print.h"
#include "cmd/verbs.h"
#include "userns/outer.h"

struct execution {
	char **argv;
	int status;
};

static int execute(void *argument, struct error *err)
{
	struct execution *e = argument;

	process_reset_signals();
	execvp(e->argv[0], e->argv);
	int code = errno;
	error_set(err, code, "execute %s", e->argv[0]);
	print_error(err);
	_exit(code == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXEC);
}

static void print_usage(FILE *to)
{
	fputs("Usage: wolffia unshare [COMMAND [ARGUMENT...]]\n"
	      "\n"
	      "Run a command (your shell, if none is given) as id 0 of your "
	      "own id "
	      "map, in\nwhich you are 0 and your subordinate ids are 1 and up: "
	      "for "
	      "looking at and\nremoving files that containers wrote.\n",
	      to);
}

int verb_unshare(const struct call *call)
{
	static char fallback[] = "/bin/sh";
	char *shell = getenv("SHELL");
	char *standard[] = { shell && *shell ? shell : fallback, NULL };
	struct execution e = { .argv = call->argc > 1 ? call->argv + 1
						      : standard };
	struct outer_ids ids;
	struct error err;

	if (strcmp(e.argv[0], "--help") == 0 || strcmp(e.argv[0], "-h") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(e.argv[0], "--") == 0)
		e.argv = call->argc > 2 ? call->argv + 2 : standard;
	int r = outer_find_ids(false, &ids, &err);
	if (r == 0)
		r = outer_exec(&ids, execute, &e, &err);
	if (r < 0) {
		print_error(&err);
		return STATUS_WOLFFIA;
	}
	return process_exit_status(r);
}
