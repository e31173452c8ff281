/*
 * cmd/template/template.h - the part of Go's templates that people use, over
 * JSON
 *
 * What there is, for who writes a template: man/wolffia-format.7.  The source
 * of what a thing means is the documentation of Go's text/template and fmt,
 * and docker(1) for the functions that it adds.
 *
 * Objects are structs: a member that is not there is an error, and the hint
 * names the nearest.  Some members have a type that JSON does not tell: they
 * are known by name, in the table of cmd/template/value.c.  Maps, whose keys
 * are anybody's ("Labels", "Ports"), have <no value> for a key that is not
 * there, and null is an empty one; "Health" may be missing.  Who makes the
 * objects writes these as docker inspect does.  .Id and .ID are one.
 *
 * Where this is more lenient than Go: objects may be indexed, counted and
 * walked through, whole and fractional numbers compared, null is an empty
 * list; \t and \n outside of {{ }} stand for a tabulator and a line feed.
 * Where it is less: no define, template, block, call, html, js, urlquery,
 * and no complex numbers; letters are changed by upper and lower in ASCII.
 *
 * Templates come from whoever runs the program, data from anywhere.  Both
 * are bounded: what a template may be and do is in the enum below.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* clang-format off */
enum {
	TEMPLATE_MAX   = 64 << 10,  /* bytes of a template */
	TEMPLATE_DEPTH = 100,       /* blocks and parentheses in one another */
	TEMPLATE_WORK  = 256 << 20, /* bytes read and made in one rendering... */
	TEMPLATE_STEP  = 256,       /* ...and what each step counts for */
};
/* clang-format on */

/* What is done to what the data say, for who reads it. */
enum template_for {
	TEMPLATE_FOR_PROGRAM,  /* nothing */
	TEMPLATE_FOR_TERMINAL, /* controls become \xNN, but for \n and \t */
	TEMPLATE_FOR_TABLE,    /* all controls: a value stays in its cell */
};

struct template;

/*
 * template_parse - read @text, which is copied
 * Return: 0 with *ret for template_free(); -EINVAL malformed: the message has
 * the place and what was expected there; -E2BIG longer or deeper than allowed.
 */
int template_parse(const char *text, struct template **ret, struct error *err);

/*
 * template_render - @template with @data as its dot
 * @ret: the caller's to free; ends with a NUL and may have others: *ret_n
 * bytes are counted without the last
 *
 * In an action without data, such as {{"\x1b[1m"}}, nothing is escaped: whoever
 * wrote the template meant it.  In a table that is true of \n and \t only.
 *
 * Return: 0; -EINVAL the data are not what the template expects, with the
 * place; -E2BIG it would do or make too much.
 */
int template_render(const struct template *template, json_t *data,
		    enum template_for reader, char **ret, size_t *ret_n,
		    struct error *err);

/*
 * template_heading - what stands over the columns of a table: literal text,
 * and for each action the heading of the first member that it names
 * @headings: member to heading, or NULL: the member's name in capitals
 *
 * Return: as template_render(); -EINVAL @headings has no such member.
 */
int template_heading(const struct template *template, json_t *headings,
		     char **ret, struct error *err);

void template_free(struct template *template);

void template_free_indirect(struct template **template);
#define scoped_template                                                        \
	__attribute__((cleanup(template_free_indirect))) struct template
