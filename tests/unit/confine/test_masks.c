#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "core/confine/masks.h"

static void check_path(const char *path)
{
	scoped(char) *normal = path_normalize("/", path);

	ck_assert_str_eq(path, normal);
	ck_assert_msg(text_starts_with(path, "/proc/") ||
			      text_starts_with(path, "/sys/"),
		      "%s", path);
}

static bool has(const char *const *list, const char *path)
{
	for (size_t i = 0; list[i]; i++)
		if (strcmp(list[i], path) == 0)
			return true;
	return false;
}

START_TEST(every_path_is_absolute_and_in_proc_or_sys)
{
	for (size_t i = 0; masks_hidden[i]; i++)
		check_path(masks_hidden[i]);
	for (size_t i = 0; masks_read_only[i]; i++)
		check_path(masks_read_only[i]);
}
END_TEST

/* a mount on a path in a mask would fail, or lift the mask */
START_TEST(no_path_is_below_a_hidden_one)
{
	for (size_t i = 0; masks_hidden[i]; i++) {
		for (size_t j = 0; masks_hidden[j]; j++)
			if (i != j)
				ck_assert(!path_is_below(masks_hidden[j],
							 masks_hidden[i]));
		for (size_t j = 0; masks_read_only[j]; j++)
			ck_assert(!path_is_below(masks_read_only[j],
						 masks_hidden[i]) &&
				  !path_is_below(masks_hidden[i],
						 masks_read_only[j]));
	}
}
END_TEST

START_TEST(what_every_engine_hides_is_hidden)
{
	static const char *const hidden[] = {
		"/proc/acpi",
		"/proc/asound",
		"/proc/interrupts",
		"/proc/kcore",
		"/proc/keys",
		"/proc/latency_stats",
		"/proc/timer_list",
		"/proc/timer_stats",
		"/proc/sched_debug",
		"/proc/scsi",
		"/sys/firmware",
		"/sys/devices/virtual/powercap",
		/* and ours */
		"/proc/kallsyms",
		"/proc/config.gz",
		"/proc/modules",
		"/proc/cmdline",
		"/proc/key-users",
		"/proc/version_signature",
		"/proc/pressure",
	};
	static const char *const read_only[] = {
		"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger",
	};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		ck_assert_msg(has(masks_hidden, hidden[i]), "%s", hidden[i]);
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++)
		ck_assert_msg(has(masks_read_only, read_only[i]), "%s",
			      read_only[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("masks");
	TCase *tests = tcase_create("masks");
	tcase_add_test(tests, every_path_is_absolute_and_in_proc_or_sys);
	tcase_add_test(tests, no_path_is_below_a_hidden_one);
	tcase_add_test(tests, what_every_engine_hides_is_hidden);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
