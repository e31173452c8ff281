#include "cmd/image/image_say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"
#include "base/text.h"
#include "cmd/print.h"

/* is there a line of progress that must go before anything else is said? */
static bool in_progress;

void image_progress(const char *text)
{
	if (!text && !in_progress)
		return;
	/* to the first column, and nothing to the right: ECMA-48 CR, EL; cut
	 * to a line, for two could not be taken away again */
	fprintf(stderr, "\r\033[K%.78s", text ? text : "");
	fflush(stderr);
	in_progress = text != NULL;
}

__attribute__((format(printf, 2, 0))) static void say(const char *prefix,
						      const char *format,
						      va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, ap);
	text_escape(text, sizeof(text), text);
	image_progress(NULL);
	fprintf(stderr, "wolffia: %s%s\n", prefix, text);
}

void image_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("note: ", format, ap);
	va_end(ap);
}

int image_usage(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("", format, ap);
	va_end(ap);
	return STATUS_WOLFFIA;
}

int image_fail(struct error *err, const char *what, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	image_progress(NULL);
	error_prefix(err, "%s", text);
	print_error(err);
	return STATUS_WOLFFIA;
}
