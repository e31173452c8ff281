#include "storage/registry/toml.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *text, *json;
} valid[] = {
	{ "", "{}" },
	{ "\n\r\n # a comment\n\t\n", "{}" },
	{ "a=1", "{\"a\":1}" },
	{ "a = -17 # seventeen", "{\"a\":-17}" },
	{ "a = +0", "{\"a\":0}" },
	{ "a = 9223372036854775807", "{\"a\":9223372036854775807}" },
	{ "a = -9223372036854775808", "{\"a\":-9223372036854775808}" },
	{ "a = true\nb = false", "{\"a\":true,\"b\":false}" },
	{ "a-b_C9 = \"x\"", "{\"a-b_C9\":\"x\"}" },
	{ "\"a b\" = 'x'", "{\"a b\":\"x\"}" },
	{ "'' = \"\"", "{\"\":\"\"}" },
	{ "a = 'no \\escapes\"'", "{\"a\":\"no \\\\escapes\\\"\"}" },
	{ "a = \"\\t\\\"\\\\\\u00e9\\U0001F600\"",
	  "{\"a\":\"\\t\\\"\\\\\u00e9\U0001F600\"}" },
	{ "a = \"#\" # x", "{\"a\":\"#\"}" },
	{ "a = []", "{\"a\":[]}" },
	{ "a = [ # one\n  'x', # two\n\n  'y',\n]", "{\"a\":[\"x\",\"y\"]}" },
	{ "a = [[1], [2, 3]]", "{\"a\":[[1],[2,3]]}" },
	{ "a = {}", "{\"a\":{}}" },
	{ "a = { b = 1, c.d = 'x' }", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}}}" },
	{ "a.b = 1\na.c = 2", "{\"a\":{\"b\":1,\"c\":2}}" },
	{ "a . \"b\" = 1", "{\"a\":{\"b\":1}}" },
	{ "[a]\nb = 1\n[c]\n", "{\"a\":{\"b\":1},\"c\":{}}" },
	{ "[a.b]\nc = 1\n[a]\nd = 2", "{\"a\":{\"b\":{\"c\":1},\"d\":2}}" },
	{ "[ a . 'b' ] # x\r\nc = 1\r\n", "{\"a\":{\"b\":{\"c\":1}}}" },
	{ "[[a]]\nb=1\n[[a]]\nb=2", "{\"a\":[{\"b\":1},{\"b\":2}]}" },
	{ "[[a]]\n[[a.b]]\nc=1\n[[a.b]]\nc=2\n[[a]]\n[[a.b]]\nc=3",
	  "{\"a\":[{\"b\":[{\"c\":1},{\"c\":2}]},{\"b\":[{\"c\":3}]}]}" },
	{ "[[a]]\n[a.b]\nc=1\n[[a]]\n[a.b]\nc=2",
	  "{\"a\":[{\"b\":{\"c\":1}},{\"b\":{\"c\":2}}]}" },
	{ "x = 'last line without its end'",
	  "{\"x\":\"last line without its end\"}" },
};

static const struct {
	const char *text;
	const char *why; /* part of the message */
} invalid[] = {
	{ "a", "=" },
	{ "a =", "not understood" },
	{ "= 1", "key" },
	{ "a = 1 b = 2", "more" },
	{ "a = 1\na = 2", "x:2: \"a\" is set twice" },
	{ "a = {b=1, b=2}", "twice" },
	{ "a = 01", "not understood" },
	{ "a = 1.5", "not understood" },
	{ "a = 1e5", "not understood" },
	{ "a = 0x10", "not understood" },
	{ "a = 1_000", "not understood" },
	{ "a = inf", "not understood" },
	{ "a = 1979-05-27", "not understood" },
	{ "a = 07:32:00", "not understood" },
	{ "a = 9223372036854775808", "too large" },
	{ "a = -9223372036854775809", "too large" },
	{ "a = True", "not understood" },
	{ "a = trueish", "not understood" },
	{ "a = \"x", "does not end" },
	{ "a = \"x\ny\"", "does not end" },
	{ "a = 'x", "does not end" },
	{ "a = \"\"\"x\"\"\"", "several lines" },
	{ "a = '''x'''", "several lines" },
	{ "a = \"\\x41\"", "escape" },
	{ "a = \"\\u12\"", "escape" },
	{ "a = \"\\u0000\"", "no character" },
	{ "a = \"\\ud800\"", "no character" },
	{ "a = \"\\U00110000\"", "no character" },
	{ "a = \"\x01\"", "control" },
	{ "a = \"\x7f\"", "control" },
	{ "# \x01", "control" },
	{ "a = \"\xff\"", "UTF-8" },
	{ "\"\xff\" = 1", "UTF-8" },
	{ "[\"\xff\"]", "UTF-8" },
	{ "a = [1", "array" },
	{ "a = [1 2]", "array" },
	{ "a = [,]", "not understood" },
	{ "a = {b = 1", "table" },
	{ "a = {b = 1,}", "key" },
	{ "a = {b = 1\n}", "table" },
	{ "a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "deeper" },
	{ "[a", "]" },
	{ "[a]]", "more" },
	{ "[[a]", "]" },
	{ "[]", "key" },
	{ "[a] b = 1", "more" },
	{ "[a]\n[a]", "twice" },
	{ "[a]\n[[a]]", "not an array of tables" },
	{ "[[a]]\n[a]", "array of tables" },
	{ "a = 1\n[a]", "not a table" },
	{ "a = 1\n[a.b]", "not a table" },
	{ "a = []\n[[a]]", "not an array of tables" },
	{ "a = [{}]\n[[a]]", "not an array of tables" },
	{ "a = {}\n[a]", "has its value" },
	{ "a = {}\na.b = 1", "has its value" },
	{ "a.b = 1\n[a]", "twice" },
	{ "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q = 1", "parts" },
	{ "a = 1\r", "more" },
};
/* clang-format on */

static int parse(const char *text, json_t **ret, struct error *err)
{
	return toml_parse(text, strlen(text), "x", ret, err);
}

START_TEST(documents_become_the_same_in_json)
{
	scoped_json *document = NULL, *expected = NULL;
	struct error err = { 0 };
	int r = parse(valid[_i].text, &document, &err);

	ck_assert_msg(r == 0, "%s: %s", valid[_i].text, err.text);
	expected = json_loads(valid[_i].json, 0, NULL);
	ck_assert_ptr_nonnull(expected);
	scoped(char) *text = json_dumps(document, JSON_COMPACT);
	ck_assert_msg(json_equal(document, expected), "%s became %s",
		      valid[_i].text, text);
}
END_TEST

START_TEST(what_is_not_understood_is_refused_with_its_line)
{
	scoped_json *document = NULL;
	struct error err = { 0 };
	int r = parse(invalid[_i].text, &document, &err);

	ck_assert_msg(r == -EINVAL, "%s was taken", invalid[_i].text);
	ck_assert_msg(strstr(err.text, invalid[_i].why), "%s: %s",
		      invalid[_i].text, err.text);
	ck_assert_msg(strncmp(err.text, "x:", 2) == 0, "%s", err.text);
	ck_assert_ptr_null(document);
}
END_TEST

START_TEST(a_zero_byte_is_a_control_character)
{
	static const char text[] = "a = \"x\0y\"";
	json_t *document = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(
		toml_parse(text, sizeof(text) - 1, "x", &document, &err),
		-EINVAL);
}
END_TEST

START_TEST(a_document_has_its_bounds)
{
	scoped(char) *huge = xcalloc(1, TOML_MAX + 2);
	json_t *document = NULL;
	struct error err = { 0 };

	memset(huge, '\n', TOML_MAX + 1);
	ck_assert_int_eq(toml_parse(huge, TOML_MAX + 1, "x", &document, &err),
			 -EFBIG);
}
END_TEST

START_TEST(tables_without_number_are_refused_before_they_cost_time)
{
	enum { N = 50000 };
	scoped(char) *text = xcalloc(10, N + 1);
	json_t *document = NULL;
	struct error err = { 0 };

	for (size_t i = 0; i < N; i++)
		sprintf(text + 10 * i, "[a%06zx]\n", i);
	ck_assert_int_eq(parse(text, &document, &err), -EINVAL);
	ck_assert(strstr(err.text, "more than 10000 tables") != NULL);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("toml");

	tcase_add_loop_test(tests, documents_become_the_same_in_json, 0,
			    ARRAY_SIZE(valid));
	tcase_add_loop_test(tests,
			    what_is_not_understood_is_refused_with_its_line, 0,
			    ARRAY_SIZE(invalid));
	tcase_add_test(tests, a_zero_byte_is_a_control_character);
	tcase_add_test(tests, a_document_has_its_bounds);
	tcase_add_test(tests,
		       tables_without_number_are_refused_before_they_cost_time);
	return suite_run("toml", tests);
}
