#include "cmd/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strv.h"
#include "base/table.h"
#include "base/text.h"

static void append(char **text, const char *more)
{
	char *longer = xasprintf("%s%s", *text, more);

	free(*text);
	*text = longer;
}

static int no_member(const json_t *object, const char *name, struct error *err)
{
	scoped_strv names = { 0 };
	json_t *value;
	const char *key, *near = NULL;

	json_object_foreach ((json_t *)object, key, value)
		strv_add(&names, key);
	error_say(err, EINVAL, "--format: there is no \"%s\"", name);
	if (names.n)
		near = text_nearest(name, (const char **)names.v);
	return near ? error_hint(err, "did you mean {{.%s}}?", near)
		    : error_hint(err, "--format json shows all names");
}

/* ".A.B" in @object; "." is @object itself */
static int find_member(const json_t *object, const char *path,
		       const json_t **ret, struct error *err)
{
	scoped(char) *copy = xstrdup(path + 1);
	char *rest = copy;

	for (char *name; *rest && (name = strsep(&rest, "."));) {
		const json_t *next = json_object_get(object, name);
		if (!next)
			return no_member(object, name, err);
		object = next;
		if (!rest)
			break;
	}
	*ret = object;
	return 0;
}

static char *as_text(const json_t *value, bool as_json)
{
	if (!as_json && json_is_string(value))
		return xstrdup(json_string_value(value));
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	return text ? text : xstrdup("");
}

/* what is between {{ and }} */
static int render_action(char *action, const json_t *object, char **to,
			 struct error *err)
{
	const json_t *value = NULL;
	bool as_json = false;

	action += strspn(action, " ");
	if (text_starts_with(action, "json ")) {
		as_json = true;
		action += strlen("json ");
		action += strspn(action, " ");
	}
	for (size_t n = strlen(action); n > 0 && action[n - 1] == ' '; n--)
		action[n - 1] = '\0';
	if (action[0] != '.' || strpbrk(action, " |\"()")) {
		error_say(err, EINVAL, "--format: cannot do {{%s}}", action);
		return error_hint(err, "write {{.Name}}, {{json .Name}} or "
				       "json");
	}
	int r = find_member(object, action, &value, err);
	if (r < 0)
		return r;
	scoped(char) *text = as_text(value, as_json);
	append(to, text);
	return 0;
}

static size_t render_plain(const char *from, char **to)
{
	size_t n = strcspn(from, "{\\");

	if (n == 0 && from[0] == '\\' && (from[1] == 't' || from[1] == 'n')) {
		append(to, from[1] == 't' ? "\t" : "\n");
		return 2;
	}
	n = n ? n : 1;
	scoped(char) *text = xstrndup(from, n);
	append(to, text);
	return n;
}

int format_render(const char *template, const json_t *object, char **ret,
		  struct error *err)
{
	scoped(char) *text = xstrdup("");

	if (strcmp(template, "json") == 0)
		template = "{{json .}}";
	while (*template) {
		if (!text_starts_with(template, "{{")) {
			template += render_plain(template, &text);
			continue;
		}
		const char *end = strstr(template, "}}");
		if (!end)
			return error_say(err, EINVAL,
					 "--format: {{ without }}");
		scoped(char) *action =
			xstrndup(template + 2, (size_t)(end - template - 2));
		int r = render_action(action, object, &text, err);
		if (r < 0)
			return r;
		template = end + 2;
	}
	*ret = take_ptr(text);
	return 0;
}

static int add_row(const char *template, const json_t *object,
		   struct table *table, struct error *err)
{
	scoped(char) *row = NULL;
	size_t cells = 0;
	int r = format_render(template, object, &row, err);

	if (r < 0)
		return r;
	for (char *rest = row, *cell; (cell = strsep(&rest, "\t")); cells++)
		/* a value may have tabs too: no more cells than headings */
		if (table->columns == 0 || cells < table->columns)
			table_add(table, cell);
	for (; cells < table->columns; cells++)
		table_add(table, "");
	if (table->columns == 0)
		table->columns = cells;
	return 0;
}

static int print_table(const char *template, const json_t *objects,
		       const json_t *headings, FILE *to, struct error *err)
{
	scoped_table table = { 0 };
	int r = add_row(template, headings, &table, err);
	size_t n = json_array_size(objects);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_row(template, json_array_get(objects, i), &table, err);
	if (r == 0)
		table_print(&table, to);
	return r;
}

int format_print(const char *template, const json_t *objects,
		 const json_t *headings, FILE *to, struct error *err)
{
	size_t n = json_array_size(objects);

	if (text_starts_with(template, "table "))
		return print_table(template + strlen("table "), objects,
				   headings, to, err);
	for (size_t i = 0; i < n; i++) {
		scoped(char) *line = NULL;
		int r = format_render(template, json_array_get(objects, i),
				      &line, err);
		if (r < 0)
			return r;
		fprintf(to, "%s\n", line);
	}
	return 0;
}
