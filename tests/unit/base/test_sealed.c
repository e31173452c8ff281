#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define ARGV(...) ((char **)(const char *[]){ __VA_ARGS__, NULL })

/*
 * This program executes itself as a sealed copy, with "sealed" as its first
 * argument: then it says "ready" on stdout, and ends when stdin does.
 */
static int run_sealed(int argc, char **argv)
{
	char byte;

	if (!sealed_is_running())
		return 1;
	if (argc != 3 || strcmp(argv[2], "second argument") != 0)
		return 2;
	const char *value = getenv("TEST_SEALED");
	if (!value || strcmp(value, "kept") != 0)
		return 3;
	if (write(1, "r", 1) != 1 || read(0, &byte, 1) != 0)
		return 4;
	return 0;
}

struct sealed {
	pid_t pid;
	int to, from; /* its stdin and stdout */
};

static struct sealed start(void)
{
	char **argv = ARGV("wolffia", "sealed", "second argument");
	int to[2], from[2];
	char byte;
	struct error err = { 0 };

	ck_assert_int_eq(pipe2(to, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(from, O_CLOEXEC), 0);
	setenv("TEST_SEALED", "kept", 1);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		sealed_exec(argv, &err);
		fprintf(stderr, "%s\n", err.text);
		_exit(99);
	}
	close(to[0]);
	close(from[1]);
	/* 0 when it has ended: the status says why */
	if (read(from[0], &byte, 1) != 1) {
		int status = -1;
		waitpid(pid, &status, 0);
		ck_abort_msg("the sealed copy ended with 0x%x", status);
	}
	return (struct sealed){ pid, to[1], from[0] };
}

static int end(struct sealed *sealed)
{
	int status = -1;

	close(sealed->to);
	close(sealed->from);
	waitpid(sealed->pid, &status, 0);
	return status;
}

static int open_executable(const struct sealed *sealed)
{
	scoped(char) *path = xasprintf("/proc/%d/exe", (int)sealed->pid);

	return open(path, O_RDONLY | O_CLOEXEC);
}

START_TEST(a_program_on_disk_is_not_sealed)
{
	ck_assert(!sealed_is_running());
}
END_TEST

START_TEST(the_copy_knows_that_it_is_sealed_and_has_its_arguments)
{
	struct sealed sealed = start();

	ck_assert_int_eq(end(&sealed), 0);
}
END_TEST

START_TEST(the_copy_has_all_seals)
{
	struct sealed sealed = start();
	scoped_fd fd = open_executable(&sealed);
	const int all =
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS) & all, all);
	ck_assert_int_eq(end(&sealed), 0);
}
END_TEST

START_TEST(the_copy_is_the_whole_program)
{
	struct sealed sealed = start();
	scoped_fd copy = open_executable(&sealed);
	scoped_fd original = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scoped(char) *a = NULL, *b = NULL;
	struct error err;
	ssize_t n = fd_read_all(copy, 1 << 30, &a, &err);

	ck_assert_int_gt(n, 1000);
	ck_assert_int_eq(fd_read_all(original, 1 << 30, &b, &err), n);
	ck_assert_int_eq(memcmp(a, b, (size_t)n), 0);
	ck_assert_int_eq(end(&sealed), 0);
}
END_TEST

/* CVE-2019-5736: the file is opened while it runs, and written afterwards */
START_TEST(nobody_writes_to_it_when_it_has_ended)
{
	struct sealed sealed = start();
	scoped_fd fd = open_executable(&sealed);
	char byte = 'x', first = 0;

	ck_assert_int_eq(end(&sealed), 0);
	scoped_fd writable = open(fd_link(fd).text, O_RDWR | O_CLOEXEC);
	if (writable >= 0) {
		ck_assert_int_eq(pwrite(writable, &byte, 1, 0), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(ftruncate(writable, 0), -1);
		ck_assert_int_eq(errno, EPERM);
	}
	ck_assert_int_eq(truncate(fd_link(fd).text, 0), -1);
	ck_assert_int_eq(open(fd_link(fd).text, O_WRONLY | O_TRUNC), -1);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	ck_assert_int_eq(pread(fd, &first, 1, 0), 1);
	ck_assert_int_eq(first, 0x7f);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "sealed") == 0)
		return run_sealed(argc, argv);
	TCase *tests = tcase_create("sealed");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_program_on_disk_is_not_sealed);
	tcase_add_test(tests,
		       the_copy_knows_that_it_is_sealed_and_has_its_arguments);
	tcase_add_test(tests, the_copy_has_all_seals);
	tcase_add_test(tests, the_copy_is_the_whole_program);
	tcase_add_test(tests, nobody_writes_to_it_when_it_has_ended);
	return suite_run("sealed", tests);
}
