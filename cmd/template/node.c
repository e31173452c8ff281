#include "cmd/template/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/template/template.h"

enum { SHOWN_MAX = 60 }; /* bytes of a template that a message repeats */

int template_at(const char *text, size_t end, struct error *err)
{
	size_t start = end ? end - 1 : 0, line = 1;
	char shown[4 * SHOWN_MAX + 1];

	while (start > 0 && !text_starts_with(text + start, "{{"))
		start--;
	while (start > 0 && text[start - 1] == '{')
		start--;
	/* what is cut, is cut between characters */
	bool is_cut = end - start > SHOWN_MAX;
	if (is_cut)
		start = end - SHOWN_MAX;
	for (; is_cut && start < end && (text[start] & 0xc0) == 0x80; start++)
		;
	for (size_t i = 0; i < end; i++)
		line += text[i] == '\n';
	scoped(char) *piece = xstrndup(text + start, end - start);
	text_escape(shown, sizeof(shown), piece);
	const char *dots = is_cut ? "..." : "";
	if (strchr(text, '\n'))
		return error_prefix(err, "--format: line %zu, at \"%s%s\"",
				    line, dots, shown);
	return error_prefix(err, "--format: at \"%s%s\"", dots, shown);
}

static void operand_free(struct operand *operand)
{
	strv_free(&operand->fields);
	json_decref(operand->literal);
	pipeline_free(operand->pipeline);
}

/* as deep as the template: TEMPLATE_DEPTH */
void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	for (size_t i = 0; i < pipeline->n; i++) {
		struct command *command = &pipeline->commands[i];
		for (size_t j = 0; j < command->n; j++)
			operand_free(&command->operands[j]);
		free(command->operands);
	}
	free(pipeline->commands);
	free(pipeline);
}

/* as deep as the template: TEMPLATE_DEPTH */
void node_free(struct node *first)
{
	while (first) {
		struct node *next = first->next;
		pipeline_free(first->pipeline);
		node_free(first->body);
		node_free(first->otherwise);
		free(first->text);
		free(first);
		first = next;
	}
}

void template_free(struct template *template)
{
	if (!template)
		return;
	node_free(template->first);
	free(template->text);
	free(template);
}

void template_free_indirect(struct template **template)
{
	template_free(*template);
}
