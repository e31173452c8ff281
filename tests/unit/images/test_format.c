#include "cmd/format.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "cmd/human.h"
#include "tests/unit/images/suite.h"

static json_t *sample(void)
{
	return json_pack("{s:s,s:i,s:{s:s},s:s}", "Name", "a b", "Count", 3,
			 "State", "Status", "up", "Json", "\"q\"");
}

/* clang-format off */
static const struct {
	const char *template, *text;
} good[] = {
	{ "",                            "" },
	{ "x",                           "x" },
	{ "{{.Name}}",                   "a b" },
	{ "{{ .Name }}:{{.Count}}",      "a b:3" },
	{ "{{.State.Status}}\\t\\n{",    "up\t\n{" },
	{ "{{json .Name}}",              "\"a b\"" },
	{ "{{.State}}",                  "{\"Status\":\"up\"}" },
	{ "{{.Json}}{{json .Json}}",     "\"q\"\"\\\"q\\\"\"" },
	{ "json",                        "{\"Name\":\"a b\",\"Count\":3,"
	                                 "\"State\":{\"Status\":\"up\"},"
	                                 "\"Json\":\"\\\"q\\\"\"}" },
	{ "a\\b{c}",                     "a\\b{c}" },
};
/* clang-format on */

static const char *const bad[] = {
	"{{.Nam}}",    "{{.Name",           "{{Name}}",     "{{}}",
	"{{range .}}", "{{.Name | upper}}", "{{.State.X}}", "{{.Name.X}}",
	"{{.}.}}",     "{{json}}",
};

START_TEST(members_are_put_into_the_text)
{
	scoped_json *object = sample();
	scoped(char) *text = NULL;
	struct error err = { 0 };
	int r = format_render(good[_i].template, object, &text, &err);

	ck_assert_msg(r == 0, "%s: %s", good[_i].template, err.text);
	ck_assert_str_eq(text, good[_i].text);
}
END_TEST

START_TEST(what_cannot_be_rendered_is_an_error)
{
	scoped_json *object = sample();
	char *text = NULL;
	struct error err = { 0 };

	ck_assert_msg(format_render(bad[_i], object, &text, &err) == -EINVAL,
		      "%s", bad[_i]);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(a_misspelt_member_is_suggested)
{
	scoped_json *object = sample();
	char *text = NULL;
	struct error err = { 0 };

	ck_assert_int_lt(format_render("{{.Nmae}}", object, &text, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.hint, "{{.Name}}"));
}
END_TEST

START_TEST(a_table_has_a_heading_and_aligned_columns)
{
	scoped_json *objects =
		json_pack("[{s:s,s:s},{s:s,s:s}]", "A", "x", "B", "y\tz", "A",
			  "\xc3\xa4\xc3\xa4"
			  "\x1b",
			  "B", "w");
	scoped_json *headings = json_pack("{s:s,s:s}", "A", "A", "B", "B");
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	struct error err;

	ck_assert_int_eq(format_print("table {{.A}}\\t{{.B}}", objects,
				      headings, to, &err),
			 0);
	fclose(to);
	ck_assert_str_eq(text, "A        B\n"
			       "x        y\n"
			       "\xc3\xa4\xc3\xa4\\x1b   w\n");
	free(text);
}
END_TEST

START_TEST(sizes_and_times_are_those_of_docker)
{
	scoped(char) *a = human_size(0), *b = human_size(999);
	scoped(char) *c = human_size(4861000), *d = human_size(999999);
	scoped(char) *e = human_since(100, 100), *f = human_since(100, 221);
	scoped(char) *g = human_since(0, 86400);

	ck_assert_str_eq(a, "0B");
	ck_assert_str_eq(b, "999B");
	ck_assert_str_eq(c, "4.86MB");
	ck_assert_str_eq(d, "1MB");
	ck_assert_str_eq(e, "Less than a second ago");
	ck_assert_str_eq(f, "2 minutes ago");
	ck_assert_str_eq(g, "24 hours ago");
	ck_assert_int_eq(human_parse_time("1970-01-02T00:00:01Z"), 86401);
	ck_assert_int_eq(human_parse_time("1970-01-01T01:00:00.5+01:00"), 0);
	ck_assert_int_eq(human_parse_time(""), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01"), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01T00:00:00"), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01T00:00:00+01:00x"), -1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("format");

	tcase_add_loop_test(tests, members_are_put_into_the_text, 0,
			    ARRAY_SIZE(good));
	tcase_add_loop_test(tests, what_cannot_be_rendered_is_an_error, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, a_misspelt_member_is_suggested);
	tcase_add_test(tests, a_table_has_a_heading_and_aligned_columns);
	tcase_add_test(tests, sizes_and_times_are_those_of_docker);
	return suite_run("format", tests);
}
