/*
 * wolffia-format(7) says what is true: its examples are rendered.  They stand
 * in displays that are "-literal ... -compact", a template and what it gives
 * on a line, with two blanks or more between them, or on two, of which the
 * second has four blanks before it; the object is in the first display.
 */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cmd/template/template.h"
#include "tests/unit/images/suite.h"

/* what a line of mdoc(7) shows */
static char *shown(const char *line)
{
	char *text = xstrdup(line), *to = text;

	for (; *line; line++) {
		if (*line != '\\') {
			*to++ = *line;
			continue;
		}
		line++;
		ck_assert_msg(*line && strchr("e-&", *line), "\\%c", *line);
		if (*line != '&')
			*to++ = *line == 'e' ? '\\' : *line;
	}
	*to = '\0';
	return text;
}

static json_t *object;

static void check_example(const char *template_line, const char *wanted_line)
{
	scoped(char) *source = shown(template_line);
	scoped(char) *wanted = shown(wanted_line);
	scoped_template *template = NULL;
	scoped(char) *text = NULL;
	struct error err = { 0 };
	size_t n = 0;
	int r = template_parse(source, &template, &err);

	if (r == 0)
		r = template_render(template, object, TEMPLATE_FOR_PROGRAM,
				    &text, &n, &err);
	ck_assert_msg(r == 0, "%s: %s", source, err.text);
	/* what is not seen at the end of a line does not count */
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	ck_assert_msg(strcmp(text, wanted) == 0, "%s is %s, not %s", source,
		      text, wanted);
}

/* Return: the lines of the display that were used */
static size_t check_lines(char *line, const char *next)
{
	char *end = line + strlen(line);
	char *gap = NULL;

	for (char *at = line; at < end; at++)
		if (at[0] == ' ' && at[1] == ' ')
			gap = at;
	if (text_starts_with(next, "    ")) {
		check_example(line, next + 4);
		return 2;
	}
	ck_assert_msg(gap, "%s: what does it give?", line);
	char *result = gap + 2;
	while (gap > line && gap[-1] == ' ')
		gap--;
	*gap = '\0';
	check_example(line, result);
	return 1;
}

static size_t check_display(char **lines, size_t n)
{
	size_t examples = 0;

	for (size_t i = 0; i < n; examples++)
		i += check_lines(lines[i], i + 1 < n ? lines[i + 1] : "");
	return examples;
}

static void read_object(char **lines, size_t n)
{
	scoped(char) *whole = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		scoped(char) *before = whole;
		scoped(char) *line = shown(lines[i]);
		whole = xasprintf("%s%s\n", before, line);
	}
	object = json_loads(whole, 0, NULL);
	ck_assert_msg(object, "no object: %s", whole);
}

START_TEST(the_examples_of_the_manual_are_true)
{
	scoped(char) *page = NULL;
	scoped_strv lines = { 0 };
	struct error err;
	size_t examples = 0, start = 0;
	bool in_example = false;

	ck_assert_int_gt(fd_read_file(AT_FDCWD, MANUAL, 1 << 20, &page, &err),
			 0);
	for (char *rest = page, *line; (line = strsep(&rest, "\n"));)
		strv_add(&lines, line);
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i];
		if (text_starts_with(line, ".Bd -literal")) {
			start = i + 1;
			in_example = text_ends_with(line, " -compact");
		} else if (strcmp(line, ".Ed") == 0 && !object) {
			read_object(lines.v + start, i - start);
		} else if (strcmp(line, ".Ed") == 0 && in_example) {
			examples += check_display(lines.v + start, i - start);
		}
	}
	ck_assert_uint_gt(examples, 30);
	json_decref(object);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("manual");

	tcase_add_test(tests, the_examples_of_the_manual_are_true);
	return suite_run("manual", tests);
}
