/* Programs that keep secrets: scripts in a directory of the test's own. */
#include "storage/registry/credential_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/registry/http.h"
#include "tests/unit/images/suite.h"

static char dir[64];

static void make_program(const char *script)
{
	scoped(char) *path = xasprintf("%s/docker-credential-x", dir);
	scoped(char) *text = xasprintf("#!/bin/sh\ncd %s\n%s\n", dir, script);
	struct error err;
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
}

static void in_a_directory(void)
{
	strcpy(dir, "/tmp/wolffia-helper.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	scoped(char) *path = xasprintf("%s:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
}

static void remove_directory(void)
{
	static const char *const names[] = { "docker-credential-x", "pid",
					     "said" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped(char) *path = xasprintf("%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static char *read_file(const char *name)
{
	scoped(char) *path = xasprintf("%s/%s", dir, name);
	struct error err = { 0 };
	char *text = NULL;

	ck_assert_msg(fd_read_file(AT_FDCWD, path, 10000, &text, &err) >= 0,
		      "%s", err.text);
	return text;
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) +
	       (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

START_TEST(what_it_says_is_who_the_user_is)
{
	scoped_credential found = { 0 };
	struct error err = { 0 };

	make_program("[ \"$1\" = get ] && [ \"$(cat)\" = a.io:5 ] && "
		     "echo '{\"Username\":\"u\",\"Secret\":\"s:t\"}'");
	int r = credential_helper_get("x", "a.io:5", 10000, &found, &err);
	ck_assert_msg(r == 1, "%s", err.text);
	ck_assert_str_eq(found.username, "u");
	ck_assert_str_eq(found.password, "s:t");
}
END_TEST

START_TEST(the_user_token_has_an_identity_token)
{
	scoped_credential found = { 0 };
	struct error err;

	make_program("echo '{\"Username\":\"<token>\",\"Secret\":\"s\"}'");
	ck_assert_int_eq(credential_helper_get("x", "a", 10000, &found, &err),
			 1);
	ck_assert_str_eq(found.identity_token, "s");
	ck_assert_ptr_null(found.username);
}
END_TEST

/* one that asks for a password on a display that nobody looks at */
START_TEST(one_that_never_answers_is_killed)
{
	scoped_credential found = { 0 };
	struct timespec begin;
	struct error err = { 0 };

	make_program("echo $$ >pid; exec sleep 1000");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	ck_assert_int_eq(credential_helper_get("x", "a", 300, &found, &err),
			 -ETIMEDOUT);
	ck_assert_double_lt(seconds_since(&begin), 5);
	scoped(char) *pid = read_file("pid");
	ck_assert_int_eq(kill(atoi(pid), 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(one_that_answers_and_never_ends_is_killed)
{
	scoped_credential found = { 0 };
	struct error err = { 0 };

	make_program("echo $$ >pid; echo '{}'; exec sleep 1000 >/dev/null");
	ck_assert_int_eq(credential_helper_get("x", "a", 300, &found, &err),
			 -ETIMEDOUT);
	scoped(char) *pid = read_file("pid");
	ck_assert_int_eq(kill(atoi(pid), 0), -1);
}
END_TEST

START_TEST(what_it_leaves_running_is_not_waited_for)
{
	scoped_credential found = { 0 };
	struct timespec begin;
	struct error err = { 0 };

	make_program("sleep 1000 & echo $! >pid\n"
		     "echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	int r = credential_helper_get("x", "a", 60000, &found, &err);
	ck_assert_double_lt(seconds_since(&begin), 30);
	scoped(char) *pid = read_file("pid");
	kill(atoi(pid), SIGKILL);
	ck_assert_msg(r == 1, "%s", err.text);
}
END_TEST

START_TEST(it_is_told_what_to_keep_on_its_input)
{
	struct credential mine = {
		.username = (char *)(uintptr_t)"u",
		.password = (char *)(uintptr_t)"p \"q\"",
	};
	struct error err = { 0 };

	make_program("{ echo \"$*\"; cat; } >said");
	int r = credential_helper_store("x", "a.io", 10000, &mine, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	scoped(char) *said = read_file("said");
	ck_assert_str_eq(said, "store\n{\"ServerURL\":\"a.io\",\"Username\":"
			       "\"u\",\"Secret\":\"p \\\"q\\\"\"}");
	ck_assert_int_eq(credential_helper_erase("x", "a.io", 10000, &err), 0);
	scoped(char) *then = read_file("said");
	ck_assert_str_eq(then, "erase\na.io");
}
END_TEST

START_TEST(it_may_end_without_reading_its_input)
{
	scoped_credential found = { 0 };
	scoped(char) *key = xcalloc(1 << 20, 1);
	struct error err;

	memset(key, 'a', (1 << 20) - 1);
	make_program("echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
	ck_assert_int_eq(credential_helper_get("x", key, 10000, &found, &err),
			 1);
}
END_TEST

START_TEST(one_that_is_not_there_is_named)
{
	scoped_credential found = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(
		credential_helper_get("none", "a", 10000, &found, &err),
		-ENOENT);
	ck_assert(strstr(err.text, "docker-credential-none") != NULL);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("credential helper");

	tcase_set_timeout(tests, 90);
	tcase_add_checked_fixture(tests, in_a_directory, remove_directory);
	tcase_add_test(tests, what_it_says_is_who_the_user_is);
	tcase_add_test(tests, the_user_token_has_an_identity_token);
	tcase_add_test(tests, one_that_never_answers_is_killed);
	tcase_add_test(tests, one_that_answers_and_never_ends_is_killed);
	tcase_add_test(tests, what_it_leaves_running_is_not_waited_for);
	tcase_add_test(tests, it_is_told_what_to_keep_on_its_input);
	tcase_add_test(tests, it_may_end_without_reading_its_input);
	tcase_add_test(tests, one_that_is_not_there_is_named);
	return suite_run("credential helper", tests);
}
