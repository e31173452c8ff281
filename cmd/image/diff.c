/* wolffia diff: what a container changed in its root. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "cmd/written.h"
#include "storage/upper_list.h"

struct options {
	struct image_options common;
	const char *format;
};

#define TO options
/* clang-format off */
static const struct option_entry table[] = {
CHOICE("format", NULL, format, "FORMAT", "json",
       "print json, for programs"),
VALUE(0, "store", common.store, "DIR",
      "where images, containers and volumes lie"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* one line each, whatever a name has in it */
static void print_lines(const struct upper_list *list)
{
	struct upper_line line;
	size_t at = 0;

	while (upper_list_next(list, &at, &line)) {
		char shown[4 * TREE_PATH_MAX + 8];
		text_escape(shown, sizeof(shown), line.path);
		printf("%c %s\n", (char)line.kind, shown);
	}
}

/* as podman(1) has it; a name that is no UTF-8 is written as in the lines */
static json_t *path_json(const char *path)
{
	char shown[4 * TREE_PATH_MAX + 8];
	json_t *text = json_string(path);

	if (text)
		return text;
	text_escape(shown, sizeof(shown), path);
	return json_string(shown);
}

static void print_json(const struct upper_list *list)
{
	static const struct {
		enum upper_kind kind;
		const char *key;
	} groups[] = {
		{ UPPER_CHANGED, "changed" },
		{ UPPER_ADDED, "added" },
		{ UPPER_DELETED, "deleted" },
	};
	scoped_json *document = json_object();
	struct upper_line line;
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		json_object_set_new(document, groups[i].key, json_array());
	while (upper_list_next(list, &at, &line))
		for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
			if (groups[i].kind == line.kind)
				json_array_append_new(
					json_object_get(document,
							groups[i].key),
					path_json(line.path));
	scoped(char) *text = json_dumps(document, JSON_INDENT(4));
	puts(text);
}

static int print_changes(const struct options *options, struct image_work *work,
			 const char *name, struct error *err)
{
	struct upper_list list = { 0 };
	scoped_written written = { .state = STATE_NONE };
	int r = written_find(&work->store, name, &written, err);

	if (r == 0)
		r = written_check_ids(&written, &work->outer, err);
	if (r == 0)
		r = upper_list(&work->ids, &written.place, &list, err);
	if (r < 0)
		return r;
	if (options->format)
		print_json(&list);
	else
		print_lines(&list);
	upper_list_free(&list);
	return 0;
}

static int diff(const struct options *options, const char *name)
{
	struct image_options quietly = options->common;
	struct image_work work;
	struct error err, second;

	quietly.quiet = FLAG_YES;
	int r = image_begin(&work, &quietly, false, &err);
	if (r == 0) {
		r = print_changes(options, &work, name, &err);
		if (image_end(&work, &second) < 0)
			image_fail(&second, "diff");
	}
	return r < 0 ? image_fail(&err, "cannot tell what %s changed", name)
		     : 0;
}

int verb_diff(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	struct error err;
	int r = image_parse(table, "diff [OPTION...] CONTAINER", argc, argv,
			    &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (options.format &&
	    option_choice("--format", "json", options.format, &err) < 0)
		return image_fail(&err, "diff");
	if (names.n != 1)
		return image_usage("diff: write the name of one container");
	return diff(&options, names.v[0]);
}
