/*
 * What doctor says about the version of a kernel.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/doctor_checks.h"

/* clang-format off */
static const struct {
	const char *release;
	int result;
	const char *has, *lacks; /* parts of the text; NULL: none */
} kernels[] = {
	{ "7.2.0", 0, "", NULL },
	{ "6.18.44-fc-v669", 0, "", NULL },
	{ "6.12.0", 0, "", NULL },
	{ "6.11.9-generic", 0, "6.12", "5.19" },
	{ "6.1.0-18-amd64", 0, "6.12", "5.19" },
	{ "5.19.0", 0, "6.12", "5.19" },
	{ "5.15.0-91-generic", 0, "5.19", "5.14" },
	{ "5.13.1", 0, "5.14", "5.13" },
	{ "5.12.0", 0, "5.13", NULL },
	{ "5.11.99", -ENOSYS, "5.13", NULL },
	{ "5.4.0", -ENOSYS, NULL, NULL },
	{ "4.19.0", -ENOSYS, NULL, NULL },
	/* 10.2 is newer than 6.12, and 5.2 older than 5.12 */
	{ "10.2", 0, "", NULL },
	{ "5.2", -ENOSYS, NULL, NULL },
	{ "", -EINVAL, NULL, NULL },
	{ "linux", -EINVAL, NULL, NULL },
	{ "6", -EINVAL, NULL, NULL },
};
/* clang-format on */

START_TEST(a_kernel_lacks_what_came_after_it)
{
	char text[512] = "";

	ck_assert_int_eq(kernel_lacks(kernels[_i].release, text, sizeof(text)),
			 kernels[_i].result);
	if (kernels[_i].has && !*kernels[_i].has)
		ck_assert_str_eq(text, "");
	if (kernels[_i].has)
		ck_assert_ptr_nonnull(strstr(text, kernels[_i].has));
	if (kernels[_i].lacks)
		ck_assert_ptr_null(strstr(text, kernels[_i].lacks));
}
END_TEST

START_TEST(a_short_buffer_is_ended)
{
	char text[8] = "";

	ck_assert_int_eq(kernel_lacks("5.12", text, sizeof(text)), 0);
	ck_assert_uint_lt(strlen(text), sizeof(text));
}
END_TEST

START_TEST(every_check_that_is_needed_stands_before)
{
	for (size_t i = 0; doctor_checks[i].name; i++) {
		bool found = !doctor_checks[i].needs;
		for (size_t j = 0; !found && j < i; j++)
			found = strcmp(doctor_checks[j].name,
				       doctor_checks[i].needs) == 0;
		ck_assert_msg(found, "%s", doctor_checks[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel");
	TCase *tests = tcase_create("kernel");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, a_kernel_lacks_what_came_after_it, 0,
			    ARRAY_SIZE(kernels));
	tcase_add_test(tests, a_short_buffer_is_ended);
	tcase_add_test(tests, every_check_that_is_needed_stands_before);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
