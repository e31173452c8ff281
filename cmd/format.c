#include "cmd/format.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strv.h"
#include "base/table.h"
#include "base/text.h"
#include "cmd/template/template.h"

static bool is_terminal(FILE *to)
{
	int fd = fileno(to); /* -1: a stream in memory */

	return fd >= 0 && isatty(fd);
}

static int print_json(json_t *json, FILE *to)
{
	size_t flags = JSON_INDENT(4) | JSON_ENCODE_ANY;

	/* JSON has an escape for each control, if all is to be ASCII */
	json_dumpf(json, to, flags | (is_terminal(to) ? JSON_ENSURE_ASCII : 0));
	fputc('\n', to);
	return 0;
}

static size_t count_cells(const char *line)
{
	size_t n = 1;

	for (; *line; line++)
		n += *line == '\t';
	return n;
}

/* @text may have several lines; each is a row */
static void add_rows(struct strv *rows, char *text)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		strv_add(rows, line);
}

static int collect_rows(const struct template *template, json_t *objects,
			struct strv *rows, struct error *err)
{
	size_t i, n;
	json_t *object;

	json_array_foreach (objects, i, object) {
		scoped(char) *text = NULL;
		int r = template_render(template, object, TEMPLATE_FOR_TABLE,
					&text, &n, err);
		if (r < 0)
			return r;
		add_rows(rows, text);
	}
	return 0;
}

static void print_rows(const struct strv *rows, FILE *to)
{
	scoped_table table = { 0 };

	for (size_t i = 0; i < rows->n; i++)
		if (count_cells(rows->v[i]) > table.columns)
			table.columns = count_cells(rows->v[i]);
	for (size_t i = 0; i < rows->n; i++) {
		size_t cells = 0;
		char *rest = rows->v[i];
		for (char *cell; (cell = strsep(&rest, "\t")); cells++)
			table_add(&table, cell);
		for (; cells < table.columns; cells++)
			table_add(&table, "");
	}
	table_print(&table, to);
}

static int print_table(const struct template *template, json_t *objects,
		       json_t *headings, FILE *to, struct error *err)
{
	scoped_strv rows = { 0 };
	scoped(char) *heading = NULL;
	int r = template_heading(template, headings, &heading, err);

	if (r == 0) {
		add_rows(&rows, heading);
		r = collect_rows(template, objects, &rows, err);
	}
	if (r == 0)
		print_rows(&rows, to);
	return r;
}

static int print_lines(const struct template *template, json_t *objects,
		       FILE *to, struct error *err)
{
	enum template_for reader =
		is_terminal(to) ? TEMPLATE_FOR_TERMINAL : TEMPLATE_FOR_PROGRAM;
	scoped(char) *all = NULL;
	size_t i, n, size = 0;
	json_t *object;
	FILE *lines = open_memstream(&all, &size);
	int r = 0;

	if (!lines)
		return error_set(err, errno, "--format");
	json_array_foreach (objects, i, object) {
		scoped(char) *line = NULL;
		r = template_render(template, object, reader, &line, &n, err);
		if (r < 0)
			break;
		fwrite(line, 1, n, lines);
		fputc('\n', lines);
	}
	if (fclose(lines) != 0 && r == 0)
		r = error_set(err, errno, "--format");
	if (r == 0)
		fwrite(all, 1, size, to);
	return r;
}

/* without an object there is nobody else to tell that a name is wrong */
static int check_names(const struct template *template, json_t *headings,
		       struct error *err)
{
	scoped(char) *heading = NULL;

	return headings ? template_heading(template, headings, &heading, err)
			: 0;
}

int format_print(const char *format, json_t *objects, json_t *headings,
		 FILE *to, struct error *err)
{
	scoped_template *template = NULL;
	bool is_table = text_starts_with(format, "table ");

	if (strcmp(format, "json") == 0)
		return print_json(objects, to);
	if (is_table) {
		format += strlen("table ");
		format += strspn(format, " ");
	}
	int r = template_parse(format, &template, err);
	if (r < 0)
		return r;
	if (is_table)
		return print_table(template, objects, headings, to, err);
	if (json_array_size(objects) == 0)
		return check_names(template, headings, err);
	return print_lines(template, objects, to, err);
}

int format_print_one(const char *format, json_t *object, FILE *to,
		     struct error *err)
{
	scoped_json *objects = json_array();

	if (strcmp(format, "json") == 0)
		return print_json(object, to);
	json_array_append(objects, object);
	return format_print(format, objects, NULL, to, err);
}
