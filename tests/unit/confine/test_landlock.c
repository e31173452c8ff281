#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/path.h"
#include "tests/unit/confine/child.h"

/*
 * A directory of the "host" with a "root" in it, into which a child goes with
 * chroot(2), which Landlock sees as it sees pivot_root(2): "/" is another
 * directory.  The host directory leaks as a descriptor.
 */
static char host[64];

static void make(const char *path, mode_t mode, const char *text)
{
	struct error err;
	scoped(char) *name = xasprintf("%s/%s", host, path);
	scoped_fd fd = -1;

	if (!text) {
		ck_assert_int_eq(mkdir(name, mode), 0);
		return;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
}

static void set_up(void)
{
	strcpy(host, "/tmp/landlock.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(host));
	make("secret", 0600, "secret");
	make("program", 0755, "#!/bin/sh\nexit 0\n");
	make("log", 0600, "");
	make("empty", 0700, NULL);
	make("root", 0700, NULL);
	make("root/a", 0700, NULL);
	make("root/b", 0700, NULL);
	make("root/a/file", 0600, "inside");
}

static void tear_down(void)
{
	struct error err;

	ck_assert_msg(path_remove_tree(AT_FDCWD, host, &err) == 0, "%s",
		      err.text);
}

/* Each check has a number, so that the test says which one it was. */
#define REQUIRE(number, condition)                                             \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s: %s\n", #condition,                \
				strerror(errno));                              \
			return number;                                         \
		}                                                              \
	} while (0)

static bool refused(long r, int code)
{
	return r < 0 && errno == code;
}

static int enter(const int *fds, size_t n, int *ret_abi)
{
	struct error err = { 0 };
	scoped(char) *root = xasprintf("%s/root", host);

	if (!child_make_root() || chroot(root) < 0 || chdir("/") < 0)
		return -EPERM;
	int r = landlock_confine_to_root(fds, n, ret_abi, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r;
}

static int leak(const void *argument)
{
	int abi = 0;
	int leaked = open(host, O_PATH | O_DIRECTORY);
	int listed = open(host, O_RDONLY | O_DIRECTORY);

	(void)argument;
	REQUIRE(1, leaked >= 0 && listed >= 0);
	/* all of it works before, or the rest says nothing */
	REQUIRE(2, openat(leaked, "secret", O_RDONLY) >= 0);
	REQUIRE(3, enter(NULL, 0, &abi) == 0 && abi >= 2);

	REQUIRE(10, refused(openat(leaked, "secret", O_RDONLY), EACCES));
	REQUIRE(11, refused(openat(listed, "secret", O_RDWR), EACCES));
	REQUIRE(12,
		refused(openat(leaked, ".", O_RDONLY | O_DIRECTORY), EACCES));
	REQUIRE(13, refused(openat(leaked, "new", O_WRONLY | O_CREAT, 0600),
			    EACCES));
	REQUIRE(14, refused(unlinkat(leaked, "secret", 0), EACCES));
	REQUIRE(15, refused(unlinkat(leaked, "empty", AT_REMOVEDIR), EACCES));
	REQUIRE(16, refused(mkdirat(leaked, "new", 0700), EACCES));
	REQUIRE(17, refused(symlinkat("x", leaked, "new"), EACCES));
	REQUIRE(18, refused(mknodat(leaked, "new", S_IFIFO | 0600, 0), EACCES));
	REQUIRE(19, refused(execveat(leaked, "program",
				     (char *[]){ (char *)"program", NULL },
				     (char *[]){ NULL }, 0),
			    EACCES));
	REQUIRE(20, fchdir(listed) == 0 &&
			    refused(open("secret", O_RDONLY), EACCES));
	REQUIRE(21, renameat(leaked, "secret", leaked, "new") < 0);
	return 0;
}

static void check_in_child(int (*function)(const void *argument),
			   const void *argument)
{
	if (landlock_abi() < 2 && child_skip("no Landlock here"))
		return;
	ck_assert_int_eq(child_run(function, argument), 0);
}

START_TEST(a_leaked_directory_opens_nothing)
{
	check_in_child(leak, NULL);
}
END_TEST

static int work_inside(const void *argument)
{
	int abi = 0;

	(void)argument;
	REQUIRE(1, enter(NULL, 0, &abi) == 0);
	REQUIRE(2, open("/a/file", O_RDWR | O_TRUNC) >= 0);
	REQUIRE(3, rename("/a/file", "/b/file") == 0);
	REQUIRE(4, link("/b/file", "/a/file") == 0);
	REQUIRE(5, mkdir("/c", 0700) == 0 && rename("/a", "/c/a") == 0);
	REQUIRE(6, open("/c", O_RDONLY | O_DIRECTORY) >= 0);
	REQUIRE(7, symlink("x", "/s") == 0 && unlink("/s") == 0);
	REQUIRE(8, mknod("/p", S_IFIFO | 0600, 0) == 0);
	REQUIRE(9, truncate("/b/file", 3) == 0);
	pid_t pid = fork();
	if (pid == 0)
		return pause();
	REQUIRE(10, kill(pid, SIGKILL) == 0);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX,
				    .sun_path = "/socket" };
	REQUIRE(11, bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 &&
			    listen(fd, 1) == 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(12, connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	return 0;
}

START_TEST(within_the_root_nothing_is_refused)
{
	check_in_child(work_inside, NULL);
}
END_TEST

static int open_again(const void *argument)
{
	int abi = 0, pipes[2], sockets[2];
	int leaked = open(host, O_PATH | O_DIRECTORY);
	int log = openat(leaked, "log", O_WRONLY | O_APPEND);
	int input = openat(leaked, "secret", O_RDONLY);
	int path = openat(leaked, "program", O_PATH);

	(void)argument;
	REQUIRE(1, pipe(pipes) == 0);
	REQUIRE(2, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	int fds[] = { input, -1, log, pipes[1], sockets[0], path };
	REQUIRE(3, enter(fds, ARRAY_SIZE(fds), &abi) == 0);

	REQUIRE(10, openat(leaked, "log", O_WRONLY | O_APPEND) >= 0);
	REQUIRE(11, openat(leaked, "log", O_WRONLY | O_TRUNC) >= 0);
	REQUIRE(12, refused(openat(leaked, "log", O_RDONLY), EACCES));
	REQUIRE(13, openat(leaked, "secret", O_RDONLY) >= 0);
	REQUIRE(14, refused(openat(leaked, "secret", O_RDWR), EACCES));
	REQUIRE(15, refused(openat(leaked, "program", O_RDONLY), EACCES));
	REQUIRE(16, refused(openat(leaked, ".", O_RDONLY), EACCES));
	return 0;
}

START_TEST(standard_output_can_be_opened_again_as_it_is_open)
{
	check_in_child(open_again, NULL);
}
END_TEST

static int lend_directory(const void *argument)
{
	int abi = 7;
	int fds[] = { open(host, O_RDONLY | O_DIRECTORY) };
	struct error err = { 0 };

	(void)argument;
	REQUIRE(1, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(2, landlock_confine_to_root(fds, 1, &abi, &err) == -EISDIR);
	REQUIRE(3, abi == 7); /* untouched */
	fds[0] = 999;
	REQUIRE(4, landlock_confine_to_root(fds, 1, &abi, &err) == -EBADF);
	/* and nothing was confined */
	REQUIRE(5, refused(open("/nowhere", O_RDONLY), ENOENT));
	return 0;
}

START_TEST(a_directory_is_not_lent)
{
	check_in_child(lend_directory, NULL);
}
END_TEST

static socklen_t abstract_name(struct sockaddr_un *ret, pid_t pid)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1,
			 "wolffia-test-%d", pid);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)n);
}

static int reach_out(const void *argument)
{
	struct sockaddr_un name;
	socklen_t size = abstract_name(&name, getppid());
	int abi = 0, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t parent = getppid();

	(void)argument;
	REQUIRE(1, connect(fd, (struct sockaddr *)&name, size) == 0);
	REQUIRE(2, kill(parent, 0) == 0);
	REQUIRE(3, enter(NULL, 0, &abi) == 0);
	if (abi < 6)
		return 99;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(10,
		refused(connect(fd, (struct sockaddr *)&name, size), EPERM));
	REQUIRE(11, refused(kill(parent, SIGCONT), EPERM));
	REQUIRE(12, kill(getpid(), 0) == 0);
	return 0;
}

START_TEST(no_signal_and_no_abstract_socket_leads_outside)
{
	struct sockaddr_un name;
	socklen_t size = abstract_name(&name, getpid());
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (landlock_abi() < 6 && child_skip("Landlock before Linux 6.12"))
		return;
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, size), 0);
	ck_assert_int_eq(listen(fd, 2), 0);
	ck_assert_int_eq(child_run(reach_out, NULL), 0);
}
END_TEST

static int confine_helper(const void *argument)
{
	struct error err = { 0 };
	scoped(char) *secret = xasprintf("%s/secret", host);
	scoped(char) *root_a = xasprintf("%s/root/a/file", host);
	scoped(char) *root_b = xasprintf("%s/root/b/file", host);
	scoped(char) *moved = xasprintf("%s/root/b/moved", host);
	scoped(char) *program = xasprintf("%s/root/b/program", host);
	scoped(char) *log = xasprintf("%s/log", host);
	int dir = open(host, O_PATH | O_DIRECTORY), abi = 0;
	struct landlock_tree trees[] = {
		{ openat(dir, "root/a", O_PATH), LANDLOCK_READ },
		{ openat(dir, "root/b", O_PATH), LANDLOCK_WRITE },
		{ openat(dir, "log", O_PATH), LANDLOCK_WRITE },
		{ open("/usr", O_PATH), LANDLOCK_READ_EXECUTE },
		{ open("/bin", O_PATH), LANDLOCK_READ_EXECUTE },
		{ open("/lib", O_PATH), LANDLOCK_READ_EXECUTE },
		/* where the dynamic loader is, on some machines */
		{ open("/lib64", O_PATH), LANDLOCK_READ_EXECUTE },
	};
	size_t n = ARRAY_SIZE(trees) - (trees[ARRAY_SIZE(trees) - 1].fd < 0);

	(void)argument;
	REQUIRE(1, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(2, landlock_confine_to(trees, n, &abi, &err) == 0);
	REQUIRE(3, abi >= 2);

	REQUIRE(10, open(root_a, O_RDONLY) >= 0);
	REQUIRE(11, refused(open(root_a, O_RDWR), EACCES));
	REQUIRE(12, refused(unlink(root_a), EACCES));
	REQUIRE(13, open(root_b, O_RDWR | O_CREAT, 0600) >= 0);
	REQUIRE(14, rename(root_b, moved) == 0 && unlink(moved) == 0);
	int fd = open(program, O_WRONLY | O_CREAT, 0700);
	REQUIRE(15, write(fd, "#!/bin/sh\nexit 9", 16) == 16 && close(fd) == 0);
	REQUIRE(16, refused(execl(program, "x", NULL), EACCES));
	REQUIRE(17, open(log, O_RDWR | O_TRUNC) >= 0);
	REQUIRE(18, refused(open(secret, O_RDONLY), EACCES));
	REQUIRE(19, refused(open("/etc/passwd", O_RDONLY), EACCES));
	execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	REQUIRE(20, false);
	return 0;
}

START_TEST(a_helper_reaches_its_trees_and_nothing_else)
{
	check_in_child(confine_helper, NULL);
}
END_TEST

static int confine_without_privilege(const void *argument)
{
	struct error err = { 0 };
	int abi = 0;

	(void)argument;
	if (geteuid() == 0)
		REQUIRE(1, setgid(65534) == 0 && setuid(65534) == 0);
	REQUIRE(2, landlock_confine_to_root(NULL, 0, &abi, &err) == -EPERM);
	REQUIRE(3, strstr(err.hint, "no_new_privs"));
	return 0;
}

START_TEST(it_takes_no_new_privs_or_root_in_the_namespace)
{
	check_in_child(confine_without_privilege, NULL);
}
END_TEST

/* a kernel without Landlock, or with it switched off */
static int confine_on_kernel_that_says(const void *argument)
{
	int code = *(const int *)argument;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset,
			 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	struct error err = { 0 };
	int abi = 7;

	REQUIRE(1, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	REQUIRE(2, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	REQUIRE(3, landlock_abi() == -code);
	REQUIRE(4, landlock_confine_to_root(NULL, 0, &abi, &err) == -code);
	REQUIRE(5, landlock_confine_to(NULL, 0, &abi, &err) == -code);
	REQUIRE(6, abi == 7 && err.text[0]);
	REQUIRE(7, open("/", O_RDONLY) >= 0);
	return 0;
}

START_TEST(a_kernel_without_it_is_told_apart_from_one_that_has_it_off)
{
	ck_assert_int_eq(
		child_run(confine_on_kernel_that_says, &(int){ ENOSYS }), 0);
	ck_assert_int_eq(
		child_run(confine_on_kernel_that_says, &(int){ EOPNOTSUPP }),
		0);
}
END_TEST

START_TEST(what_an_older_kernel_leaves_unguarded_is_said)
{
	ck_assert_ptr_nonnull(strstr(landlock_missing(-ENOSYS), "files"));
	ck_assert_ptr_nonnull(strstr(landlock_missing(1), "files"));
	ck_assert_ptr_nonnull(strstr(landlock_missing(2), "truncation"));
	ck_assert_ptr_null(strstr(landlock_missing(3), "truncation"));
	ck_assert_ptr_nonnull(strstr(landlock_missing(4), "ioctls"));
	ck_assert_ptr_null(strstr(landlock_missing(5), "ioctls"));
	ck_assert_ptr_nonnull(strstr(landlock_missing(5), "signals"));
	for (int abi = 6; abi < 20; abi++)
		ck_assert_ptr_null(landlock_missing(abi));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("landlock");
	TCase *tests = tcase_create("landlock");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_leaked_directory_opens_nothing);
	tcase_add_test(tests, within_the_root_nothing_is_refused);
	tcase_add_test(tests,
		       standard_output_can_be_opened_again_as_it_is_open);
	tcase_add_test(tests, a_directory_is_not_lent);
	tcase_add_test(tests, no_signal_and_no_abstract_socket_leads_outside);
	tcase_add_test(tests, a_helper_reaches_its_trees_and_nothing_else);
	tcase_add_test(tests, it_takes_no_new_privs_or_root_in_the_namespace);
	tcase_add_test(
		tests,
		a_kernel_without_it_is_told_apart_from_one_that_has_it_off);
	tcase_add_test(tests, what_an_older_kernel_leaves_unguarded_is_said);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
