#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/env_file.h"

static const char *const words[] = { "HOME=/home/me", "EMPTY=", "FOOBAR=no",
				     "FOO=bar", NULL };
#define caller     ((char *const *)words)

#define TEXT(text) text, sizeof(text) - 1

/* clang-format off */
static const struct {
	const char *text;
	size_t size;
	const char *pairs; /* with '|' behind each */
} good[] = {
	{ TEXT(""), "" },
	{ TEXT("\n\n"), "" },
	{ TEXT("A=1\nB=2\n"), "A=1|B=2|" },
	{ TEXT("A=1\nB=2"), "A=1|B=2|" },
	{ TEXT("A=1\r\nB=2\r\n"), "A=1|B=2|" },
	{ TEXT("# note\n  # note too\nA=#1\n"), "A=#1|" },
	{ TEXT("   A=1\n\tB=2\n"), "A=1|B=2|" },
	{ TEXT("A= 1 \n"), "A= 1 |" },
	{ TEXT("A=\"1\"\nB='2'\n"), "A=\"1\"|B='2'|" },
	{ TEXT("A=1=2==\n"), "A=1=2==|" },
	{ TEXT("A=\n"), "A=|" },
	{ TEXT("A=$HOME\\n\n"), "A=$HOME\\n|" },
	{ TEXT("FOO\n"), "FOO=bar|" },
	{ TEXT("EMPTY\n"), "EMPTY=|" },
	{ TEXT("MISSING\nA=1\n"), "A=1|" },
	{ TEXT("\xef\xbb\xbf" "A=1\n"), "A=1|" },
	{ TEXT("A=\xc3\xa4\n"), "A=\xc3\xa4|" },
	{ TEXT("A=\x1b[1m\n"), "A=\x1b[1m|" },
	{ TEXT("A=1\nA=2\n"), "A=1|A=2|" },
	{ TEXT("with.dot-and-dash=1\n"), "with.dot-and-dash=1|" },
};

static const struct {
	const char *text;
	size_t size;
	const char *message;
} bad[] = {
	{ TEXT("=1\n"), "line 1: a variable has no name" },
	{ TEXT("A=1\n\n =1\n"), "line 3: a variable has no name" },
	{ TEXT("export A=1\n"), "line 1: blanks in the name \"export A\"" },
	{ TEXT("A =1\n"), "line 1: blanks in the name \"A \"" },
	{ TEXT("A B\n"), "line 1: blanks in the name \"A B\"" },
	{ TEXT("FOO \n"), "line 1: blanks in the name \"FOO \"" },
	{ TEXT("A=1\nB=\0002\n"), "line 2: a NUL byte" },
	{ TEXT("A=\xff\n"), "line 1: bytes that are no UTF-8" },
	{ TEXT("A=\xc0\x80\n"), "line 1: bytes that are no UTF-8" },
	{ TEXT("A\x01=1\n"), "line 1: the name of a variable has a control" },
	{ TEXT("A\rB=1\n"), "line 1: the name of a variable has a control" },
};
/* clang-format on */

static char *joined(const struct strv *pairs)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < pairs->n; i++) {
		char *more = xasprintf("%s%s|", text, pairs->v[i]);
		free(text);
		text = more;
	}
	return text;
}

START_TEST(good_files_give_their_pairs_in_order)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	int r = env_file_parse(good[_i].text, good[_i].size, caller, &pairs,
			       &err);
	ck_assert_msg(r == 0, "%s", err.text);
	scoped(char) *text = joined(&pairs);
	ck_assert_str_eq(text, good[_i].pairs);
}
END_TEST

START_TEST(bad_files_are_refused_with_the_line)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	int r = env_file_parse(bad[_i].text, bad[_i].size, caller, &pairs,
			       &err);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, bad[_i].message));
}
END_TEST

START_TEST(a_message_never_has_the_value_in_it)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	ck_assert_int_lt(
		env_file_parse(TEXT("a b=hunter2\n"), caller, &pairs, &err), 0);
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
	ck_assert_int_lt(env_check_name("a\nb=hunter2", &err), 0);
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
}
END_TEST

START_TEST(a_name_alone_is_an_empty_label)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(env_file_parse(TEXT("FOO\nb=1\n"), NULL, &pairs, &err),
			 0);
	scoped(char) *text = joined(&pairs);
	ck_assert_str_eq(text, "FOO=|b=1|");
}
END_TEST

START_TEST(a_file_that_is_too_large_is_refused)
{
	scoped(char) *text = xcalloc(ENV_FILE_MAX + 2, 1);
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	memset(text, '\n', ENV_FILE_MAX + 1);
	ck_assert_int_eq(env_file_parse(text, ENV_FILE_MAX, NULL, &pairs, &err),
			 0);
	ck_assert_int_eq(
		env_file_parse(text, ENV_FILE_MAX + 1, NULL, &pairs, &err),
		-EFBIG);
}
END_TEST

START_TEST(a_file_is_read_and_named_in_messages)
{
	char path[] = "/tmp/test_env_file.XXXXXX";
	int fd = mkstemp(path);
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "A=1\n=\n", 6), 6);
	close(fd);
	int r = env_file_read(path, caller, &pairs, &err);
	unlink(path);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_nonnull(strstr(err.text, "line 2"));
	ck_assert_int_eq(env_file_read(path, caller, &pairs, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("env_file");
	TCase *tests = tcase_create("env_file");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, good_files_give_their_pairs_in_order, 0,
			    ARRAY_SIZE(good));
	tcase_add_loop_test(tests, bad_files_are_refused_with_the_line, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, a_message_never_has_the_value_in_it);
	tcase_add_test(tests, a_name_alone_is_an_empty_label);
	tcase_add_test(tests, a_file_that_is_too_large_is_refused);
	tcase_add_test(tests, a_file_is_read_and_named_in_messages);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
