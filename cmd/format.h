/*
 * cmd/format.h - --format: the part of Go's templates that people use
 *
 *   json                    the whole object
 *   {{.Name}} {{.A.B}}      a member; texts as they are, others as JSON
 *   {{json .}} {{json .A}}  a member as JSON
 *   \t \n                   a tabulator, a line feed
 *   table TEMPLATE          with a heading, in columns divided by \t
 *
 * Pure but for format_print().
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

#include "base/error.h"

/*
 * format_render - @template with the members of @object put in
 * Return: 0 with the text in *ret, the caller's to free; -EINVAL a malformed
 * template, or a member that @object has not (the hint names the nearest).
 */
int format_render(const char *template, const json_t *object, char **ret,
		  struct error *err);

/*
 * format_print - one line, or row, for each element of the array @objects
 * @headings: an object: the heading of each member, for "table"
 */
int format_print(const char *template, const json_t *objects,
		 const json_t *headings, FILE *to, struct error *err);
