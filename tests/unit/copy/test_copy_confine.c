#include "storage/copy/copy_confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include "base/landlock.h"
#include "tests/unit/upper/trees.h"

static int base, other, pipe_fds[2];
static bool inside;

static void make_trees(void)
{
	make_directory();
	become_root_of_namespace();
	dir("base");
	file("base/f", "x");
	dir("other");
	file("other/f", "secret");
	base = open("base", O_PATH | O_DIRECTORY | O_CLOEXEC);
	other = open("other", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_sys(base);
	ck_sys(other);
	ck_sys(pipe2(pipe_fds, O_CLOEXEC));
	inside = false;
}

static void remove_trees(void)
{
	fd_close(&base);
	fd_close(&other);
	fd_close(&pipe_fds[0]);
	fd_close(&pipe_fds[1]);
	remove_directory();
}

static int open2(int dirfd, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags,
				.mode = flags & O_CREAT ? 0600 : 0 };
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : 0;
}

/* what @try returns in a confined process; or 1000 + the signal it died of */
static int confined(int (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct error why;
		if (copy_confine(base, inside, pipe_fds[0], &why) < 0)
			_exit(99);
		_exit(-try());
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	ck_assert_int_ne(WEXITSTATUS(status), 99);
	return WEXITSTATUS(status);
}

static int call_result(long result)
{
	return result < 0 ? -errno : 0;
}

static int make_a_file(void)
{
	return open2(base, "new", O_WRONLY | O_CREAT | O_EXCL);
}

static int make_a_directory(void)
{
	return call_result(mkdirat(base, "dir", 0700));
}

static int make_a_fifo(void)
{
	return call_result(mknodat(base, "fifo", S_IFIFO | 0600, 0));
}

static int make_a_whiteout(void)
{
	return call_result(mknodat(base, "node", S_IFCHR | 0600, 0));
}

static int make_in_other(void)
{
	return open2(other, "new", O_WRONLY | O_CREAT | O_EXCL);
}

static int make_outside(void)
{
	return open2(AT_FDCWD, "other/new", O_WRONLY | O_CREAT | O_EXCL);
}

static int read_outside(void)
{
	return open2(AT_FDCWD, "other/f", O_RDONLY);
}

static int remove_outside(void)
{
	return call_result(unlinkat(AT_FDCWD, "other/f", 0));
}

static int link_from_outside(void)
{
	return call_result(linkat(AT_FDCWD, "other/f", base, "stolen", 0));
}

static int open_by_the_old_call(void)
{
	return call_result(openat(base, "f", O_RDONLY | O_CLOEXEC));
}

static int execute(void)
{
	execl("/bin/true", "true", NULL);
	return -errno;
}

static int make_a_socket(void)
{
	return call_result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int change_a_mode_by_name(void)
{
	return call_result(syscall(SYS_fchmodat, AT_FDCWD, "other/f", 0777));
}

static int rename_a_file(void)
{
	return call_result(renameat(base, "f", base, "g"));
}

static int mount_something(void)
{
	return call_result(mount("tmpfs", "base", "tmpfs", 0, NULL));
}

START_TEST(files_are_made_where_they_are_to_be_and_nowhere_else)
{
	ck_assert_int_eq(confined(make_a_file), 0);
	ck_assert_int_eq(confined(make_a_directory), 0);
	ck_assert_int_eq(confined(make_a_fifo), 0);
	ck_assert_int_eq(confined(make_in_other), EBADF);
	if (landlock_abi() < 2)
		return; /* what follows is kept by Landlock */
	ck_assert_int_eq(confined(make_outside), EACCES);
	ck_assert_int_eq(confined(read_outside), EACCES);
	ck_assert_int_eq(confined(remove_outside), EACCES);
	ck_assert_int_ne(confined(link_from_outside), 0);
	ck_assert_int_eq(access("other/f", F_OK), 0);
}
END_TEST

START_TEST(nothing_is_executed_loaded_or_asked_for)
{
	static int (*const forbidden[])(void) = {
		execute,       make_a_socket,   change_a_mode_by_name,
		rename_a_file, mount_something, make_a_whiteout,
	};

	for (int i = 0; i < 2; i++) {
		inside = i;
		ck_assert_int_eq(confined(open_by_the_old_call), EACCES);
		for (size_t j = 0; j < ARRAY_SIZE(forbidden); j++)
			ck_assert_int_eq(confined(forbidden[j]), 1000 + SIGSYS);
	}
}
END_TEST

/* of the confined process @pid; the numbers are hexadecimal or decimal */
static unsigned long status_of(pid_t pid, const char *key, int number)
{
	char path[64];
	scoped(char) *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ck_ok(fd_read_file(AT_FDCWD, path, 65536, &text, &err));
	const char *line = strstr(text, key);
	ck_assert_ptr_nonnull(line);
	return strtoul(line + strlen(key), NULL, number);
}

static void check_rights(unsigned long capabilities)
{
	int ready[2];
	char byte;

	ck_sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready));
	pid_t pid = fork();
	if (pid == 0) {
		struct error why;
		if (copy_confine(base, inside, ready[1], &why) < 0)
			_exit(99);
		/* write(2) is not allowed: a file says that it is ready */
		open2(base, "ready", O_WRONLY | O_CREAT | O_EXCL);
		_exit(read(ready[1], &byte, 1) == 0 ? 0 : 98);
	}
	fd_close(&ready[1]);
	while (access("base/ready", F_OK) < 0)
		ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	ck_sys(unlink("base/ready"));
	ck_assert_uint_eq(status_of(pid, "CapEff:\t", 16), capabilities);
	ck_assert_uint_eq(status_of(pid, "CapPrm:\t", 16), capabilities);
	ck_assert_uint_eq(status_of(pid, "CapInh:\t", 16), 0);
	ck_assert_uint_eq(status_of(pid, "NoNewPrivs:\t", 10), 1);
	ck_assert_uint_eq(status_of(pid, "Seccomp:\t", 10), 2);
	fd_close(&ready[0]);
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}

START_TEST(the_capabilities_over_files_are_left_in_a_container)
{
	check_rights(0);
	inside = true;
	check_rights(1ul << CAP_CHOWN | 1ul << CAP_DAC_OVERRIDE |
		     1ul << CAP_DAC_READ_SEARCH | 1ul << CAP_FOWNER |
		     1ul << CAP_FSETID | 1ul << CAP_SETFCAP);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("copy_confine");

	tcase_add_checked_fixture(tests, make_trees, remove_trees);
	tcase_add_test(tests,
		       files_are_made_where_they_are_to_be_and_nowhere_else);
	tcase_add_test(tests, nothing_is_executed_loaded_or_asked_for);
	tcase_add_test(tests,
		       the_capabilities_over_files_are_left_in_a_container);
	return suite_run("copy_confine", tests);
}
