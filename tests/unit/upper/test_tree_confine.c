#include "storage/tree_confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include "base/landlock.h"
#include "tests/unit/upper/trees.h"

static int tree, other;

static void make_trees(void)
{
	make_directory();
	become_root_of_namespace();
	dir("tree");
	file("tree/f", "x");
	dir("other");
	file("other/f", "secret");
	tree = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	other = open("other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_sys(tree);
	ck_sys(other);
}

static void remove_trees(void)
{
	fd_close(&tree);
	fd_close(&other);
	remove_directory();
}

static int open2(int dirfd, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags,
				.mode = flags & O_CREAT ? 0600 : 0 };
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* what @try returns in a confined process; or 1000 + the signal it died of */
static int confined(int (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct error why;
		if (tree_confine(&tree, 1, -1, &why) < 0)
			_exit(99);
		_exit(-try());
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	ck_assert_int_ne(WEXITSTATUS(status), 99);
	return WEXITSTATUS(status);
}

static int read_tree(void)
{
	int fd = open2(tree, "f", O_RDONLY);
	char byte;

	return fd < 0 ? fd : read(fd, &byte, 1) == 1 ? 0 : -errno;
}

static int read_outside(void)
{
	int fd = open2(AT_FDCWD, "other/f", O_RDONLY);

	return fd < 0 ? fd : 0;
}

static int read_other(void)
{
	int fd = open2(other, "f", O_RDONLY);

	return fd < 0 ? fd : 0;
}

static int write_tree(void)
{
	int fd = open2(tree, "f", O_WRONLY);

	return fd < 0 ? fd : 0;
}

static int create_in_tree(void)
{
	int fd = open2(tree, "new", O_WRONLY | O_CREAT);

	return fd < 0 ? fd : 0;
}

static int open_by_the_old_call(void)
{
	int fd = openat(tree, "f", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int execute(void)
{
	execl("/bin/true", "true", NULL);
	return -errno;
}

static int make_a_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int change_a_mode(void)
{
	return fchmod(tree, 0777) < 0 ? -errno : 0;
}

START_TEST(the_tree_can_be_read_and_nothing_else)
{
	ck_assert_int_eq(confined(read_tree), 0);
	ck_assert_int_eq(confined(read_other), EBADF);
	ck_assert_int_eq(confined(open_by_the_old_call), EACCES);
	ck_assert_int_eq(confined(execute), 1000 + SIGSYS);
	ck_assert_int_eq(confined(make_a_socket), 1000 + SIGSYS);
	ck_assert_int_eq(confined(change_a_mode), 1000 + SIGSYS);
	if (landlock_abi() < 2)
		return; /* what follows is kept by Landlock */
	ck_assert_int_eq(confined(read_outside), EACCES);
	ck_assert_int_eq(confined(write_tree), EACCES);
	ck_assert_int_eq(confined(create_in_tree), EACCES);
}
END_TEST

/* of the confined process @pid; the numbers are hexadecimal or decimal */
static unsigned long status_of(pid_t pid, const char *key, int base)
{
	char path[64];
	scoped(char) *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ck_ok(fd_read_file(AT_FDCWD, path, 65536, &text, &err));
	const char *line = strstr(text, key);
	ck_assert_ptr_nonnull(line);
	return strtoul(line + strlen(key), NULL, base);
}

START_TEST(one_capability_is_left_that_reads)
{
	int ready[2];
	char byte;

	ck_sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready));
	pid_t pid = fork();
	if (pid == 0) {
		struct error why;
		if (tree_confine(&tree, 1, ready[1], &why) < 0 ||
		    write(ready[1], "", 1) != 1 ||
		    read(ready[1], &byte, 1) != 0)
			_exit(99);
		_exit(0);
	}
	fd_close(&ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	unsigned long only = 1ul << CAP_DAC_READ_SEARCH;
	ck_assert_uint_eq(status_of(pid, "CapEff:\t", 16), only);
	ck_assert_uint_eq(status_of(pid, "CapPrm:\t", 16), only);
	ck_assert_uint_eq(status_of(pid, "CapInh:\t", 16), 0);
	ck_assert_uint_eq(status_of(pid, "NoNewPrivs:\t", 10), 1);
	ck_assert_uint_eq(status_of(pid, "Seccomp:\t", 10), 2);
	fd_close(&ready[0]);
	waitpid(pid, NULL, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tree_confine");

	tcase_add_checked_fixture(tests, make_trees, remove_trees);
	tcase_add_test(tests, the_tree_can_be_read_and_nothing_else);
	tcase_add_test(tests, one_capability_is_left_that_reads);
	return suite_run("tree_confine", tests);
}
