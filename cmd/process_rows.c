#include "cmd/process_rows.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define BLANKS " \t"

/* Return: the @place-th word of @line, with its length; NULL: it has fewer */
static const char *word_at(const char *line, size_t place, size_t *ret_n)
{
	line += strspn(line, BLANKS);
	while (place-- > 0 && *line) {
		line += strcspn(line, BLANKS);
		line += strspn(line, BLANKS);
	}
	*ret_n = strcspn(line, BLANKS);
	return *ret_n ? line : NULL;
}

/* Return: -ENOENT there is none */
static int find_column(const char *heading, size_t *ret)
{
	const char *word;
	size_t n;

	for (size_t i = 0; (word = word_at(heading, i, &n)); i++)
		if (n == strlen("PID") && strncmp(word, "PID", n) == 0) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

/* Return: 0: the row has none */
static pid_t number_of(const char *row, size_t column)
{
	size_t n;
	const char *word = word_at(row, column, &n);
	char *end;
	long number = word ? strtol(word, &end, 10) : 0;

	return word && end == word + n && number > 0 && number <= INT_MAX
		       ? (pid_t)number
		       : 0;
}

static void add_line(struct strv *lines, const char *line)
{
	size_t size = strlen(line) * 4 + 1;
	char *escaped = xcalloc(size, 1);

	text_escape(escaped, size, line);
	strv_take(lines, escaped);
}

int process_rows_select(const char *text, const struct processes *processes,
			struct strv *ret, struct error *err)
{
	scoped(char) *copy = xstrdup(text);
	char *rest = copy, *line = strsep(&rest, "\n");
	struct strv lines = { 0 };
	size_t column;

	if (find_column(line, &column) < 0) {
		error_say(err, EINVAL,
			  "the output of ps has no column PID, by which a "
			  "container's processes are known");
		return error_hint(err, "add it: -o pid,...");
	}
	add_line(&lines, line);
	while ((line = strsep(&rest, "\n")))
		if (processes_contain(processes, number_of(line, column)))
			add_line(&lines, line);
	*ret = lines;
	return 0;
}
