#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/confine/capabilities.h"
#include "tests/unit/confine/child.h"

/* clang-format off */
static const struct {
	const char *word;
	uint64_t expected; /* 0: refused */
	const char *hint;
} words[] = {
	{ "CAP_CHOWN", 1, NULL },
	{ "chown", 1, NULL },
	{ "Chown", 1, NULL },
	{ "cap_chown", 1, NULL },
	{ "cAp_nEt_RaW", UINT64_C(1) << 13, NULL },
	{ "SYS_ADMIN", UINT64_C(1) << 21, NULL },
	{ "CHECKPOINT_RESTORE", UINT64_C(1) << 40, NULL },
	{ "", 0, NULL },
	{ "CAP_", 0, NULL },
	{ "CAP_CAP_CHOWN", 0, "CHOWN" },
	{ "CHWON", 0, "CHOWN" },
	{ "net_adm", 0, NULL },
	{ "SYSADMIN", 0, "SYS_ADMIN" },
	{ "SYS_ADMIN ", 0, "SYS_ADMIN" },
	{ "0", 0, NULL },
	{ "cap_21", 0, NULL },
	{ "21", 0, NULL },
	{ "CHOWN,KILL", 0, NULL },
	{ "all,", 0, NULL },
	{ "\033[31m", 0, NULL },
};
/* clang-format on */

START_TEST(a_name_is_taken_in_any_case_or_refused_with_a_near_one)
{
	uint64_t set = 77;
	struct error err = { 0 };
	int r = capabilities_parse(words[_i].word, &set, &err);

	if (words[_i].expected) {
		ck_assert_msg(r == 0, "%s", err.text);
		ck_assert_uint_eq(set, words[_i].expected);
		return;
	}
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_uint_eq(set, 77);
	if (words[_i].hint)
		ck_assert_ptr_nonnull(strstr(err.hint, words[_i].hint));
}
END_TEST

START_TEST(all_is_what_the_kernel_has)
{
	uint64_t set = 0;
	struct error err;
	int last = cap_max_bits();

	ck_assert_int_eq(capabilities_parse("All", &set, &err), 0);
	ck_assert_uint_eq(set, capabilities_all());
	ck_assert_uint_eq(set, (UINT64_C(1) << last) - 1);
}
END_TEST

START_TEST(every_name_means_its_number)
{
	const char *const *names = capabilities_names();
	uint64_t set = 0;
	struct error err;
	int i = 0;

	for (; names[i]; i++) {
		ck_assert_int_eq(capabilities_parse(names[i], &set, &err), 0);
		ck_assert_uint_eq(set, UINT64_C(1) << i);
	}
	ck_assert_int_ge(i, 41);
	ck_assert_str_eq(names[CAP_SYS_ADMIN], "CAP_SYS_ADMIN");
}
END_TEST

START_TEST(the_default_ones_are_eight)
{
	scoped_strv list = { 0 };

	capabilities_list(capabilities_default(), &list);
	ck_assert_uint_eq(list.n, 8);
	ck_assert_uint_eq(capabilities_default(), 0x800400ebu);
	ck_assert_str_eq(list.v[0], "CAP_CHOWN");
	ck_assert_str_eq(list.v[7], "CAP_SETFCAP");
}
END_TEST

/* ------------------------------------------------------------- effects */

struct lines {
	uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* what /proc/self/status of a process says that @exec's a program or not */
static int read_status(bool after_exec, struct lines *ret)
{
	FILE *file = after_exec ? popen("exec cat /proc/self/status", "re")
				: fopen("/proc/self/status", "re");
	char line[256];
	int found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long value = 0;
		if (sscanf(line, "CapInh: %llx", &value) == 1)
			ret->inheritable = value;
		else if (sscanf(line, "CapPrm: %llx", &value) == 1)
			ret->permitted = value;
		else if (sscanf(line, "CapEff: %llx", &value) == 1)
			ret->effective = value;
		else if (sscanf(line, "CapBnd: %llx", &value) == 1)
			ret->bounding = value;
		else if (sscanf(line, "CapAmb: %llx", &value) == 1)
			ret->ambient = value;
		else
			continue;
		found++;
	}
	if (file)
		after_exec ? pclose(file) : fclose(file);
	return found == 5 ? 0 : -1;
}

static bool all_are(const struct lines *lines, uint64_t set, uint64_t bounding)
{
	return !lines->inheritable && !lines->ambient &&
	       lines->permitted == set && lines->effective == set &&
	       lines->bounding == bounding;
}

static int failed_at(int number, const struct error *err)
{
	fprintf(stderr, "%d: %s\n", number, err->text);
	return number;
}

/* as a container is started: full sets, and some inheritable and ambient */
static int start(void)
{
	cap_value_t one[] = { CAP_NET_RAW };
	cap_t now;

	if (!child_make_root())
		return 99;
	now = cap_get_proc();
	if (cap_set_flag(now, CAP_INHERITABLE, 1, one, CAP_SET) < 0 ||
	    cap_set_proc(now) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) < 0)
		return 1;
	cap_free(now);
	return 0;
}

static int apply_as_root(const void *argument)
{
	uint64_t set = *(const uint64_t *)argument;
	struct lines lines = { 0 };
	struct error err = { 0 };
	int r = start();

	if (r > 0)
		return r;
	if (capabilities_drop_bounding(set, &err) < 0)
		return failed_at(2, &err);
	if (capabilities_apply(set, true, &err) < 0)
		return failed_at(3, &err);
	if (read_status(false, &lines) < 0 || !all_are(&lines, set, set))
		return 4;
	if (read_status(true, &lines) < 0 || !all_are(&lines, set, set))
		return 5;
	/* and nothing brings one back */
	if (capabilities_apply(set | UINT64_C(1) << CAP_SYS_ADMIN, true,
			       &err) != -EPERM ||
	    !strstr(err.text, "SYS_ADMIN"))
		return failed_at(6, &err);
	return 0;
}

static void check_with_namespace(int (*function)(const void *),
				 const void *argument)
{
	int r = child_run(function, argument);

	if (r == 99 && child_skip("no user namespaces here"))
		return;
	ck_assert_int_eq(r, 0);
}

START_TEST(root_has_the_set_and_no_more_before_and_after_exec)
{
	uint64_t sets[] = { capabilities_default(), 0,
			    UINT64_C(1) << CAP_CHECKPOINT_RESTORE };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		check_with_namespace(apply_as_root, &sets[i]);
}
END_TEST

static int apply_as_user(const void *argument)
{
	uint64_t set = capabilities_default();
	uint64_t keep = *(const uint64_t *)argument;
	struct lines lines = { 0 };
	struct error err = { 0 };
	int r = start();

	if (r > 0)
		return r;
	if (capabilities_drop_bounding(keep, &err) < 0)
		return failed_at(2, &err);
	if (capabilities_apply(set, false, &err) < 0)
		return failed_at(3, &err);
	if (read_status(false, &lines) < 0 || !all_are(&lines, 0, keep))
		return 4;
	return 0;
}

START_TEST(another_user_has_none)
{
	check_with_namespace(apply_as_user, &(uint64_t){ 0 });
	check_with_namespace(apply_as_user,
			     &(uint64_t){ capabilities_default() });
}
END_TEST

static int forget_bounding(const void *argument)
{
	struct error err = { 0 };
	int r = start();

	(void)argument;
	if (r > 0)
		return r;
	if (capabilities_apply(0, true, &err) != -EPROTO ||
	    !strstr(err.text, "bounding"))
		return failed_at(2, &err);
	return 0;
}

START_TEST(a_bounding_set_that_gives_more_at_exec_is_noticed)
{
	check_with_namespace(forget_bounding, NULL);
}
END_TEST

static int drop_without_right(const void *argument)
{
	struct error err = { 0 };
	cap_t none = cap_init();

	(void)argument;
	if (cap_set_proc(none) < 0)
		return 1;
	cap_free(none);
	if (capabilities_drop_bounding(0, &err) != -EPERM ||
	    !strstr(err.text, "CAP_CHOWN"))
		return failed_at(2, &err);
	/* what is all there may stay */
	if (capabilities_drop_bounding(UINT64_MAX, &err) < 0)
		return failed_at(3, &err);
	if (capabilities_apply(1, true, &err) != -EPERM ||
	    !strstr(err.text, "CHOWN"))
		return failed_at(4, &err);
	return 0;
}

START_TEST(dropping_without_the_right_to_is_an_error)
{
	ck_assert_int_eq(child_run(drop_without_right, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("capabilities");
	TCase *tests = tcase_create("capabilities");
	tcase_add_loop_test(
		tests, a_name_is_taken_in_any_case_or_refused_with_a_near_one,
		0, ARRAY_SIZE(words));
	tcase_add_test(tests, all_is_what_the_kernel_has);
	tcase_add_test(tests, every_name_means_its_number);
	tcase_add_test(tests, the_default_ones_are_eight);
	tcase_add_test(tests,
		       root_has_the_set_and_no_more_before_and_after_exec);
	tcase_add_test(tests, another_user_has_none);
	tcase_add_test(tests,
		       a_bounding_set_that_gives_more_at_exec_is_noticed);
	tcase_add_test(tests, dropping_without_the_right_to_is_an_error);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
