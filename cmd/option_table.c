#include "cmd/option_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

enum {
	HELP_COLUMN = 30, /* where the help text begins */
	HELP_WIDTH = 80,
};

static const struct option_entry *find_long(const struct option_entry *table,
					    const char *name, size_t length)
{
	for (; table->name; table++) {
		const char *names[] = { table->name, table->alias };

		if (table->kind == OPTION_HEADING)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (names[i] && strlen(names[i]) == length &&
			    strncmp(names[i], name, length) == 0)
				return table;
	}
	return NULL;
}

static const struct option_entry *find_short(const struct option_entry *table,
					     char letter)
{
	for (; table->name; table++)
		if (table->kind != OPTION_HEADING && table->letter == letter)
			return table;
	return NULL;
}

int option_suggest(const char *word, const char *const *words,
		   const char *prefix, struct error *err)
{
	const char *nearest = text_nearest(word, words);

	if (nearest)
		error_hint(err, "did you mean %s%s?", prefix, nearest);
	return -err->code;
}

static int unknown_long(const struct option_entry *table, const char *name,
			struct error *err)
{
	const char **words = NULL;
	size_t n = 0;

	for (const struct option_entry *e = table; e->name; e++) {
		if (e->kind == OPTION_HEADING || e->kind == OPTION_REFUSED)
			continue;
		words = xreallocarray(words, n + 3, sizeof(*words));
		words[n++] = e->name;
		if (e->alias)
			words[n++] = e->alias;
	}
	error_say(err, EINVAL, "there is no option --%s", name);
	error_hint(err, "--help lists the options");
	if (words) {
		words[n] = NULL;
		option_suggest(name, words, "--", err);
	}
	free(words);
	return -err->code;
}

static int unknown_short(const char *arg, char letter, struct error *err)
{
	error_say(err, EINVAL, "there is no option -%c (in \"%s\")", letter,
		  arg);
	return error_hint(err, "--help lists the options");
}

/* "-volume" would be -v with the value "olume": nobody means that */
static bool is_long_with_one_dash(const struct option_entry *table,
				  const char *arg)
{
	size_t length = strcspn(arg + 1, "=");

	return length > 1 && find_long(table, arg + 1, length);
}

static int flag_from_text(const char *text, enum flag *ret)
{
	static const char *const yes[] = { "true", "1", "t", "yes" };
	static const char *const no[] = { "false", "0", "f", "no" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0)
			*ret = FLAG_YES;
		else if (strcasecmp(text, no[i]) == 0)
			*ret = FLAG_NO;
		else
			continue;
		return 0;
	}
	return -EINVAL;
}

static int refuse(const struct option_entry *entry, struct error *err)
{
	error_say(err, EOPNOTSUPP, "--%s: %s", entry->name, entry->help);
	if (entry->instead)
		error_hint(err, "%s", entry->instead);
	return -err->code;
}

/* @value is NULL for a flag without one */
static int store_value(const struct option_entry *entry, const char *value,
		       void *to, struct error *err)
{
	void *field = (char *)to + entry->offset;
	enum flag flag = FLAG_YES;

	switch (entry->kind) {
	case OPTION_FLAG:
		if (value && flag_from_text(value, &flag) < 0)
			return error_say(
				err, EINVAL,
				"--%s takes no value but true or false, not "
				"\"%s\"",
				entry->name, value);
		*(enum flag *)field = flag;
		return 0;
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_LIST:
		strv_add(field, value);
		return 0;
	case OPTION_REFUSED:
	case OPTION_HEADING:
		break;
	}
	return refuse(entry, err);
}

static bool wants_value(const struct option_entry *entry)
{
	return entry->kind == OPTION_STRING || entry->kind == OPTION_LIST;
}

static int missing_value(const struct option_entry *entry, const char *dashes,
			 struct error *err)
{
	error_say(err, EINVAL, "%s wants a value", dashes);
	if (entry->choices)
		return error_hint(err, "write --%s %s", entry->name,
				  entry->choices);
	return error_hint(err, "write --%s %s", entry->name,
			  entry->placeholder);
}

/* argv[@i] is "--something"; Return: the index of the next argument */
static int parse_long(const struct option_entry *table, char *const argv[],
		      int i, void *to, struct error *err)
{
	const char *name = argv[i] + 2;
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	scoped(char) *word = xstrndup(name, length);
	const struct option_entry *entry = find_long(table, name, length);

	if (!entry)
		return unknown_long(table, word, err);
	if (wants_value(entry) && !value) {
		value = argv[++i];
		if (!value)
			return missing_value(entry, argv[i - 1], err);
	}
	int r = store_value(entry, value, to, err);
	return r < 0 ? r : i + 1;
}

/* argv[@i] is "-x..."; Return: the index of the next argument */
static int parse_bundle(const struct option_entry *table, char *const argv[],
			int i, void *to, struct error *err)
{
	const char *arg = argv[i];

	if (is_long_with_one_dash(table, arg)) {
		error_say(err, EINVAL, "there is no option %s", arg);
		return error_hint(err, "did you mean -%s?", arg);
	}
	for (const char *s = arg + 1; *s; s++) {
		const struct option_entry *entry = find_short(table, *s);
		const char *value = NULL;
		char dashes[] = { '-', *s, '\0' };

		if (!entry)
			return unknown_short(arg, *s, err);
		if (s[1] == '=')
			value = s + 2;
		else if (wants_value(entry) && s[1])
			value = s + 1;
		else if (wants_value(entry)) {
			value = argv[++i];
			if (!value)
				return missing_value(entry, dashes, err);
		}
		int r = store_value(entry, value, to, err);
		if (r < 0)
			return r;
		if (value)
			break;
	}
	return i + 1;
}

int option_table_parse(const struct option_entry *table, int argc,
		       char *const argv[], void *to, struct error *err)
{
	int i = 1;

	while (i < argc) {
		const char *arg = argv[i];

		if (arg[0] != '-' || !arg[1])
			break;
		if (strcmp(arg, "--") == 0)
			return i + 1;
		i = arg[1] == '-' ? parse_long(table, argv, i, to, err)
				  : parse_bundle(table, argv, i, to, err);
		if (i < 0)
			return i;
	}
	return i < argc ? i : argc;
}

/* break @text into lines that begin in column HELP_COLUMN, where we are */
static void help_text(const char *text, FILE *to)
{
	int column = HELP_COLUMN;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > HELP_COLUMN &&
		    column + 1 + (int)length > HELP_WIDTH) {
			fprintf(to, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			column += fprintf(to, " ");
		}
		column += fprintf(to, "%.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
	fprintf(to, "\n");
}

static void help_entry(const struct option_entry *entry, FILE *to)
{
	int column = entry->letter ? fprintf(to, "  -%c, ", entry->letter)
				   : fprintf(to, "      ");

	column += fprintf(to, "--%s", entry->name);
	if (entry->alias)
		column += fprintf(to, ", --%s", entry->alias);
	if (entry->placeholder)
		column += fprintf(to, " %s", entry->placeholder);
	if (column > HELP_COLUMN - 2) {
		fprintf(to, "\n");
		column = 0;
	}
	fprintf(to, "%*s", HELP_COLUMN - column, "");
	help_text(entry->help, to);
}

void option_table_help(const struct option_entry *table, FILE *to)
{
	for (const struct option_entry *e = table; e->name; e++) {
		if (e->kind == OPTION_REFUSED)
			continue;
		if (e->kind != OPTION_HEADING)
			help_entry(e, to);
		else if (e->help)
			fprintf(to, "\n%s (%s):\n", e->name, e->help);
		else
			fprintf(to, "\n%s:\n", e->name);
	}
}

void option_table_dump(const struct option_entry *table, FILE *to)
{
	static const char *const kinds[] = {
		[OPTION_FLAG] = "flag",
		[OPTION_STRING] = "value",
		[OPTION_LIST] = "list",
		[OPTION_REFUSED] = "refused",
	};

	for (; table->name; table++)
		if (table->kind != OPTION_HEADING)
			fprintf(to, "%s\t%c\t%s\t%s\t%s\t%s\n",
				kinds[table->kind],
				table->letter ? table->letter : '-',
				table->name, table->alias ? table->alias : "-",
				table->placeholder ? table->placeholder : "-",
				table->choices ? table->choices : "-");
}

int option_choice(const char *option, const char *choices, const char *value,
		  struct error *err)
{
	scoped(char) *copy = xstrdup(choices);
	const char *words[16] = { NULL };
	char *rest = copy, *word = NULL;
	char list[160] = "";
	size_t n = 0, used = 0;

	while ((word = strsep(&rest, "|")) && n < ARRAY_SIZE(words) - 1) {
		if (strcmp(word, value) == 0)
			return (int)n;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", n ? ", " : "", word);
		words[n++] = word;
		if (used >= sizeof(list))
			break;
	}
	error_say(err, EINVAL, "%s: \"%s\" is not one of: %s", option, value,
		  list);
	return option_suggest(value, words, "", err);
}
