#include "cmd/image/commit_config.h"

#include <check.h>
#include <stdlib.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static struct spec spec;
static struct image_config config;

static void begin(void)
{
	spec = (struct spec){
		.hostname = xstrdup("abc"),
		.user.text = xstrdup(""),
		.workdir = xstrdup("/"),
	};
	config = (struct image_config){ .user = xstrdup("image"),
					.workdir = xstrdup("/image") };
}

static void end(void)
{
	spec_free(&spec);
	config_free(&config);
}

static void list(struct strv *to, const char *const *words)
{
	for (; *words; words++)
		strv_add(to, *words);
}

#define LIST(to, ...) list(to, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(arguments_behind_the_entrypoint_are_the_command)
{
	LIST(&config.entrypoint, "/init", "--");
	LIST(&config.cmd, "old");
	LIST(&spec.argv, "/init", "--", "new", "words");
	spec.entrypoint_words = 2;
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.entrypoint.n, 2);
	ck_assert_uint_eq(config.cmd.n, 2);
	ck_assert_str_eq(config.cmd.v[0], "new");
}
END_TEST

START_TEST(another_entrypoint_takes_the_place_of_the_images)
{
	LIST(&config.entrypoint, "/init");
	LIST(&spec.argv, "/bin/other", "-x", "word");
	spec.entrypoint_words = 2;
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.entrypoint.n, 2);
	ck_assert_str_eq(config.entrypoint.v[0], "/bin/other");
	ck_assert_str_eq(config.cmd.v[0], "word");
}
END_TEST

START_TEST(an_entrypoint_that_was_taken_away_is_gone)
{
	LIST(&config.entrypoint, "/init");
	LIST(&spec.argv, "/init", "word");
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.entrypoint.n, 0);
	ck_assert_uint_eq(config.cmd.n, 2);
}
END_TEST

START_TEST(without_an_entrypoint_all_is_the_command)
{
	LIST(&spec.argv, "sh", "-c", "x");
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.entrypoint.n, 0);
	ck_assert_uint_eq(config.cmd.n, 3);
}
END_TEST

START_TEST(what_every_container_gets_anew_is_no_part_of_the_image)
{
	spec.tty = true;
	LIST(&config.env, "LANG=C", "OLD=1");
	LIST(&spec.env,
	     "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
	     "/bin",
	     "HOSTNAME=abc", "TERM=xterm", "LANG=C", "NEW=2");
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.env.n, 2);
	ck_assert_str_eq(config.env.v[0], "LANG=C");
	ck_assert_str_eq(config.env.v[1], "NEW=2");
}
END_TEST

START_TEST(what_the_image_has_of_it_stays)
{
	spec.tty = true;
	LIST(&config.env, "TERM=xterm", "HOSTNAME=other");
	LIST(&spec.env, "HOSTNAME=other", "TERM=xterm");
	commit_config(&spec, &config);
	ck_assert_uint_eq(config.env.n, 2);
}
END_TEST

START_TEST(user_and_directory_are_the_containers_if_it_was_given_one)
{
	commit_config(&spec, &config);
	ck_assert_str_eq(config.user, "image");
	ck_assert_str_eq(config.workdir, "/image");
	free(spec.user.text);
	spec.user.text = xstrdup("1000:1000");
	free(spec.workdir);
	spec.workdir = xstrdup("/srv");
	commit_config(&spec, &config);
	ck_assert_str_eq(config.user, "1000:1000");
	ck_assert_str_eq(config.workdir, "/srv");
}
END_TEST

START_TEST(the_callers_number_is_not_the_images_user)
{
	spec.userns = USERNS_KEEP_ID;
	free(spec.user.text);
	spec.user.text = xstrdup("1001:1001");
	commit_config(&spec, &config);
	ck_assert_str_eq(config.user, "image");
}
END_TEST

START_TEST(what_no_image_can_hold_is_left_out)
{
	LIST(&config.cmd, "old");
	LIST(&spec.argv, "\xff");
	LIST(&spec.env, "A=\xff", "B=1");
	LIST(&spec.labels, "a=\xff", "b=1");
	commit_config(&spec, &config);
	ck_assert_str_eq(config.cmd.v[0], "old");
	ck_assert_uint_eq(config.env.n, 1);
	ck_assert_uint_eq(config.labels.n, 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("commit_config");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, arguments_behind_the_entrypoint_are_the_command);
	tcase_add_test(tests, another_entrypoint_takes_the_place_of_the_images);
	tcase_add_test(tests, an_entrypoint_that_was_taken_away_is_gone);
	tcase_add_test(tests, without_an_entrypoint_all_is_the_command);
	tcase_add_test(tests,
		       what_every_container_gets_anew_is_no_part_of_the_image);
	tcase_add_test(tests, what_the_image_has_of_it_stays);
	tcase_add_test(
		tests,
		user_and_directory_are_the_containers_if_it_was_given_one);
	tcase_add_test(tests, the_callers_number_is_not_the_images_user);
	tcase_add_test(tests, what_no_image_can_hold_is_left_out);
	return suite_run("commit_config", tests);
}
