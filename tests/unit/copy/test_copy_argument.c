#include "cmd/copy_argument.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static struct error err;

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

START_TEST(an_argument_is_read_as_docker_reads_it)
{
	static const struct {
		const char *text, *container, *path;
	} cases[] = {
		{ "c:/a", "c", "/a" },      { "c:a/b", "c", "/a/b" },
		{ "c:.", "c", "/." },       { "c:a:b", "c", "/a:b" },
		{ "c::", "c", "/:" },       { "c:/", "c", "/" },
		{ "c:../a", "c", "/../a" }, { "a", NULL, "a" },
		{ "a/b", NULL, "a/b" },     { "/a:b", NULL, "/a:b" },
		{ "./a:b", NULL, "./a:b" }, { "../a:b", NULL, "../a:b" },
		{ ".a:b", NULL, ".a:b" },   { "a b", NULL, "a b" },
		{ "-a", NULL, "-a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct copy_argument argument;
		ck_assert_int_eq(
			copy_argument_parse(cases[i].text, &argument, &err), 0);
		ck_assert_msg(is_same(argument.container, cases[i].container) &&
				      is_same(argument.path, cases[i].path) &&
				      !argument.stream,
			      "%s: container %s, path %s", cases[i].text,
			      argument.container, argument.path);
		copy_argument_free(&argument);
	}
}
END_TEST

START_TEST(a_dash_is_a_stream)
{
	struct copy_argument argument;

	ck_assert_int_eq(copy_argument_parse("-", &argument, &err), 0);
	ck_assert(argument.stream && !argument.container && !argument.path);
	copy_argument_free(&argument);
}
END_TEST

START_TEST(half_an_argument_is_refused)
{
	static const char *const bad[] = { "", ":", ":a", ":/a", "c:" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct copy_argument argument;
		ck_assert_msg(copy_argument_parse(bad[i], &argument, &err) ==
				      -EINVAL,
			      "%s", bad[i]);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("copy_argument");

	tcase_add_test(tests, an_argument_is_read_as_docker_reads_it);
	tcase_add_test(tests, a_dash_is_a_stream);
	tcase_add_test(tests, half_an_argument_is_refused);
	return suite_run("copy_argument", tests);
}
