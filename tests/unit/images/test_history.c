#include "storage/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static struct error err;

static void parse(const char *text, struct history *ret)
{
	ck_assert_msg(history_parse(text, strlen(text), ret, &err) == 0, "%s",
		      err.text);
}

START_TEST(all_of_an_entry_is_read)
{
	scoped_history history = { 0 };

	parse("{\"history\":[{\"created\":\"2026-01-01T00:00:00Z\","
	      "\"created_by\":\"ADD x\\n\\u001b\",\"author\":\"me\","
	      "\"comment\":\"c\",\"empty_layer\":true,\"new\":[]},"
	      "{\"created\":null,\"empty_layer\":null},{}]}",
	      &history);
	ck_assert_uint_eq(history.n, 3);
	ck_assert_str_eq(history.entries[0].created, "2026-01-01T00:00:00Z");
	ck_assert_str_eq(history.entries[0].created_by, "ADD x\n\x1b");
	ck_assert_str_eq(history.entries[0].author, "me");
	ck_assert_str_eq(history.entries[0].comment, "c");
	ck_assert(history.entries[0].empty);
	for (size_t i = 1; i < 3; i++) {
		ck_assert_str_eq(history.entries[i].created, "");
		ck_assert_str_eq(history.entries[i].created_by, "");
		ck_assert(!history.entries[i].empty);
	}
	ck_assert_uint_eq(history_layers(&history), 2);
}
END_TEST

static const char *const bad[] = {
	"",
	"[]",
	"{\"history\":{}}",
	"{\"history\":\"\"}",
	"{\"history\":[1]}",
	"{\"history\":[null]}",
	"{\"history\":[{},[]]}",
	"{\"history\":[{\"created\":1}]}",
	"{\"history\":[{\"created_by\":[\"sh\"]}]}",
	"{\"history\":[{\"author\":{}}]}",
	"{\"history\":[{\"comment\":false}]}",
	"{\"history\":[{\"empty_layer\":\"true\"}]}",
};

START_TEST(a_malformed_history_is_one_clear_error)
{
	scoped_history history = { 0 };
	int r = history_parse(bad[_i], strlen(bad[_i]), &history, &err);

	ck_assert_msg(r == -EINVAL, "%s", bad[_i]);
	ck_assert_uint_eq(history.n, 0);
	ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

/* entries, the oldest first: "L" has a layer, "e" is empty */
static const struct {
	const char *entries;
	size_t n_layers;
	const char
		*rows; /* the newest first: entry or "-", layer, "e" or "?" */
} sides[] = {
	{ "", 0, "" },         { "", 2, "-1 -0 " },
	{ "L", 1, "00 " },     { "LeL", 2, "21 1e 00 " },
	{ "ee", 0, "1e 0e " }, { "eL", 3, "-2 -1 10 0e " },
	{ "LL", 1, "1? 00 " }, { "LeLe", 0, "3e 2? 1e 0? " },
};

START_TEST(entries_and_layers_are_counted_from_the_oldest)
{
	struct history history = { .n = strlen(sides[_i].entries) };
	scoped(struct history_entry) *entries =
		xcalloc(history.n + 1, sizeof(*entries));
	scoped(struct history_row) *rows = NULL;
	char said[200] = "";

	history.entries = entries;
	for (size_t i = 0; i < history.n; i++)
		entries[i].empty = sides[_i].entries[i] == 'e';
	size_t n = history_rows(&history, sides[_i].n_layers, &rows);
	for (size_t i = 0; i < n; i++) {
		const struct history_row *row = &rows[i];
		char entry = row->entry ? (char)('0' + row->number) : '-';
		char layer = row->layer == HISTORY_NO_LAYER ? 'e'
			     : row->layer == HISTORY_LOST_LAYER
				     ? '?'
				     : (char)('0' + row->layer);
		if (row->entry)
			ck_assert_ptr_eq(row->entry, &entries[row->number]);
		snprintf(said + strlen(said), sizeof(said) - strlen(said),
			 "%c%c ", entry, layer);
	}
	ck_assert_str_eq(said, sides[_i].rows);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("history");

	tcase_add_test(tests, all_of_an_entry_is_read);
	tcase_add_loop_test(tests, a_malformed_history_is_one_clear_error, 0,
			    ARRAY_SIZE(bad));
	tcase_add_loop_test(tests,
			    entries_and_layers_are_counted_from_the_oldest, 0,
			    ARRAY_SIZE(sides));
	return suite_run("history", tests);
}
