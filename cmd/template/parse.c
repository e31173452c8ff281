/* A template, word by word, into what template_node.h describes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strv.h"
#include "base/text.h"
#include "cmd/template/lex.h"
#include "cmd/template/literal.h"
#include "cmd/template/node.h"
#include "cmd/template/template.h"

struct parser {
	const char *text;
	struct lexer lexer;
	struct token token; /* the one to look at */
	struct template *template;
	struct strv variables; /* the names of those that can be seen */
	size_t depth, ranges;  /* blocks and parentheses; ranges among them */
	bool has_data;         /* something of the data was named */
	struct error *err;
};

static int parse_pipeline(struct parser *p, struct pipeline *ret);
static int parse_list(struct parser *p, struct node **ret);
static int parse_block(struct parser *p, enum node_kind kind,
		       struct node **ret);

/* the place is the end of the token that is looked at */
static int fail_here(struct parser *p)
{
	return template_at(p->text, p->token.at + p->token.n, p->err);
}

static int expected(struct parser *p, const char *what)
{
	if (p->token.kind == TOKEN_BAD)
		what = p->lexer.problem;
	error_say(p->err, EINVAL, "%s", what);
	return fail_here(p);
}

static void advance(struct parser *p)
{
	p->token = lex_next(&p->lexer);
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_WORD && p->token.n == strlen(word) &&
	       strncmp(p->text + p->token.at, word, p->token.n) == 0;
}

static char *token_text(const struct parser *p)
{
	return xstrndup(p->text + p->token.at, p->token.n);
}

static int enter(struct parser *p)
{
	if (++p->depth <= TEMPLATE_DEPTH)
		return 0;
	error_say(p->err, E2BIG, "more than %d blocks in one another",
		  TEMPLATE_DEPTH);
	return fail_here(p);
}

static void forget_variables(struct parser *p, size_t n)
{
	while (p->variables.n > n) {
		free(p->variables.v[--p->variables.n]);
		p->variables.v[p->variables.n] = NULL;
	}
}

/* takes @name */
static size_t declare(struct parser *p, char *name)
{
	strv_take(&p->variables, name);
	if (p->variables.n > p->template->n_variables)
		p->template->n_variables = p->variables.n;
	return p->variables.n - 1;
}

/* the innermost of that name */
static int find_variable(struct parser *p, const char *name, size_t *ret)
{
	for (size_t i = p->variables.n; i > 0; i--)
		if (strcmp(p->variables.v[i - 1], name) == 0) {
			*ret = i - 1;
			return 0;
		}
	error_say(p->err, EINVAL, "there is no variable \"%s\"", name);
	error_hint(p->err, "write {{%s := ...}} before it", name);
	return fail_here(p);
}

static int parse_word(struct parser *p, struct operand *ret)
{
	static const char *const blocks[] = { "block",  "break", "continue",
					      "define", "else",  "end",
					      "if",     "range", "template",
					      "with" };
	scoped(char) *name = token_text(p);

	if (strcmp(name, "nil") == 0) {
		ret->kind = OPERAND_NIL;
		return 0;
	}
	if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
		ret->kind = OPERAND_LITERAL;
		ret->literal = json_boolean(name[0] == 't');
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (strcmp(blocks[i], name) == 0) {
			error_say(p->err, EINVAL,
				  "\"%s\" can only stand first in {{ }}", name);
			return fail_here(p);
		}
	ret->kind = OPERAND_FUNCTION;
	ret->function = function_find(name, p->err);
	return ret->function ? 0 : fail_here(p);
}

static int parse_variable(struct parser *p, struct operand *ret)
{
	scoped(char) *name = token_text(p);

	p->has_data = true;
	ret->kind = OPERAND_VARIABLE;
	return find_variable(p, name, &ret->variable);
}

static int parse_literal(struct parser *p, struct operand *ret)
{
	ret->kind = OPERAND_LITERAL;
	int r = literal_parse(p->text + p->token.at, p->token.kind, p->token.n,
			      &ret->literal, p->err);
	return r < 0 ? fail_here(p) : 0;
}

/* ( pipeline ): the token after it is not looked at yet */
static int parse_parentheses(struct parser *p, struct operand *ret)
{
	ret->kind = OPERAND_PIPELINE;
	ret->pipeline = xcalloc(1, sizeof(*ret->pipeline));
	int r = enter(p);
	if (r < 0)
		return r;
	advance(p);
	r = parse_pipeline(p, ret->pipeline);
	if (r < 0)
		return r;
	if (p->token.kind != TOKEN_PAREN_CLOSE)
		return expected(p, "expected )");
	p->depth--;
	return 0;
}

static void take_field(struct parser *p, struct operand *to)
{
	strv_take(&to->fields,
		  xstrndup(p->text + p->token.at + 1, p->token.n - 1));
}

static int parse_term(struct parser *p, struct operand *ret)
{
	switch (p->token.kind) {
	case TOKEN_FIELD:
		take_field(p, ret);
		/* fall through */
	case TOKEN_DOT:
		ret->kind = OPERAND_DOT;
		p->has_data = true;
		return 0;
	case TOKEN_VARIABLE:
		return parse_variable(p, ret);
	case TOKEN_WORD:
		return parse_word(p, ret);
	case TOKEN_STRING:
	case TOKEN_RAW:
	case TOKEN_CHAR:
	case TOKEN_NUMBER:
		return parse_literal(p, ret);
	case TOKEN_PAREN_OPEN:
		return parse_parentheses(p, ret);
	case TOKEN_CLOSE:
		return expected(p, "expected a value before }}");
	default:
		return expected(p, "expected a member, function or value");
	}
}

static bool is_end_of_command(const struct parser *p)
{
	return p->token.kind == TOKEN_PIPE || p->token.kind == TOKEN_CLOSE ||
	       p->token.kind == TOKEN_PAREN_CLOSE;
}

/* a term, and the members right behind it: .A.B, $x.A, (...).A */
static int parse_operand(struct parser *p, struct operand *ret)
{
	bool is_dot = p->token.kind == TOKEN_DOT;
	int r = parse_term(p, ret);

	if (r < 0)
		return r;
	ret->end = p->token.at + p->token.n;
	advance(p);
	for (; p->token.kind == TOKEN_FIELD && !p->token.spaced; advance(p)) {
		if (is_dot || ret->kind == OPERAND_LITERAL ||
		    ret->kind == OPERAND_NIL || ret->kind == OPERAND_FUNCTION)
			return expected(p, "a member of this cannot be taken");
		take_field(p, ret);
		ret->end = p->token.at + p->token.n;
	}
	if (p->token.kind == TOKEN_BAD ||
	    (!p->token.spaced && !is_end_of_command(p)))
		return expected(p, "expected a blank, | or }}");
	return 0;
}

/*
 * .Label "key": docker ps has it as a method.  Nothing else that is no
 * function takes arguments.
 */
static bool is_method(const struct operand *operand)
{
	size_t n = operand->fields.n;

	return n > 0 && strcmp(operand->fields.v[n - 1], "Label") == 0;
}

/* @is_piped: there is one more argument, from the command before */
static int check_command(struct parser *p, const struct command *command,
			 bool is_piped)
{
	const struct operand *first = &command->operands[0];
	size_t n = command->n - 1 + is_piped;
	int r = 0;

	if (first->kind == OPERAND_FUNCTION)
		r = function_check_count(first->function, n, p->err);
	else if (is_method(first) && n == 1)
		r = 0;
	else if (is_piped)
		r = error_say(p->err, EINVAL,
			      "what follows a | must be a function");
	else if (n > 0)
		r = error_say(p->err, EINVAL, "only a function has arguments");
	else if (first->kind == OPERAND_NIL)
		r = error_say(p->err, EINVAL, "nil alone says nothing");
	return r < 0 ? template_at(p->text,
				   command->operands[command->n - 1].end,
				   p->err)
		     : 0;
}

static int parse_command(struct parser *p, struct command *ret)
{
	do {
		ret->operands = xreallocarray(ret->operands, ret->n + 1,
					      sizeof(*ret->operands));
		struct operand *operand = &ret->operands[ret->n++];
		*operand = (struct operand){ 0 };
		int r = parse_operand(p, operand);
		if (r < 0)
			return r;
		if (ret->n > 1 && operand->kind == OPERAND_FUNCTION) {
			error_say(p->err, EINVAL,
				  "a function among arguments needs ( )");
			return template_at(p->text, operand->end, p->err);
		}
	} while (!is_end_of_command(p));
	return 0;
}

static int parse_commands(struct parser *p, struct pipeline *ret)
{
	for (;;) {
		ret->commands = xreallocarray(ret->commands, ret->n + 1,
					      sizeof(*ret->commands));
		struct command *command = &ret->commands[ret->n++];
		*command = (struct command){ 0 };
		int r = parse_command(p, command);
		if (r == 0)
			r = check_command(p, command, ret->n > 1);
		if (r < 0 || p->token.kind != TOKEN_PIPE)
			return r;
		advance(p);
	}
}

/* up to }} or ), which is then the token that is looked at */
static int parse_pipeline(struct parser *p, struct pipeline *ret)
{
	bool before = p->has_data;

	p->has_data = false;
	int r = parse_commands(p, ret);
	ret->has_data = p->has_data;
	p->has_data |= before;
	return r;
}

/* What "$x :=", "$x =" and "$i, $x :=" set. */
struct setting {
	char *names[2];
	size_t n;
	bool declares;
};

static void setting_free(struct setting *setting)
{
	free(setting->names[0]);
	free(setting->names[1]);
}

/* Without a setting nothing is consumed. */
static int parse_setting(struct parser *p, bool in_range, struct setting *ret)
{
	const struct lexer lexer = p->lexer;
	const struct token token = p->token;

	while (p->token.kind == TOKEN_VARIABLE && ret->n < 2) {
		ret->names[ret->n++] = token_text(p);
		advance(p);
		if (p->token.kind != TOKEN_COMMA)
			break;
		if (!in_range)
			return expected(p, "two variables are for range only");
		if (ret->n == 2)
			return expected(p, "range sets two variables at most");
		advance(p);
		if (p->token.kind != TOKEN_VARIABLE)
			return expected(p, "expected a variable");
	}
	if (ret->n > 0 &&
	    (p->token.kind == TOKEN_DECLARE || p->token.kind == TOKEN_ASSIGN)) {
		ret->declares = p->token.kind == TOKEN_DECLARE;
		advance(p);
		return 0;
	}
	if (ret->n == 2)
		return expected(p, "expected := or =");
	p->lexer = lexer;
	p->token = token;
	setting_free(ret);
	*ret = (struct setting){ 0 };
	return 0;
}

static int set_variables(struct parser *p, struct setting *setting,
			 struct pipeline *ret)
{
	int r = 0;

	for (size_t i = 0; i < setting->n && r == 0; i++) {
		if (setting->declares)
			ret->variables[i] =
				declare(p, take_ptr(setting->names[i]));
		else
			r = find_variable(p, setting->names[i],
					  &ret->variables[i]);
	}
	ret->n_variables = setting->n;
	return r;
}

/* with what it sets, and the }} behind it */
static int parse_action_pipeline(struct parser *p, struct node *node)
{
	struct setting setting = { 0 };

	node->pipeline = xcalloc(1, sizeof(*node->pipeline));
	int r = parse_setting(p, node->kind == NODE_RANGE, &setting);
	if (r == 0)
		r = parse_pipeline(p, node->pipeline);
	if (r == 0)
		r = set_variables(p, &setting, node->pipeline);
	setting_free(&setting);
	if (r < 0)
		return r;
	if (p->token.kind != TOKEN_CLOSE)
		return expected(p, "expected }}");
	node->end = p->token.at;
	advance(p);
	return 0;
}

/* }} behind else, end, break, continue */
static int parse_close(struct parser *p)
{
	advance(p);
	if (p->token.kind != TOKEN_CLOSE)
		return expected(p, "expected }}");
	advance(p);
	return 0;
}

/* {{else if ...}} has its own pipeline and body, and the same {{end}} */
static int parse_otherwise(struct parser *p, struct node *node)
{
	const struct lexer lexer = p->lexer;
	const struct token token = p->token;

	advance(p);
	if (node->kind != NODE_RANGE &&
	    (is_word(p, "if") || is_word(p, "with")))
		return parse_block(p, is_word(p, "if") ? NODE_IF : NODE_WITH,
				   &node->otherwise);
	p->lexer = lexer;
	p->token = token;
	int r = parse_close(p);
	if (r == 0)
		r = parse_list(p, &node->otherwise);
	if (r == 0 && is_word(p, "else"))
		return expected(p, "expected {{end}}, there was an {{else}}");
	return r;
}

static const char *name_of(enum node_kind kind)
{
	return kind == NODE_IF ? "if" : kind == NODE_WITH ? "with" : "range";
}

/* all but the }} of its {{end}}, whose word is then looked at */
static int parse_parts(struct parser *p, struct node *node)
{
	size_t seen;
	int r = parse_action_pipeline(p, node);

	seen = p->variables.n;
	if (r == 0)
		r = parse_list(p, &node->body);
	/* what the body declares, else does not see */
	forget_variables(p, seen);
	if (r == 0 && is_word(p, "else")) {
		p->ranges -= node->kind == NODE_RANGE;
		r = parse_otherwise(p, node);
		p->ranges += node->kind == NODE_RANGE;
	}
	if (r == 0 && p->token.kind == TOKEN_END) {
		error_say(p->err, EINVAL, "{{%s}} without {{end}}",
			  name_of(node->kind));
		return template_at(p->text, node->end, p->err);
	}
	return r;
}

/* from the word if, with or range to the word end */
static int parse_block(struct parser *p, enum node_kind kind, struct node **ret)
{
	struct node *node = *ret = xcalloc(1, sizeof(*node));
	size_t seen = p->variables.n;

	node->kind = kind;
	int r = enter(p);
	if (r < 0)
		return r;
	p->ranges += kind == NODE_RANGE;
	advance(p);
	r = parse_parts(p, node);
	forget_variables(p, seen);
	p->ranges -= kind == NODE_RANGE;
	p->depth--;
	return r;
}

static int parse_leave(struct parser *p, struct node *node)
{
	node->end = p->token.at + p->token.n;
	if (p->ranges == 0)
		return expected(p, "this is for the body of a range");
	return parse_close(p);
}

/* what follows {{ */
static int parse_action(struct parser *p, struct node **ret)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", NODE_IF },
		       { "with", NODE_WITH },
		       { "range", NODE_RANGE } };

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (is_word(p, blocks[i].word)) {
			int r = parse_block(p, blocks[i].kind, ret);
			return r < 0 ? r : parse_close(p);
		}
	struct node *node = *ret = xcalloc(1, sizeof(*node));
	node->kind = is_word(p, "break")      ? NODE_BREAK
		     : is_word(p, "continue") ? NODE_CONTINUE
					      : NODE_ACTION;
	if (node->kind != NODE_ACTION)
		return parse_leave(p, node);
	if (is_word(p, "define") || is_word(p, "block") ||
	    is_word(p, "template"))
		return expected(p, "templates of one's own are not supported");
	return parse_action_pipeline(p, node);
}

/* \t and \n, which a shell does not replace */
static void add_text(struct node *node, const char *from, size_t n)
{
	node->kind = NODE_TEXT;
	node->text = xcalloc(n + 1, 1);
	for (size_t i = 0; i < n; i++) {
		char next = from[i] == '\\' && i + 1 < n ? from[i + 1] : '\0';
		bool is_escape = next == 't' || next == 'n';
		node->text[node->n++] = next == 't'   ? '\t'
					: next == 'n' ? '\n'
						      : from[i];
		i += is_escape;
	}
}

/* up to {{else or {{end, whose word is then looked at, or to the end */
static int parse_list(struct parser *p, struct node **ret)
{
	for (int r;; ret = &(*ret)->next) {
		switch (p->token.kind) {
		case TOKEN_END:
			return 0;
		case TOKEN_TEXT:
			*ret = xcalloc(1, sizeof(**ret));
			add_text(*ret, p->text + p->token.at, p->token.n);
			advance(p);
			break;
		case TOKEN_OPEN:
			advance(p);
			if (is_word(p, "else") || is_word(p, "end"))
				return 0;
			r = parse_action(p, ret);
			if (r < 0)
				return r;
			break;
		default:
			return expected(p, "expected a value");
		}
	}
}

static int parse_all(struct parser *p)
{
	declare(p, xstrdup("$"));
	advance(p);
	int r = parse_list(p, &p->template->first);
	if (r == 0 && p->token.kind != TOKEN_END)
		return expected(p, "there is no if, with or range for it");
	return r;
}

int template_parse(const char *text, struct template **ret, struct error *err)
{
	size_t n = strlen(text);

	if (n > TEMPLATE_MAX)
		return error_say(err, E2BIG,
				 "--format: a template of %zu bytes; at most "
				 "%d are allowed",
				 n, TEMPLATE_MAX);
	struct template *template = xcalloc(1, sizeof(*template));
	template->text = xstrdup(text);
	struct parser parser = { .text = template->text,
				 .lexer = { .text = template->text },
				 .template = template,
				 .err = err };
	int r = parse_all(&parser);
	strv_free(&parser.variables);
	if (r == 0)
		*ret = template;
	else
		template_free(template);
	return r;
}
