#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

void memory_free_indirect(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static void *must(void *memory)
{
	static const char message[] = "wolffia: out of memory\n";

	if (memory)
		return memory;
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(STATUS_WOLFFIA);
	_exit(STATUS_WOLFFIA);
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return must(strdup(text));
}

char *xstrndup(const char *text, size_t max)
{
	return must(strndup(text, max));
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	return must(n < 0 ? NULL : text);
}
