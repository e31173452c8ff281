/*
 * cmd/format.h - --format: what a verb has to tell, as it was asked for
 *
 *   json              the objects as they are
 *   TEMPLATE          one of cmd/template/template.h, a line for each object
 *   table TEMPLATE    with a heading, in columns divided by \t
 *
 * To a terminal, and in a table, control characters of values are shown as
 * \xNN: a label of somebody's image must not paint the screen.  What a program
 * reads from a pipe or a file is what the value is.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

#include "base/error.h"

/*
 * format_print - the elements of the array @objects, for verbs that list
 * @format: as above; "json" is the array, as podman(1) prints it
 * @headings: member to heading, for "table"; it has all members that the
 * objects may have at their first level, so that a name that is wrong is told
 * when there is no object, too.  NULL: names in capitals.
 *
 * Nothing is printed unless all can be.
 *
 * Return: 0; -EINVAL, -E2BIG as template_parse() and template_render()
 */
int format_print(const char *format, json_t *objects, json_t *headings,
		 FILE *to, struct error *err);

/* format_print_one - the same for one object; "json" is the object */
int format_print_one(const char *format, json_t *object, FILE *to,
		     struct error *err);
