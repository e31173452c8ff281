/*
 * cmd/image/image_say.h - what the verbs of wolffia-image say while they work
 */
#pragma once

#include "base/error.h"

/*
 * image_progress - show @text on the last line of the terminal, in place of
 * what was there; NULL takes it away
 */
void image_progress(const char *text);

/* image_note - "wolffia: note: ..." on stderr: something that is no error */
void image_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* image_usage - the arguments are wrong; Return: STATUS_WOLFFIA */
int image_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* image_fail - print "@what: ..." and the hint; Return: STATUS_WOLFFIA */
int image_fail(struct error *err, const char *what, ...)
	__attribute__((format(printf, 2, 3)));
