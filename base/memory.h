/*
 * base/memory.h - allocation that cannot fail, and scopes that free
 *
 * Out of memory ends the process with status 125 and one line on stderr: no
 * caller could act on it.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* scoped(char) *path = NULL;   freed when the scope ends */
#define scoped(type) __attribute__((cleanup(memory_free_indirect))) type

void memory_free_indirect(void *pointer_to_pointer);

/* take_ptr - ownership leaves @p, visibly */
#define take_ptr(p)                                                            \
	({                                                                     \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})

/* All of these return memory that the caller frees; never NULL. */
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t max);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
