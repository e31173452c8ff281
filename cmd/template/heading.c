/* What stands over the columns: the members that a template names. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/template/bytes.h"
#include "cmd/template/node.h"
#include "cmd/template/template.h"
#include "cmd/template/value.h"

struct heading {
	const struct template *template;
	json_t *headings; /* or NULL */
	struct bytes to;
	struct error *err;
};

static void add_capitals(struct bytes *to, const char *name)
{
	for (; *name; name++) {
		char c = *name >= 'a' && *name <= 'z'
				 ? (char)(*name - 'a' + 'A')
				 : *name;
		bytes_add(to, &c, 1);
	}
}

/* what docker makes of a label: com.example.my-key is my key */
static void add_label(struct bytes *to, const char *label)
{
	const char *dot = strrchr(label, '.');
	scoped(char) *name = xstrdup(dot ? dot + 1 : label);

	for (char *c = name; *c; c++)
		*c = *c == '-' || *c == '_' ? ' ' : *c;
	bytes_add_text(to, name);
}

/* the first that names something of the data */
static const struct operand *find_data(const struct pipeline *pipeline,
				       const struct command **ret_command)
{
	for (size_t i = 0; i < pipeline->n; i++) {
		const struct command *command = &pipeline->commands[i];
		for (size_t j = 0; j < command->n; j++) {
			const struct operand *operand = &command->operands[j];
			const struct operand *found = operand;
			*ret_command = command;
			if (operand->kind == OPERAND_PIPELINE &&
			    operand->fields.n == 0)
				found = find_data(operand->pipeline,
						  ret_command);
			else if (operand->fields.n == 0)
				found = NULL;
			if (found)
				return found;
		}
	}
	return NULL;
}

/* the heading of a member of the object itself; *ret is borrowed */
static int find_heading(const struct heading *heading,
			const struct operand *operand, const char **ret)
{
	struct value of = { heading->headings, VALUE_PLAIN };
	scoped_value value = { 0 };

	if (operand->kind != OPERAND_DOT || !heading->headings)
		return 0;
	int r = value_member(&of, operand->fields.v[0], &value, heading->err);
	if (r < 0)
		return template_at(heading->template->text, operand->end,
				   heading->err);
	*ret = json_string_value(value.json);
	return 0;
}

/* of .A that of A, if it has one; of .A.B, $x.B and (...).B: B */
static int add_member(struct heading *heading, const struct operand *operand)
{
	size_t n = operand->fields.n;
	const char *known = NULL;
	int r = find_heading(heading, operand, &known);

	if (known && n == 1)
		bytes_add_text(&heading->to, known);
	else
		add_capitals(&heading->to, operand->fields.v[n - 1]);
	return r;
}

/* index .Labels "key" and .Label "key" are headed by the key */
static const char *label_of(const struct command *command,
			    const struct operand *operand)
{
	const char *last = operand->fields.v[operand->fields.n - 1];
	const struct operand *key = command->n > 1 ? operand + 1 : NULL;
	bool is_label = strcmp(last, "Label") == 0 &&
			operand == command->operands && key;
	bool is_index =
		strcmp(last, "Labels") == 0 && command->n == 3 &&
		operand == command->operands + 1 &&
		strcmp(command->operands[0].function->name, "index") == 0;

	return is_label || is_index ? json_string_value(key->literal) : NULL;
}

static int add_pipeline(struct heading *heading, const struct node *node)
{
	const struct command *command;
	const struct operand *operand = find_data(node->pipeline, &command);
	const char *label = operand ? label_of(command, operand) : NULL;

	if (label) {
		add_label(&heading->to, label);
		return 0;
	}
	if (operand)
		return add_member(heading, operand);
	if (node->kind == NODE_ACTION && !node->pipeline->has_data)
		return template_eval(heading->template, node, &heading->to,
				     heading->err);
	return 0;
}

int template_heading(const struct template *template, json_t *headings,
		     char **ret, struct error *err)
{
	struct heading heading = { .template = template,
				   .headings = headings,
				   .err = err };
	int r = 0;

	for (const struct node *node = template->first; node && r == 0;
	     node = node->next) {
		if (node->kind == NODE_TEXT)
			bytes_add(&heading.to, node->text, node->n);
		else if (node->pipeline && node->pipeline->n_variables == 0)
			r = add_pipeline(&heading, node);
		else if (node->pipeline && node->kind != NODE_ACTION)
			r = add_pipeline(&heading, node);
	}
	if (r == 0) {
		bytes_add(&heading.to, "", 0);
		*ret = take_ptr(heading.to.b);
	}
	bytes_free(&heading.to);
	return r;
}
