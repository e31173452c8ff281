/*
 * base/strv.h - a growing, NULL-terminated list of strings
 *
 * struct strv owns its strings.  {0} is an empty list, whose .v is NULL until
 * something is added; strv_argv() is never NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* NULL, or n strings and a NULL */
	size_t n;
};

void strv_add(struct strv *list, const char *text); /* copies @text */
void strv_take(struct strv *list, char *text);      /* owns @text */
void strv_addf(struct strv *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void strv_extend(struct strv *list, char *const *texts); /* copies; NULL ok */
bool strv_contains(const struct strv *list, const char *text);
/* strv_remove - the last takes the place of @text; Return: it was there */
bool strv_remove(struct strv *list, const char *text);
void strv_free(struct strv *list);

/* strv_argv - the list as execve(2) wants it; borrowed from @list */
char *const *strv_argv(const struct strv *list);

/*
 * strv_set_env - set NAME=VALUE in a list of such pairs, in its old place
 * @pair: "NAME=VALUE"; the name is all before the first '='
 */
void strv_set_env(struct strv *env, const char *pair);

/* strv_get_env - the value of @name in @env, borrowed, or NULL */
const char *strv_get_env(const struct strv *env, const char *name);

#define scoped_strv __attribute__((cleanup(strv_free))) struct strv
