#include "storage/copy/copy_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static struct error err;

START_TEST(a_path_is_split_as_docker_does_it)
{
	static const struct {
		const char *path, *directory, *name;
		bool slash, content;
	} cases[] = {
		{ "a", ".", "a", false, false },
		{ "a/", ".", "a", true, false },
		{ "a//", ".", "a", true, false },
		{ "a/.", "a/.", "", true, true },
		{ "a/./", "a/.", "", true, true },
		{ "a/..", "a/..", "", true, true },
		{ "a/b", "a", "b", false, false },
		{ "a//b", "a/", "b", false, false },
		{ "a/b/", "a", "b", true, false },
		{ "/a", "/", "a", false, false },
		{ "//a", "/", "a", false, false },
		{ "/a/b", "/a", "b", false, false },
		{ "/", "/", "", true, true },
		{ "///", "/", "", true, true },
		{ ".", ".", "", true, true },
		{ "./", ".", "", true, true },
		{ "..", "..", "", true, true },
		{ "./a", ".", "a", false, false },
		{ ".a", ".", ".a", false, false },
		{ "a/..b", "a", "..b", false, false },
		{ "...", ".", "...", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct copy_path path;
		copy_path_split(cases[i].path, &path);
		ck_assert_msg(strcmp(path.directory, cases[i].directory) == 0 &&
				      strcmp(path.name, cases[i].name) == 0 &&
				      path.slash == cases[i].slash &&
				      path.content == cases[i].content,
			      "%s: directory %s, name %s, slash %d, content %d",
			      cases[i].path, path.directory, path.name,
			      path.slash, path.content);
		copy_path_free(&path);
	}
}
END_TEST

START_TEST(a_link_leads_from_its_own_directory)
{
	static const struct {
		const char *path, *goal, *leads;
	} cases[] = {
		{ "l", "a", "./a" },         { "l/", "a", "./a/" },
		{ "d/l", "../a", "d/../a" }, { "d/l", "/a", "/a" },
		{ "d/l/", "/a", "/a/" },     { "/l", "a/b", "//a/b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct copy_path path;
		copy_path_split(cases[i].path, &path);
		scoped(char) *leads = copy_path_link(&path, cases[i].goal);
		ck_assert_str_eq(leads, cases[i].leads);
		copy_path_free(&path);
	}
}
END_TEST

/* What comes, what is there, and what becomes of it. */
enum { FILE_, DIRECTORY, CONTENT, STREAM };
enum { MISSING, A_FILE, A_DIRECTORY };

static const struct rule {
	int from, to;
	bool slash;           /* behind the target */
	int result;           /* -errno, or 0 */
	const char *in, *out; /* the name of an entry, and its path: below the
			       * target's directory with "^" before it */
} rules[] = {
	/* clang-format off */
	{ FILE_,     A_DIRECTORY, false, 0,        "src",       "src" },
	{ FILE_,     A_DIRECTORY, true,  0,        "src",       "src" },
	{ FILE_,     A_FILE,      false, 0,        "src",       "^dst" },
	{ FILE_,     A_FILE,      true,  -ENOTDIR, NULL,        NULL },
	{ FILE_,     MISSING,     false, 0,        "src",       "^dst" },
	{ FILE_,     MISSING,     true,  -ENOENT,  NULL,        NULL },
	{ DIRECTORY, A_DIRECTORY, false, 0,        "src",       "src" },
	{ DIRECTORY, A_DIRECTORY, false, 0,        "src/a/b",   "src/a/b" },
	{ DIRECTORY, A_DIRECTORY, true,  0,        "src/a",     "src/a" },
	{ DIRECTORY, A_FILE,      false, -ENOTDIR, NULL,        NULL },
	{ DIRECTORY, A_FILE,      true,  -ENOTDIR, NULL,        NULL },
	{ DIRECTORY, MISSING,     false, 0,        "src",       "^dst" },
	{ DIRECTORY, MISSING,     false, 0,        "src/a/b",   "^dst/a/b" },
	{ DIRECTORY, MISSING,     true,  0,        "src/a",     "^dst/a" },
	{ CONTENT,   A_DIRECTORY, false, 0,        "",          "" },
	{ CONTENT,   A_DIRECTORY, false, 0,        "a/b",       "a/b" },
	{ CONTENT,   A_FILE,      false, -ENOTDIR, NULL,        NULL },
	{ CONTENT,   MISSING,     false, 0,        "",          "^dst" },
	{ CONTENT,   MISSING,     false, 0,        "a/b",       "^dst/a/b" },
	{ STREAM,    A_DIRECTORY, false, 0,        "any/name",  "any/name" },
	{ STREAM,    A_FILE,      false, -ENOTDIR, NULL,        NULL },
	{ STREAM,    MISSING,     false, -ENOENT,  NULL,        NULL },
	/* what was not asked for */
	{ FILE_,     A_DIRECTORY, false, -EXDEV,   "other",     NULL },
	{ FILE_,     A_DIRECTORY, false, -EXDEV,   "",          NULL },
	{ FILE_,     A_DIRECTORY, false, -EXDEV,   "srcs",      NULL },
	{ FILE_,     A_DIRECTORY, false, -EXDEV,   "sr",        NULL },
	{ FILE_,     MISSING,     false, -EXDEV,   "dst",       NULL },
	{ DIRECTORY, MISSING,     false, -EXDEV,   "src2/a",    NULL },
	/* clang-format on */
};

static int apply(const struct rule *rule, char path[UNPACK_PATH_MAX],
		 bool *ret_inside)
{
	const struct copy_from from = { .name = "src",
					.content = rule->from == CONTENT,
					.stream = rule->from == STREAM };
	const struct copy_to to = { .name = "dst",
				    .exists = rule->to != MISSING,
				    .directory = rule->to == A_DIRECTORY,
				    .slash = rule->slash };
	struct copy_plan plan = { 0 };
	int r = copy_decide(&from, rule->from != FILE_, &to, &plan, &err);

	*ret_inside = plan.inside;
	return r < 0 || !rule->in ? r : copy_place(&plan, rule->in, path, &err);
}

START_TEST(a_copy_goes_where_docker_puts_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];
		char path[UNPACK_PATH_MAX];
		bool inside;
		int r = apply(rule, path, &inside);
		ck_assert_msg(r == rule->result, "rule %zu: %d", i, r);
		if (r < 0)
			continue;
		bool above = rule->out[0] == '^';
		ck_assert_msg(inside == !above, "rule %zu: the base", i);
		ck_assert_str_eq(path, rule->out + above);
	}
}
END_TEST

START_TEST(a_path_that_becomes_too_long_is_refused)
{
	char name[UNPACK_PATH_MAX], to[UNPACK_PATH_MAX];
	const struct copy_plan plan = { .from = "s", .to = "longer" };

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "s/", 2);
	ck_assert_int_eq(copy_place(&plan, name, to, &err), -ENAMETOOLONG);
	name[sizeof(name) - 1 - 5] = '\0';
	ck_assert_int_eq(copy_place(&plan, name, to, &err), 0);
	ck_assert_uint_eq(strlen(to), UNPACK_PATH_MAX - 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("copy_path");

	tcase_add_test(tests, a_path_is_split_as_docker_does_it);
	tcase_add_test(tests, a_link_leads_from_its_own_directory);
	tcase_add_test(tests, a_copy_goes_where_docker_puts_it);
	tcase_add_test(tests, a_path_that_becomes_too_long_is_refused);
	return suite_run("copy_path", tests);
}
