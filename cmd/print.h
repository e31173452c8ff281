/*
 * cmd/print.h - what wolffia says to the user, on stderr
 *
 * One line: "wolffia: ...", and if there is a remedy a second, "  hint: ...".
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"

void print_error(const struct error *err);
/* print_close - did all that was printed arrive?  A full disk, a closed pipe.
 * Return: @status, or STATUS_WOLFFIA after the error was printed */
int print_close(int status);

/* print_detached - that @what goes on in the container @name, whose terminal
 * was let go of: on a line of its own, for the cursor may be anywhere */
void print_detached(const char *name, const char *what);
void print_notices(const struct strv *notices);
