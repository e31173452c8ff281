#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/confine/rlimits.h"
#include "tests/unit/confine/child.h"

#define NONE RLIM_INFINITY

/* clang-format off */
static const struct {
	const char *text;
	int r, resource;
	rlim_t soft, hard;
} limits[] = {
	{ "nofile=1024:2048", 0, RLIMIT_NOFILE, 1024, 2048 },
	{ "nofile=1024", 0, RLIMIT_NOFILE, 1024, 1024 },
	{ "core=0", 0, RLIMIT_CORE, 0, 0 },
	{ "core=0:-1", 0, RLIMIT_CORE, 0, NONE },
	{ "core=-1", 0, RLIMIT_CORE, NONE, NONE },
	{ "stack=unlimited", 0, RLIMIT_STACK, NONE, NONE },
	{ "memlock=65536:unlimited", 0, RLIMIT_MEMLOCK, 65536, NONE },
	{ "rttime=1:2", 0, RLIMIT_RTTIME, 1, 2 },
	{ "cpu=1", 0, RLIMIT_CPU, 1, 1 },
	{ "as=18446744073709551614", 0, RLIMIT_AS, NONE - 1, NONE - 1 },
	{ "as=18446744073709551615", -ERANGE, 0, 0, 0 },
	{ "nofile=2048:1024", -EINVAL, 0, 0, 0 },
	{ "nofile=-1:1024", -EINVAL, 0, 0, 0 },
	{ "nofile", -EINVAL, 0, 0, 0 },
	{ "nofile=", -EINVAL, 0, 0, 0 },
	{ "nofile=:", -EINVAL, 0, 0, 0 },
	{ "nofile=1:", -EINVAL, 0, 0, 0 },
	{ "nofile=:1", -EINVAL, 0, 0, 0 },
	{ "nofile=1:2:3", -EINVAL, 0, 0, 0 },
	{ "nofile=-2", -EINVAL, 0, 0, 0 },
	{ "nofile=+1", -EINVAL, 0, 0, 0 },
	{ "nofile= 1", -EINVAL, 0, 0, 0 },
	{ "nofile=1k", -EINVAL, 0, 0, 0 },
	{ "nofile=0x10", -EINVAL, 0, 0, 0 },
	{ "NOFILE=1", -EINVAL, 0, 0, 0 },
	{ "nofiles=1", -EINVAL, 0, 0, 0 },
	{ "RLIMIT_NOFILE=1", -EINVAL, 0, 0, 0 },
	{ "=1", -EINVAL, 0, 0, 0 },
	{ "", -EINVAL, 0, 0, 0 },
};
/* clang-format on */

START_TEST(a_limit_is_name_soft_and_hard)
{
	struct spec_rlimit limit = { .resource = 77 };
	struct error err = { 0 };
	int r = rlimit_parse(limits[_i].text, &limit, &err);

	ck_assert_msg(r == limits[_i].r, "%s: %d %s", limits[_i].text, r,
		      err.text);
	if (r < 0) {
		ck_assert_int_eq(limit.resource, 77);
		return;
	}
	ck_assert_int_eq(limit.resource, limits[_i].resource);
	ck_assert_uint_eq(limit.limit.rlim_cur, limits[_i].soft);
	ck_assert_uint_eq(limit.limit.rlim_max, limits[_i].hard);
}
END_TEST

START_TEST(a_near_name_is_suggested)
{
	struct spec_rlimit limit;
	struct error err;

	ck_assert_int_eq(rlimit_parse("nofiles=1", &limit, &err), -EINVAL);
	ck_assert_str_eq(err.hint, "did you mean nofile?");
	ck_assert_int_eq(rlimit_parse("xyzxyz=1", &limit, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.hint, "NAME=SOFT"));
}
END_TEST

static bool is(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit now;

	return getrlimit(resource, &now) == 0 && now.rlim_cur == soft &&
	       now.rlim_max == hard;
}

START_TEST(every_limit_of_the_kernel_has_a_name)
{
	for (int i = 0; i < RLIMIT_NLIMITS; i++) {
		struct spec_rlimit limit;
		struct error err;
		scoped(char) *text = xasprintf("%s=1", rlimit_name(i));
		ck_assert_int_eq(rlimit_parse(text, &limit, &err), 0);
		ck_assert_int_eq(limit.resource, i);
	}
	ck_assert_ptr_null(rlimit_name(RLIMIT_NLIMITS));
	ck_assert_ptr_null(rlimit_name(-1));
}
END_TEST

START_TEST(the_defaults_are_never_more_than_there_is)
{
	/* clang-format off */
	static const struct {
		rlim_t there, soft, hard;
	} cases[] = {
		{ 0, 0, 0 },
		{ 512, 512, 512 },
		{ 1024, 1024, 1024 },
		{ 20000, 1024, 20000 },
		{ 65536, 1024, 65536 },
		{ 1048576, 1024, 65536 },
		{ NONE, 1024, 65536 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_rlimit limits_of[RLIMITS_DEFAULT];
		rlimits_default_below(cases[i].there, limits_of);
		ck_assert_int_eq(limits_of[0].resource, RLIMIT_CORE);
		ck_assert_uint_eq(limits_of[0].limit.rlim_max, 0);
		ck_assert_int_eq(limits_of[1].resource, RLIMIT_NOFILE);
		ck_assert_uint_eq(limits_of[1].limit.rlim_cur, cases[i].soft);
		ck_assert_uint_eq(limits_of[1].limit.rlim_max, cases[i].hard);
	}
}
END_TEST

static int apply_defaults(const void *argument)
{
	rlim_t hard = *(const rlim_t *)argument;
	struct rlimit start = { hard, hard };
	struct spec_rlimit defaults[RLIMITS_DEFAULT];
	struct error err;

	if (setrlimit(RLIMIT_NOFILE, &start) < 0 ||
	    rlimits_default(defaults, &err) < 0 ||
	    rlimits_apply(defaults, RLIMITS_DEFAULT, &err) < 0)
		return 1;
	return is(RLIMIT_CORE, 0, 0) && is(RLIMIT_NOFILE, hard, hard) ? 0 : 2;
}

START_TEST(the_defaults_are_set)
{
	ck_assert_int_eq(child_run(apply_defaults, &(rlim_t){ 512 }), 0);
}
END_TEST

static int raise_limit(const void *argument)
{
	struct spec_rlimit low = { RLIMIT_NOFILE, { 64, 128 } };
	struct spec_rlimit high = { RLIMIT_NOFILE, { 64, 256 } };
	struct spec_rlimit unknown = { 99, { 0, 0 } };
	struct error err = { 0 };

	(void)argument;
	if (rlimits_apply(&low, 1, &err) < 0 || !is(RLIMIT_NOFILE, 64, 128))
		return 1;
	/* host root may raise its own */
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 2;
	if (rlimits_apply(&high, 1, &err) != -EPERM ||
	    !strstr(err.text, "nofile to 256") || !strstr(err.hint, "128"))
		return 3;
	if (rlimits_apply(&unknown, 1, &err) != -EINVAL)
		return 4;
	return is(RLIMIT_NOFILE, 64, 128) ? 0 : 5;
}

START_TEST(a_limit_above_the_hard_one_says_what_it_is)
{
	ck_assert_int_eq(child_run(raise_limit, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rlimits");
	TCase *tests = tcase_create("rlimits");
	tcase_add_loop_test(tests, a_limit_is_name_soft_and_hard, 0,
			    ARRAY_SIZE(limits));
	tcase_add_test(tests, a_near_name_is_suggested);
	tcase_add_test(tests, every_limit_of_the_kernel_has_a_name);
	tcase_add_test(tests, the_defaults_are_never_more_than_there_is);
	tcase_add_test(tests, the_defaults_are_set);
	tcase_add_test(tests, a_limit_above_the_hard_one_says_what_it_is);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
