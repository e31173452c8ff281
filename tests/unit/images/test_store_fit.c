#include "storage/store_fit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "tests/unit/images/suite.h"

static char directory[] = "/tmp/wolffia-test-XXXXXX";
static int dir_fd;
static struct error err;

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void remove_directory(void)
{
	fd_close(&dir_fd);
	path_remove_tree(AT_FDCWD, directory, &err);
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
}

START_TEST(what_is_tried_leaves_nothing_behind)
{
	ck_assert_int_eq(store_fit(dir_fd, "DIR", false, 1, &err), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

START_TEST(numbers_are_said_when_there_is_no_room)
{
	int r = store_fit(dir_fd, "DIR", false, UINT64_C(1) << 62, &err);

	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_ptr_nonnull(
		strstr(err.text, "at least 4611686018427 MB are needed"));
	ck_assert_ptr_nonnull(strstr(err.text, "free in DIR"));
	ck_assert_ptr_nonnull(strstr(err.hint, "make room"));
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

/* As a file system that folds case has it: the file of the test is there under
 * its other name.  Few kernels can mount one for an ordinary user. */
START_TEST(a_file_system_that_folds_case_is_refused)
{
	scoped_fd fd =
		openat(dir_fd, "FIT", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(store_fit(dir_fd, "DIR", false, 0, &err), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.text, "upper case"));
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
	scoped_fd proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_lt(store_fit(proc, "/proc", false, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "make a file in /proc"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("store_fit");

	tcase_add_checked_fixture(tests, make_directory, remove_directory);
	tcase_add_test(tests, what_is_tried_leaves_nothing_behind);
	tcase_add_test(tests, numbers_are_said_when_there_is_no_room);
	tcase_add_test(tests, a_file_system_that_folds_case_is_refused);
	tcase_add_test(tests, what_cannot_be_written_is_an_error);
	return suite_run("store_fit", tests);
}
