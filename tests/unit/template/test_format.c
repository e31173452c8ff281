#include "cmd/format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* what format_print() writes, without a terminal */
static char *print(const char *format, json_t *objects, json_t *headings,
		   size_t *ret_n)
{
	char *text = NULL;
	struct error err = { 0 };
	FILE *to = open_memstream(&text, ret_n);
	int r = format_print(format, objects, headings, to, &err);

	fclose(to);
	ck_assert_msg(r == 0, "%s: %s", format, err.text);
	return text;
}

static json_t *two(void)
{
	return json_pack("[{s:s,s:s},{s:s,s:s}]", "A", "x", "B", "y\tz\nw", "A",
			 "\xc3\xa4\xc3\xa4\x1b", "B", "w");
}

/* clang-format off */
static const char *const good[][2] = {
	{ "{{.A}}",                "x\n\xc3\xa4\xc3\xa4\x1b\n" },
	{ "",                      "\n\n" },
	{ "{{.A}}\\n",             "x\n\n\xc3\xa4\xc3\xa4\x1b\n\n" },
	{ "{{json .A}}",           "\"x\"\n\"\xc3\xa4\xc3\xa4\\u001b\"\n" },
	{ "tables {{len .A}}",     "tables 1\ntables 5\n" },
	{ "table {{.A}}\\t{{.B}}", "A        B\n"
	                           "x        y\\x09z\\x0aw\n"
	                           "\xc3\xa4\xc3\xa4\\x1b   w\n" },
	{ "table {{.A}}{{\"\\t\"}}{{len .B}}\\t.",
	                           "A        B   .\n"
	                           "x        5   .\n"
	                           "\xc3\xa4\xc3\xa4\\x1b   1   .\n" },
	/* a row may have more cells than the heading, and more lines */
	{ "table {{.A}}{{if eq .B \"w\"}}{{\"\\t\"}}{{.B}}{{\"\\n\"}}!{{end}}",
	                           "AB       \n"
	                           "x        \n"
	                           "\xc3\xa4\xc3\xa4\\x1b   w\n"
	                           "!        \n" },
	{ "table    {{.A}}",       "A\nx\n\xc3\xa4\xc3\xa4\\x1b\n" },
};
/* clang-format on */

START_TEST(each_object_is_a_line_or_a_row)
{
	scoped_json *objects = two();
	size_t n = 0;
	scoped(char) *text = print(good[_i][0], objects, NULL, &n);

	ck_assert_str_eq(text, good[_i][1]);
}
END_TEST

START_TEST(json_is_the_whole_list)
{
	scoped_json *objects = json_pack("[{s:s,s:[i]}]", "B", "<&>", "A", 1);
	scoped_json *none = json_array();
	size_t n = 0;
	scoped(char) *text = print("json", objects, NULL, &n);
	scoped(char) *empty = print("json", none, NULL, &n);

	ck_assert_str_eq(text, "[\n    {\n        \"B\": \"<&>\",\n"
			       "        \"A\": [\n            1\n        ]\n"
			       "    }\n]\n");
	ck_assert_str_eq(empty, "[]\n");
}
END_TEST

START_TEST(one_object_is_no_list)
{
	scoped_json *object = json_pack("{s:s}", "A", "x");
	static const char *const texts[][2] = {
		{ "json", "{\n    \"A\": \"x\"\n}\n" },
		{ "{{.A}}", "x\n" },
		{ "table {{.A}}", "A\nx\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		scoped(char) *text = NULL;
		size_t n = 0;
		struct error err = { 0 };
		FILE *to = open_memstream(&text, &n);
		int r = format_print_one(texts[i][0], object, to, &err);
		fclose(to);
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(text, texts[i][1]);
	}
}
END_TEST

START_TEST(headings_are_those_of_the_verb)
{
	scoped_json *none = json_array();
	scoped_json *headings = json_pack("{s:s,s:s}", "A", "AN A", "B", "B");
	size_t n = 0;
	scoped(char) *text = print("table {{.A}}\\t{{.B}}", none, headings, &n);

	ck_assert_str_eq(text, "AN A   B\n");
}
END_TEST

START_TEST(a_name_is_wrong_without_objects_too)
{
	scoped_json *none = json_array();
	scoped_json *headings = json_pack("{s:s}", "Names", "NAMES");
	static const char *const formats[] = { "{{.Nmaes}}",
					       "table {{.Nmaes}}" };
	size_t n = 0;
	scoped(char) *text = print("{{.Names}}", none, headings, &n);

	ck_assert_str_eq(text, "");
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct error err = { 0 };
		ck_assert_int_eq(
			format_print(formats[i], none, headings, stdout, &err),
			-EINVAL);
		ck_assert_str_eq(err.hint, "did you mean {{.Names}}?");
	}
}
END_TEST

START_TEST(a_line_may_have_a_nul)
{
	scoped_json *objects = two();
	static const char wanted[] = "x\0\n\xc3\xa4\xc3\xa4\x1b\0\n";
	size_t n = 0;
	scoped(char) *text = print("{{.A}}{{\"\\x00\"}}", objects, NULL, &n);

	ck_assert_uint_eq(n, sizeof(wanted) - 1);
	ck_assert_mem_eq(text, wanted, n);
}
END_TEST

/* @n bytes of what a terminal is sent, line feeds not translated */
static void print_to_terminal(const char *format, json_t *objects, char *ret,
			      size_t n)
{
	int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;
	struct error err = { 0 };

	ck_assert_int_eq(grantpt(ours), 0);
	ck_assert_int_eq(unlockpt(ours), 0);
	FILE *to = fopen(ptsname(ours), "we");
	ck_assert_ptr_nonnull(to);
	ck_assert_int_eq(tcgetattr(fileno(to), &mode), 0);
	cfmakeraw(&mode);
	ck_assert_int_eq(tcsetattr(fileno(to), TCSANOW, &mode), 0);
	ck_assert_int_eq(format_print(format, objects, NULL, to, &err), 0);
	ck_assert_int_eq(fflush(to), 0);
	for (size_t done = 0; done < n;) {
		ssize_t some = read(ours, ret + done, n - done);
		ck_assert_int_gt(some, 0);
		done += (size_t)some;
	}
	ret[n] = '\0';
	fclose(to);
	close(ours);
}

START_TEST(a_terminal_is_not_painted_by_values)
{
	scoped_json *objects = json_pack("[{s:s}]", "A", "x\x1b[2J\u202e\n");
	static const char *const texts[][2] = {
		{ "{{.A}}{{\"\x1b[0m\"}}",
		  "x\\x1b[2J\\xe2\\x80\\xae\n\x1b[0m\n" },
		{ "table {{.A}}", "A\nx\\x1b[2J\\xe2\\x80\\xae\\x0a\n" },
		{ "json", "[\n    {\n        \"A\": \"x\\u001B[2J\\u202E\\n\"\n"
			  "    }\n]\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char text[256];
		print_to_terminal(texts[i][0], objects, text,
				  strlen(texts[i][1]));
		ck_assert_str_eq(text, texts[i][1]);
	}
}
END_TEST

START_TEST(what_cannot_be_printed_in_full_is_not_begun)
{
	/* the second has no B; a table without rows has the names to tell */
	scoped_json *objects =
		json_pack("[{s:s,s:s},{s:s}]", "A", "x", "B", "y", "A", "x");
	scoped_json *headings = json_pack("{s:s}", "A", "A");
	static const char *const formats[] = { "{{.B}}", "table {{.B}}", "{{.A",
					       "table {{.A" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		scoped(char) *text = NULL;
		size_t n = 0;
		struct error err = { 0 };
		FILE *to = open_memstream(&text, &n);
		int r = format_print(formats[i], objects,
				     i == 1 ? headings : NULL, to, &err);
		fclose(to);
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_uint_eq(n, 0);
		ck_assert_ptr_nonnull(strstr(err.text, "--format: at \"{{"));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("format");

	tcase_add_loop_test(tests, each_object_is_a_line_or_a_row, 0,
			    ARRAY_SIZE(good));
	tcase_add_test(tests, json_is_the_whole_list);
	tcase_add_test(tests, one_object_is_no_list);
	tcase_add_test(tests, headings_are_those_of_the_verb);
	tcase_add_test(tests, a_name_is_wrong_without_objects_too);
	tcase_add_test(tests, a_line_may_have_a_nul);
	tcase_add_test(tests, a_terminal_is_not_painted_by_values);
	tcase_add_test(tests, what_cannot_be_printed_in_full_is_not_begun);
	return suite_run("format", tests);
}
