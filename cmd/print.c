#include "cmd/print.h"

#include <errno.h>
#include <stdio.h>

#include "base/status.h"

void print_error(const struct error *err)
{
	fprintf(stderr, "wolffia: %s\n", err->text);
	if (*err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
	else if (err->code == ENOSYS)
		fputs("  hint: Linux 5.12 is the oldest kernel that wolffia "
		      "works on; a container around it must not hide system "
		      "calls either. \"wolffia doctor\" tests it\n",
		      stderr);
}

int print_close(int status)
{
	struct error err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	error_say(&err, 0, "cannot write to standard output");
	print_error(&err);
	return STATUS_WOLFFIA;
}

void print_detached(const char *name, const char *what)
{
	fprintf(stderr, "\nwolffia: detached from %s: %s goes on\n", name,
		what);
}

void print_notices(const struct strv *notices)
{
	for (size_t i = 0; i < notices->n; i++)
		fprintf(stderr, "wolffia: note: %s\n", notices->v[i]);
}
