/*
 * cmd/template/node.h - a template as it was understood
 *
 * Made by template_parse.c, walked through by template_run.c and
 * template_heading.c.  All that can be known without data is settled here:
 * variables are numbers, functions are found, literals are values.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "cmd/template/bytes.h"
#include "cmd/template/functions.h"

enum operand_kind {
	OPERAND_DOT,
	OPERAND_VARIABLE,
	OPERAND_LITERAL,
	OPERAND_NIL,
	OPERAND_FUNCTION, /* only the first of a command */
	OPERAND_PIPELINE, /* in parentheses */
};

/* What stands between blanks, with the members that are taken of it. */
struct operand {
	enum operand_kind kind;
	size_t end;         /* where it ends in the template, for messages */
	struct strv fields; /* .A.B behind it: "A", "B" */
	size_t variable;    /* of struct template.n_variables */
	json_t *literal;
	const struct template_function *function;
	struct pipeline *pipeline; /* owned */
};

/* A function with its arguments, or one operand. */
struct command {
	struct operand *operands;
	size_t n;
};

struct pipeline {
	struct command *commands; /* what one gives is the next one's last */
	size_t n;
	size_t variables[2]; /* what is set: of range, number and element */
	size_t n_variables;
	bool has_data; /* there is a dot, a member or a variable in it */
};

enum node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_WITH,
	NODE_RANGE,
	NODE_BREAK,
	NODE_CONTINUE,
};

struct node {
	enum node_kind kind;
	size_t end; /* where it ends, its body not counted */
	char *text; /* NODE_TEXT */
	size_t n;
	struct pipeline *pipeline; /* NODE_ACTION to NODE_RANGE */
	struct node *body, *otherwise;
	struct node *next;
};

struct template
{
	char *text;
	struct node *first;
	size_t n_variables; /* room for those that live at one time; 0 is $ */
};

/*
 * template_at - put the place before what @err says:
 * --format: at "{{.Nmae": ...; with the line if the template has several
 * @end: where what is meant ends
 *
 * Return: -err->code.
 */
int template_at(const char *text, size_t end, struct error *err);

/* template_eval - what an action without data gives; as template_render() */
int template_eval(const struct template *template, const struct node *action,
		  struct bytes *to, struct error *err);

void pipeline_free(struct pipeline *pipeline);
void node_free(struct node *first); /* and all that follow it */
