/*
 * cmd/template/functions.h - what a template can call
 */
#pragma once

#include <stddef.h>

#include "cmd/template/value.h"

struct template_function {
	const char *name;
	/*
	 * A letter for each argument: s a text, i a whole number, l a list,
	 * v anything; * at the end: any number of the last one.
	 */
	const char *arguments;
	/*
	 * NULL for "and" and "or", which leave arguments unevaluated.
	 * The arguments have been checked against .arguments.
	 * Return: 0 with *ret the caller's; -EINVAL; -E2BIG too long.
	 */
	int (*call)(const struct value *arguments, size_t n, struct value *ret,
		    struct error *err);
	bool stops_at; /* "and" stops at the first false, "or" at true */
};

/*
 * function_find - by name
 * Return: NULL and a message, with the nearest name as hint, if there is none.
 */
const struct template_function *function_find(const char *name,
					      struct error *err);

/* function_check_count - Return: 0, or -EINVAL: it wants more, or fewer */
int function_check_count(const struct template_function *function, size_t n,
			 struct error *err);

/* function_call - check the types, and call */
int function_call(const struct template_function *function,
		  const struct value *arguments, size_t n, struct value *ret,
		  struct error *err);
