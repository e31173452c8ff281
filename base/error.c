#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A message may quote a name from an image or an archive: no escapes pass. */
static void put(char *to, size_t size, const char *text)
{
	text_escape(to, size, text);
}

int error_set(struct error *err, int code, const char *format, ...)
{
	char text[sizeof(err->text) * 2];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);

	if (code > 0 && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s",
			 strerror(code));
	err->code = code > 0 ? code : EINVAL;
	err->hint[0] = '\0';
	put(err->text, sizeof(err->text), text);
	return -err->code;
}

int error_say(struct error *err, int code, const char *format, ...)
{
	char text[sizeof(err->text) * 2];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);

	err->code = code > 0 ? code : EINVAL;
	err->hint[0] = '\0';
	put(err->text, sizeof(err->text), text);
	return -err->code;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char prefix[sizeof(err->text)];
	char text[sizeof(prefix) + 2 + sizeof(err->text)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(prefix, sizeof(prefix), format, ap);
	va_end(ap);

	snprintf(text, sizeof(text), "%s: %s", prefix, err->text);
	put(err->text, sizeof(err->text), text);
	return -err->code;
}

int error_hint(struct error *err, const char *format, ...)
{
	char text[sizeof(err->hint) * 2];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);

	put(err->hint, sizeof(err->hint), text);
	return -err->code;
}
