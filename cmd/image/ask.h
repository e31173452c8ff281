/*
 * cmd/image/ask.h - questions to who sits at the terminal
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * ask - put @prompt on stderr, and read one line from standard input
 * @secret:    it is not shown while it is typed
 * @cancel_fd: readable when a signal wants us to end
 * @ret:       without the newline; the caller's to wipe and free
 *
 * The terminal is as it was when this returns.
 * Return: 0; -ENOTTY standard input is no terminal; -ENODATA its end (^D);
 * -ECANCELED by cancel_fd; -EFBIG too long.
 */
int ask(const char *prompt, bool secret, int cancel_fd, char **ret,
	struct error *err);

/*
 * ask_stdin - all of standard input, as "--password-stdin" means it
 * @ret: without a newline at its end; the caller's to wipe and free
 * Return: 0; -EINVAL it is empty, or has a NUL; -EFBIG, -ECANCELED
 */
int ask_stdin(int cancel_fd, char **ret, struct error *err);
