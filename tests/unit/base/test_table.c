#include "base/table.h"

#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* the caller frees it */
static char *print(size_t columns, const char *const *cells)
{
	scoped_table table = { .columns = columns };
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	for (; *cells; cells++)
		table_add(&table, *cells);
	table_print(&table, to);
	fclose(to);
	return text;
}

/* clang-format off */
static const struct {
	const char *what;
	size_t columns;
	const char *cells[8];
	const char *text;
} tables[] = {
	{ "no cell",               2, { NULL }, "" },
	{ "no column",             0, { "a" }, "" },
	{ "one row",               2, { "A", "B" }, "A   B\n" },
	{ "a wider heading",       2, { "NAME", "B", "x", "y" },
	  "NAME   B\nx      y\n" },
	{ "a wider cell",          2, { "A", "B", "name", "y" },
	  "A      B\nname   y\n" },
	{ "an empty cell",         2, { "A", "B", "", "y" }, "A   B\n    y\n" },
	{ "no blanks at the end",  2, { "A", "LONG", "x", "y" },
	  "A   LONG\nx   y\n" },
	{ "one column",            1, { "A", "long" }, "A\nlong\n" },
	{ "letters, not bytes",    2, { "\xc3\xa9\xc3\xa9", "B", "xy", "y" },
	  "\xc3\xa9\xc3\xa9   B\nxy   y\n" },
	{ "escaped, then measured", 2, { "\x1b", "B", "x", "y" },
	  "\\x1b   B\nx      y\n" },
	{ "an unfinished row",     2, { "A", "B", "x" }, "A   B\n" },
};
/* clang-format on */

START_TEST(columns_are_as_wide_as_their_widest_cell)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		scoped(char) *text = print(tables[i].columns, tables[i].cells);

		ck_assert_msg(strcmp(text, tables[i].text) == 0, "%s:\n%s",
			      tables[i].what, text);
	}
}
END_TEST

START_TEST(a_cell_may_consist_of_escapes_only)
{
	char all[256];
	const char *cells[] = { all, NULL };

	/* the longest that an escaped cell can become */
	memset(all, '\x1b', sizeof(all) - 1);
	all[sizeof(all) - 1] = '\0';
	scoped(char) *text = print(1, cells);
	ck_assert_uint_eq(strlen(text), 4 * (sizeof(all) - 1) + 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("table");

	tcase_add_test(tests, columns_are_as_wide_as_their_widest_cell);
	tcase_add_test(tests, a_cell_may_consist_of_escapes_only);
	return suite_run("table", tests);
}
