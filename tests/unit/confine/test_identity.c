#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/confine/identity.h"
#include "tests/unit/confine/child.h"
#include "userns/outer.h"

/* Where there are several ids: as root here, or in the namespace of this
 * user's subordinate ids. */
static int where_ids_are(int (*function)(void *argument, struct error *err))
{
	struct outer_ids ids = { 0 };
	struct error err = { 0 };

	if (geteuid() == 0) {
		pid_t before = getpid();
		int r = function(NULL, &err);
		ck_assert_int_eq(before, getpid());
		ck_assert_msg(r == 0, "%d: %s", r, err.text);
		return 0;
	}
	if (outer_find_ids(false, &ids, &err) < 0 || ids.single)
		return child_skip("no subordinate ids") ? 1 : 0;
	int r = outer_call(&ids, function, NULL, &err);
	ck_assert_msg(r == 0, "%d: %s", r, err.text);
	return 0;
}

static int wrong(struct error *err, const char *what)
{
	return err->text[0] ? error_prefix(err, "%s", what)
			    : error_say(err, EIO, "%s", what);
}

static int become(void *argument, struct error *err)
{
	gid_t groups[] = { 7, 5, 1234, 7 }, now[8];
	uid_t r, e, s;

	(void)argument;
	*err = (struct error){ 0 };
	if (identity_become(1234, 1235, groups, 4, true, err) < 0)
		return wrong(err, "become");
	if (getresuid(&r, &e, &s) < 0 || r != 1234 || e != 1234 || s != 1234)
		return wrong(err, "user");
	if (getresgid(&r, &e, &s) < 0 || r != 1235 || e != 1235 || s != 1235)
		return wrong(err, "group");
	int n = getgroups(8, now);
	if (n < 3 || now[0] != 5 || now[1] != 7 || now[n - 1] != 1234)
		return wrong(err, "groups");
	/* no way back */
	if (setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
		return wrong(err, "there is a way back");
	if (identity_become(0, 0, NULL, 0, true, err) != -EPERM)
		return wrong(err, "EPERM");
	*err = (struct error){ 0 };
	return 0;
}

START_TEST(all_ids_and_exactly_the_groups_are_taken_on)
{
	where_ids_are(become);
}
END_TEST

static int become_root(void *argument, struct error *err)
{
	gid_t groups[] = { 0 }, now[8];

	(void)argument;
	if (setgroups(2, (gid_t[]){ 3, 4 }) < 0)
		return wrong(err, "the groups of before");
	if (identity_become(0, 0, groups, 1, true, err) < 0)
		return wrong(err, "become root");
	if (getgroups(8, now) != 1 || now[0] != 0)
		return wrong(err, "groups of before are still there");
	if (identity_become(0, 0, NULL, 0, true, err) < 0 ||
	    getgroups(8, now) != 0)
		return wrong(err, "no groups at all");
	return 0;
}

START_TEST(groups_of_before_are_gone)
{
	where_ids_are(become_root);
}
END_TEST

static int single(const void *argument)
{
	struct error err = { 0 };
	gid_t mine[] = { 0 }, other[] = { 0, 5 };

	(void)argument;
	if (!child_make_root())
		return 99;
	/* ids that the namespace does not have */
	if (identity_become(5, 0, mine, 1, false, &err) != -EINVAL ||
	    !strstr(err.text, "no user 5"))
		return 1;
	if (identity_become(0, 6, NULL, 0, false, &err) != -EINVAL ||
	    !strstr(err.text, "no group 6"))
		return 2;
	/* setgroups=deny */
	if (identity_become(0, 0, mine, 1, true, &err) != -EPERM)
		return 3;
	if (identity_become(0, 0, other, 2, false, &err) != -EPERM ||
	    !strstr(err.text, "single"))
		return 4;
	if (identity_become(0, 0, mine, 1, false, &err) != 0)
		return 5;
	/* (uid_t)-1 would leave the id as it is */
	if (identity_become((uid_t)-1, 0, mine, 1, false, &err) != -EINVAL)
		return 6;
	if (identity_become(0, (gid_t)-1, NULL, 0, false, &err) != -EINVAL)
		return 7;
	return 0;
}

START_TEST(an_id_that_the_namespace_lacks_is_named)
{
	int r = child_run(single, NULL);

	if (r == 99 && child_skip("no user namespaces here"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

static int missing_group(void *argument, struct error *err)
{
	gid_t groups[] = { 0, 4294967294u };

	(void)argument;
	/* on the host every group is one */
	if (getenv("IDENTITY_ON_HOST"))
		return 0;
	if (identity_become(0, 0, groups, 2, true, err) != -EINVAL ||
	    !strstr(err->text, "no group 4294967294"))
		return wrong(err, "a group that is not there");
	return 0;
}

START_TEST(a_supplementary_group_that_the_namespace_lacks_is_named)
{
	if (geteuid() == 0)
		setenv("IDENTITY_ON_HOST", "1", 1);
	where_ids_are(missing_group);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tests = tcase_create("identity");
	tcase_add_test(tests, all_ids_and_exactly_the_groups_are_taken_on);
	tcase_add_test(tests, groups_of_before_are_gone);
	tcase_add_test(tests, an_id_that_the_namespace_lacks_is_named);
	tcase_add_test(tests,
		       a_supplementary_group_that_the_namespace_lacks_is_named);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
