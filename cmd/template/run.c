/* A template and data into text. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/template/bytes.h"
#include "cmd/template/node.h"
#include "cmd/template/print.h"
#include "cmd/template/template.h"

struct run {
	const struct template *template;
	enum template_for reader;
	struct value *variables; /* template->n_variables */
	struct bytes to;
	uint64_t work; /* of TEMPLATE_WORK */
	struct error *err;
};

/* What a list of nodes ends with, when it is no error. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

static int eval_pipeline(struct run *run, const struct pipeline *pipeline,
			 const struct value *dot, struct value *ret);
static int run_list(struct run *run, const struct node *node,
		    const struct value *dot);

static int fail_at(const struct run *run, size_t end)
{
	return template_at(run->template->text, end, run->err);
}

/* @end: where to say that it was */
static int spend(struct run *run, size_t amount, size_t end)
{
	run->work += amount;
	if (run->work <= TEMPLATE_WORK)
		return 0;
	error_say(run->err, E2BIG, "the template does too much");
	return fail_at(run, end);
}

static size_t size_of(const struct value *value)
{
	return json_is_string(value->json) ? json_string_length(value->json)
					   : 0;
}

/* the members behind a term; @n of them */
static int take_fields(struct run *run, const struct operand *operand, size_t n,
		       struct value *value)
{
	for (size_t i = 0; i < n; i++) {
		struct value next = { 0 };
		int r = value_member(value, operand->fields.v[i], &next,
				     run->err);
		if (r < 0)
			return fail_at(run, operand->end);
		value_free(value);
		*value = next;
	}
	return spend(run, TEMPLATE_STEP * (n + 1), operand->end);
}

static int eval_term(struct run *run, const struct operand *operand,
		     const struct value *dot, struct value *ret)
{
	switch (operand->kind) {
	case OPERAND_DOT:
		*ret = value_copy(dot);
		break;
	case OPERAND_VARIABLE:
		*ret = value_copy(&run->variables[operand->variable]);
		break;
	case OPERAND_LITERAL:
		*ret = value_borrow(operand->literal);
		break;
	case OPERAND_PIPELINE:
		return eval_pipeline(run, operand->pipeline, dot, ret);
	default:
		*ret = value_take(json_null());
	}
	return 0;
}

static int eval_operand(struct run *run, const struct operand *operand,
			const struct value *dot, struct value *ret)
{
	scoped_value value = { 0 };
	int r = eval_term(run, operand, dot, &value);

	if (r == 0)
		r = take_fields(run, operand, operand->fields.n, &value);
	if (r < 0)
		return r;
	*ret = value;
	value = (struct value){ 0 };
	return 0;
}

/* "and" and "or": what decides it is the value, and no more is evaluated */
static int eval_logic(struct run *run, const struct command *command,
		      const struct value *piped, const struct value *dot,
		      struct value *ret)
{
	bool stops_at = command->operands[0].function->stops_at;
	struct value value = { 0 };

	for (size_t i = 1; i < command->n; i++) {
		value_free(&value);
		int r = eval_operand(run, &command->operands[i], dot, &value);
		if (r < 0)
			return r;
		if (value_is_true(&value) == stops_at) {
			*ret = value;
			return 0;
		}
	}
	if (piped) {
		value_free(&value);
		value = value_copy(piped);
	}
	*ret = value;
	return 0;
}

/* @arguments: filled up to *ret_n, whatever happens */
static int eval_arguments(struct run *run, const struct command *command,
			  const struct value *piped, const struct value *dot,
			  struct value *arguments, size_t *ret_n)
{
	size_t size = 0;

	for (size_t i = 1; i < command->n; i++) {
		int r = eval_operand(run, &command->operands[i], dot,
				     &arguments[*ret_n]);
		if (r < 0)
			return r;
		size += size_of(&arguments[(*ret_n)++]);
	}
	if (piped) {
		size += size_of(piped);
		arguments[(*ret_n)++] = value_copy(piped);
	}
	return spend(run, size + TEMPLATE_STEP, command->operands[0].end);
}

static int eval_function(struct run *run, const struct command *command,
			 const struct value *piped, const struct value *dot,
			 struct value *ret)
{
	const struct operand *first = &command->operands[0];
	scoped(struct value) *arguments =
		xcalloc(command->n + 1, sizeof(*arguments));
	size_t n = 0;

	if (!first->function->call)
		return eval_logic(run, command, piped, dot, ret);
	int r = eval_arguments(run, command, piped, dot, arguments, &n);
	if (r == 0) {
		r = function_call(first->function, arguments, n, ret, run->err);
		if (r < 0)
			fail_at(run, command->operands[command->n - 1].end);
	}
	for (size_t i = 0; i < n; i++)
		value_free(&arguments[i]);
	return r;
}

/*
 * .Label "key" is index .Labels "key"; where Labels are a text, as in the rows
 * of docker ps, it is index .Label "key"
 */
static int eval_label(struct run *run, const struct command *command,
		      const struct value *piped, const struct value *dot,
		      struct value *ret)
{
	const struct operand *first = &command->operands[0];
	scoped_value value = { 0 }, labels = { 0 }, key = { 0 };
	int r = eval_term(run, first, dot, &value);

	if (r == 0)
		r = take_fields(run, first, first->fields.n - 1, &value);
	if (r == 0 && piped)
		key = value_copy(piped);
	else if (r == 0)
		r = eval_operand(run, &command->operands[1], dot, &key);
	if (r < 0)
		return r;
	bool is_list = json_is_object(json_object_get(value.json, "Label"));
	r = value_member(&value, is_list ? "Label" : "Labels", &labels,
			 run->err);
	if (r == 0)
		r = value_index(&labels, &key, ret, run->err);
	return r < 0 ? fail_at(run, first->end) : 0;
}

static int eval_command(struct run *run, const struct command *command,
			const struct value *piped, const struct value *dot,
			struct value *ret)
{
	const struct operand *first = &command->operands[0];

	if (first->kind == OPERAND_FUNCTION)
		return eval_function(run, command, piped, dot, ret);
	if (command->n > 1 || piped)
		return eval_label(run, command, piped, dot, ret);
	return eval_operand(run, first, dot, ret);
}

static int eval_pipeline(struct run *run, const struct pipeline *pipeline,
			 const struct value *dot, struct value *ret)
{
	struct value value = { 0 };

	for (size_t i = 0; i < pipeline->n; i++) {
		const struct command *command = &pipeline->commands[i];
		struct value next = { 0 };
		int r = eval_command(run, command, i ? &value : NULL, dot,
				     &next);
		value_free(&value);
		if (r < 0)
			return r;
		value = next;
		r = spend(run, size_of(&value) + TEMPLATE_STEP,
			  command->operands[0].end);
		if (r < 0) {
			value_free(&value);
			return r;
		}
	}
	*ret = value;
	return 0;
}

static void set_variable(struct run *run, size_t variable,
			 const struct value *value)
{
	value_free(&run->variables[variable]);
	run->variables[variable] = value_copy(value);
}

/* what came of data is escaped as its reader needs it */
static void add_shown(struct run *run, const struct bytes *text, bool has_data)
{
	const char *from = text->b ? text->b : "";

	if (run->reader == TEMPLATE_FOR_PROGRAM ||
	    (run->reader == TEMPLATE_FOR_TERMINAL && !has_data))
		bytes_add(&run->to, from, text->n);
	else
		bytes_add_escaped(&run->to, from, text->n,
				  run->reader == TEMPLATE_FOR_TABLE && has_data
					  ? ""
					  : "\n\t");
}

static int run_action(struct run *run, const struct node *node,
		      const struct value *dot)
{
	scoped_value value = { 0 };
	scoped_bytes text = { 0 };
	size_t before = run->to.n;
	int r = eval_pipeline(run, node->pipeline, dot, &value);

	if (r < 0)
		return r;
	if (node->pipeline->n_variables) {
		set_variable(run, node->pipeline->variables[0], &value);
		return 0;
	}
	print_value(&text, &value);
	add_shown(run, &text, node->pipeline->has_data);
	run->to.too_long |= text.too_long;
	return spend(run, run->to.n - before, node->end);
}

/* "if" and "with": the body, its dot the value, or what is otherwise */
static int run_choice(struct run *run, const struct node *node,
		      const struct value *dot)
{
	scoped_value value = { 0 };
	int r = eval_pipeline(run, node->pipeline, dot, &value);

	if (r < 0)
		return r;
	if (node->pipeline->n_variables)
		set_variable(run, node->pipeline->variables[0], &value);
	if (!value_is_true(&value))
		return run_list(run, node->otherwise, dot);
	return run_list(run, node->body,
			node->kind == NODE_WITH ? &value : dot);
}

/* one round of a range */
static int run_round(struct run *run, const struct node *node, size_t i,
		     const char *key, const struct value *of)
{
	const struct pipeline *pipeline = node->pipeline;
	scoped_value element = value_element(of, i, key);

	if (pipeline->n_variables)
		set_variable(run,
			     pipeline->variables[pipeline->n_variables - 1],
			     &element);
	if (pipeline->n_variables == 2) {
		scoped_value name = key ? value_text(key, strlen(key))
					: value_integer((long long)i);
		set_variable(run, pipeline->variables[0], &name);
	}
	return run_list(run, node->body, &element);
}

static int run_rounds(struct run *run, const struct node *node,
		      const struct value *of)
{
	scoped(const char *) *keys =
		value_is_map(of) ? value_keys(of->json) : NULL;
	size_t n = (size_t)value_count(of);
	/* the keys were sorted, which costs even if the body breaks */
	int r = keys ? spend(run, n * TEMPLATE_STEP, node->end) : 0;

	for (size_t i = 0; i < n && r >= 0 && r != FLOW_BREAK; i++) {
		r = spend(run, TEMPLATE_STEP, node->end);
		if (r == 0)
			r = run_round(run, node, i, keys ? keys[i] : NULL, of);
	}
	return r < 0 ? r : FLOW_ON;
}

static int run_range(struct run *run, const struct node *node,
		     const struct value *dot)
{
	scoped_value value = { 0 };
	int r = eval_pipeline(run, node->pipeline, dot, &value);

	if (r < 0)
		return r;
	if (!value_is_nil(&value) && !value_is_map(&value) &&
	    !json_is_array(value.json)) {
		error_say(run->err, EINVAL,
			  "range wants a list or a map, not "
			  "%s",
			  value_say(&value));
		return fail_at(run, node->end);
	}
	if (value_count(&value) <= 0)
		return run_list(run, node->otherwise, dot);
	return run_rounds(run, node, &value);
}

static int run_node(struct run *run, const struct node *node,
		    const struct value *dot)
{
	switch (node->kind) {
	case NODE_TEXT:
		bytes_add(&run->to, node->text, node->n);
		return spend(run, node->n, node->end);
	case NODE_ACTION:
		return run_action(run, node, dot);
	case NODE_IF:
	case NODE_WITH:
		return run_choice(run, node, dot);
	case NODE_RANGE:
		return run_range(run, node, dot);
	case NODE_BREAK:
		return FLOW_BREAK;
	default:
		return FLOW_CONTINUE;
	}
}

/* Return: enum flow, or an error */
static int run_list(struct run *run, const struct node *node,
		    const struct value *dot)
{
	int r = FLOW_ON;

	for (; node && r == FLOW_ON; node = node->next) {
		r = run_node(run, node, dot);
		if (r >= 0 && run->to.too_long) {
			error_say(run->err, E2BIG, "the output passes %d MiB",
				  BYTES_MAX >> 20);
			return fail_at(run, node->end);
		}
	}
	return r;
}

static void run_end(struct run *run)
{
	for (size_t i = 0; i < run->template->n_variables; i++)
		value_free(&run->variables[i]);
	free(run->variables);
	bytes_free(&run->to);
}

int template_render(const struct template *template, json_t *data,
		    enum template_for reader, char **ret, size_t *ret_n,
		    struct error *err)
{
	struct run run = { .template = template,
			   .reader = reader,
			   .variables = xcalloc(template->n_variables,
						sizeof(struct value)),
			   .err = err };

	/* not the same: somebody may set $ */
	scoped_value dot = value_borrow(data);
	run.variables[0] = value_borrow(data);
	int r = run_list(&run, template->first, &dot);
	if (r >= 0) {
		bytes_add(&run.to, "", 0);
		*ret_n = run.to.n;
		*ret = take_ptr(run.to.b);
	}
	run_end(&run);
	return r < 0 ? r : 0;
}

int template_eval(const struct template *template, const struct node *action,
		  struct bytes *to, struct error *err)
{
	const struct value none = { 0 };
	struct run run = { .template = template,
			   .reader = TEMPLATE_FOR_TABLE,
			   .variables = xcalloc(template->n_variables,
						sizeof(struct value)),
			   .err = err };
	int r = run_action(&run, action, &none);

	bytes_add(to, run.to.b ? run.to.b : "", run.to.n);
	run_end(&run);
	return r;
}
