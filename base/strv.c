#include "base/strv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void strv_take(struct strv *list, char *text)
{
	/* there is room for n + 1 up to the next power of two: at 1, 3,
	 * 7, 15... the room that was made is used up */
	if ((list->n & (list->n + 1)) == 0)
		list->v = xreallocarray(list->v, 2 * (list->n + 1),
					sizeof(*list->v));
	list->v[list->n++] = text;
	list->v[list->n] = NULL;
}

void strv_add(struct strv *list, const char *text)
{
	strv_take(list, xstrdup(text));
}

void strv_addf(struct strv *list, const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	strv_take(list, n < 0 ? xstrdup("") : text);
}

void strv_extend(struct strv *list, char *const *texts)
{
	for (; texts && *texts; texts++)
		strv_add(list, *texts);
}

bool strv_contains(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

bool strv_remove(struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], text) != 0)
			continue;
		free(list->v[i]);
		list->v[i] = list->v[--list->n];
		list->v[list->n] = NULL;
		return true;
	}
	return false;
}

void strv_free(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strv){ 0 };
}

char *const *strv_argv(const struct strv *list)
{
	static char *const empty[] = { NULL };

	return list->v ? list->v : empty;
}

static size_t name_length(const char *pair)
{
	return strcspn(pair, "=");
}

static char **find_env(const struct strv *env, const char *name, size_t length)
{
	for (size_t i = 0; i < env->n; i++)
		if (name_length(env->v[i]) == length &&
		    strncmp(env->v[i], name, length) == 0)
			return &env->v[i];
	return NULL;
}

void strv_set_env(struct strv *env, const char *pair)
{
	char **old = find_env(env, pair, name_length(pair));

	if (!old) {
		strv_add(env, pair);
		return;
	}
	free(*old);
	*old = xstrdup(pair);
}

const char *strv_get_env(const struct strv *env, const char *name)
{
	char **pair = find_env(env, name, strlen(name));

	if (!pair || (*pair)[strlen(name)] != '=')
		return NULL;
	return *pair + strlen(name) + 1;
}
