#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* a descriptor that gives @size bytes "x", and then the end */
static int full_pipe(size_t size)
{
	struct error err;
	int ends[2];
	scoped(char) *data = xcalloc(size, 1);

	memset(data, 'x', size);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 65536), 65536);
	ck_assert_int_eq(fd_write_all(ends[1], data, size, &err), 0);
	close(ends[1]);
	return ends[0];
}

START_TEST(closing_makes_it_none_and_keeps_errno)
{
	int fd = dup(0), none = -1, bad = 9999;

	errno = EXFULL;
	int number = fd;
	fd_close(&fd);
	fd_close(&none);
	fd_close(&bad);
	ck_assert_int_eq(errno, EXFULL);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(bad, -1);
	ck_assert(!is_open(number));
}
END_TEST

START_TEST(a_taken_descriptor_is_not_closed_by_its_scope)
{
	int kept, number;
	{
		scoped_fd fd = dup(0);
		scoped_fd other = dup(0);
		number = other;
		kept = take_fd(fd);
		ck_assert_int_eq(fd, -1);
	}
	ck_assert(is_open(kept));
	ck_assert(!is_open(number));
	close(kept);
}
END_TEST

START_TEST(a_link_leads_to_what_is_open)
{
	struct stat a, b;
	scoped_fd fd = open("/", O_PATH);

	ck_assert_int_eq(fstat(fd, &a), 0);
	ck_assert_int_eq(stat(fd_link(fd).text, &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
}
END_TEST

/* clang-format off */
static const struct {
	size_t size, max;
	bool fits;
} reads[] = {
	{ 0,     0,     true },
	{ 1,     0,     false },
	{ 1,     1,     true },
	{ 4095,  4095,  true },
	{ 4096,  4095,  false },
	{ 4096,  4096,  true },
	{ 4097,  4096,  false },
	{ 65536, 65536, true },
	{ 65536, 65535, false },
	{ 65536, 10,    false },
};
/* clang-format on */

START_TEST(everything_is_read_up_to_the_limit)
{
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		scoped_fd fd = full_pipe(reads[i].size);
		scoped(char) *data = NULL;
		struct error err = { 0 };
		ssize_t n = fd_read_all(fd, reads[i].max, &data, &err);

		if (!reads[i].fits) {
			ck_assert_msg(n == -EFBIG, "row %zu: %zd", i, n);
			ck_assert_ptr_null(data);
			continue;
		}
		ck_assert_msg(n == (ssize_t)reads[i].size, "row %zu: %zd", i,
			      n);
		ck_assert_uint_eq(strlen(data), reads[i].size);
	}
}
END_TEST

START_TEST(an_endless_file_ends_at_the_limit)
{
	scoped_fd fd = open("/dev/zero", O_RDONLY);
	scoped(char) *data = NULL;
	struct error err;

	ck_assert_int_eq(fd_read_all(fd, 100000, &data, &err), -EFBIG);
	ck_assert_str_eq(err.text, "more than 100000 bytes");
}
END_TEST

START_TEST(a_failed_read_or_write_says_so)
{
	scoped(char) *data = NULL;
	scoped_fd dir = open("/", O_RDONLY | O_DIRECTORY);
	scoped_fd full = open("/dev/full", O_WRONLY);
	struct error err;

	ck_assert_int_eq(fd_read_all(dir, 10, &data, &err), -EISDIR);
	ck_assert_int_eq(fd_write_all(full, "x", 1, &err), -ENOSPC);
	ck_assert_int_eq(fd_read_file(dir, "not/there", 1, &data, &err),
			 -ENOENT);
	ck_assert_str_eq(err.text, "open not/there: No such file or directory");
	ck_assert_int_eq(fd_write_file(dir, "dev/full", "x", &err), -ENOSPC);
	ck_assert_int_eq(fd_write_file(dir, "not/there", "x", &err), -ENOENT);
	ck_assert_ptr_null(data);
}
END_TEST

static void ignore(int number)
{
	(void)number;
}

/* in the child: reads slowly, and interrupts the writer while it waits */
static int read_and_disturb(const void *argument)
{
	const int *ends = argument;
	char byte[1000];
	size_t sum = 0;

	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], byte, sizeof(byte))) > 0;) {
		sum += (size_t)n;
		kill(getppid(), SIGUSR1);
	}
	return sum == 300000 ? 0 : 1;
}

START_TEST(a_write_goes_on_after_signals_and_short_writes)
{
	int ends[2], status;
	struct error err = { 0 };
	scoped(char) *data = xcalloc(300000, 1);
	struct sigaction action = { .sa_handler = ignore };

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(read_and_disturb(ends));
	close(ends[0]);
	ck_assert_msg(fd_write_all(ends[1], data, 300000, &err) == 0, "%s",
		      err.text);
	close(ends[1]);
	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_descriptor_is_handed_over)
{
	int sockets[2], received = -1;
	struct stat a, b;
	struct error err = { 0 };
	scoped_fd fd = open("/", O_PATH);

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	ck_assert_int_eq(fd_send(sockets[0], fd, &err), 0);
	ck_assert_int_eq(fd_receive(sockets[1], &received, &err), 0);
	ck_assert_int_ne(received, fd);
	ck_assert_int_eq(fcntl(received, F_GETFD), FD_CLOEXEC);
	fstat(fd, &a);
	ck_assert_int_eq(fstat(received, &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
}
END_TEST

START_TEST(bytes_without_a_descriptor_are_refused)
{
	int sockets[2], received = 4711;
	struct error err;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	ck_assert_int_eq(send(sockets[0], "x", 1, 0), 1);
	ck_assert_int_eq(fd_receive(sockets[1], &received, &err), -EPROTO);
	close(sockets[0]);
	ck_assert_int_eq(fd_receive(sockets[1], &received, &err), -EPROTO);
	ck_assert_int_eq(received, 4711);
}
END_TEST

static void send_two(int socket)
{
	struct {
		_Alignas(struct cmsghdr) char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[2] = { 0, 1 };

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	ck_assert_int_eq(sendmsg(socket, &message, 0), 1);
}

START_TEST(two_descriptors_at_once_are_refused_and_none_stays_open)
{
	int sockets[2], received = -1;
	struct error err;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	int lowest = dup(0);
	close(lowest);
	send_two(sockets[0]);
	ck_assert_int_eq(fd_receive(sockets[1], &received, &err), -EPROTO);
	ck_assert(!is_open(lowest));
	ck_assert_int_eq(received, -1);
}
END_TEST

static bool write_map(const char *path, const char *text)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 &&
	       write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool be_alone(void)
{
	char uids[32], gids[32];

	sprintf(uids, "0 %u 1", geteuid());
	sprintf(gids, "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", uids) &&
	       write_map("/proc/self/gid_map", gids);
}

/* a root whose /proc/self/fd is a directory of somebody's, and is empty */
static bool enter_false_root(void)
{
	const struct rlimit limit = { 4096, 4096 };

	return be_alone() && mount("none", "/tmp", "tmpfs", 0, NULL) == 0 &&
	       chdir("/tmp") == 0 && mkdir("proc", 0700) == 0 &&
	       mkdir("proc/self", 0700) == 0 &&
	       mkdir("proc/self/fd", 0700) == 0 &&
	       setrlimit(RLIMIT_NOFILE, &limit) == 0 && chroot(".") == 0;
}

/* Linux before 5.9 has no close_range(2): force what is done there. */
static bool deny_close_range(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter &&
	       seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
				SCMP_SYS(close_range), 0) == 0 &&
	       seccomp_load(filter) == 0;
}

/* so many that a list of them is read in several parts */
enum { LAST = 2000, HOLE = 150 };

static void open_up_to(int last)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 3; fd <= last; fd++)
		dup2(0, fd);
	close(HOLE); /* for the list itself: not the last in it */
}

/* clang-format off */
static const struct {
	const char *what;
	int keep[5];
	size_t n;
} keeps[] = {
	{ "nothing",                 { 0 },                 0 },
	{ "the first",               { 3 },                 1 },
	{ "the last",                { LAST },              1 },
	{ "neighbours",              { 10, 11, 12 },        3 },
	{ "far from each other",     { 3, 20, LAST - 1, LAST }, 4 },
	{ "none and standard ones",  { -1, 0, 2, 7 },       4 },
	{ "one twice",               { 7, 7 },              2 },
	{ "one that is not open",    { 7, 5000 },           2 },
};
/* clang-format on */

struct closing {
	size_t row;
	bool by_hand;
	bool rootless; /* without a /proc of the kernel's */
};

static bool is_kept(size_t row, int fd)
{
	for (size_t i = 0; i < keeps[row].n; i++)
		if (keeps[row].keep[i] == fd)
			return true;
	return fd < 3;
}

static int close_all_but(const void *argument)
{
	const struct closing *c = argument;
	struct error err;

	open_up_to(LAST);
	if (c->rootless && !enter_false_root())
		return 5;
	if (c->by_hand && !deny_close_range())
		return 1;
	if (fd_close_above(keeps[c->row].keep, keeps[c->row].n, &err) != 0)
		return 2;
	for (int fd = 0; fd < LAST + 100; fd++)
		if (is_open(fd) !=
		    (fd <= LAST && fd != HOLE && is_kept(c->row, fd)))
			return 3;
	return 0;
}

START_TEST(all_but_those_to_keep_are_closed)
{
	for (size_t i = 0; i < ARRAY_SIZE(keeps); i++) {
		struct closing closing = { i, _i > 0, _i > 1 };
		int r = child_run(close_all_but, &closing);

		ck_assert_msg(r == 0, "%s: %d", keeps[i].what, r);
	}
}
END_TEST

struct marking {
	int except;
	bool by_hand;
};

static int mark_all_but(const void *argument)
{
	const struct marking *m = argument;
	struct error err;

	open_up_to(LAST);
	if (m->by_hand && !deny_close_range())
		return 1;
	if (fd_cloexec_above(m->except, &err) != 0)
		return 2;
	for (int fd = 0; fd <= LAST; fd++) {
		int flags = fcntl(fd, F_GETFD);
		bool marked = fd >= 3 && fd != m->except;
		if (fd != HOLE && flags != (marked ? FD_CLOEXEC : 0))
			return 3;
	}
	return 0;
}

START_TEST(all_but_one_are_marked_close_on_exec)
{
	static const int excepts[] = { -1, 0, 2, 3, 100, LAST };

	for (size_t i = 0; i < ARRAY_SIZE(excepts); i++) {
		struct marking marking = { excepts[i], _i == 1 };
		int r = child_run(mark_all_but, &marking);

		ck_assert_msg(r == 0, "but for %d: %d", excepts[i], r);
	}
}
END_TEST

/* @argument: a bit for each of 0, 1 and 2 that is closed */
static int fill(const void *argument)
{
	const int closed = *(const int *)argument;
	struct stat null, st[3];
	struct error err;

	if (stat("/dev/null", &null) < 0)
		return 1;
	for (int fd = 0; fd < 3; fd++) {
		int other = open("/", O_RDONLY);
		dup2(other, fd);
		close(other);
	}
	for (int fd = 0; fd < 3; fd++)
		if (closed & 1 << fd)
			close(fd);
	int r = fd_fill_standard(&err);
	for (int fd = 0; fd < 3; fd++)
		if (r < 0 || fstat(fd, &st[fd]) < 0 ||
		    fcntl(fd, F_GETFD) != 0 ||
		    S_ISDIR(st[fd].st_mode) == !!(closed & 1 << fd) ||
		    ((closed & 1 << fd) && st[fd].st_rdev != null.st_rdev))
			return 2 + fd;
	return 0;
}

START_TEST(missing_standard_streams_become_dev_null)
{
	ck_assert_int_eq(child_run(fill, &_i), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("fd");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, closing_makes_it_none_and_keeps_errno);
	tcase_add_test(tests, a_taken_descriptor_is_not_closed_by_its_scope);
	tcase_add_test(tests, a_link_leads_to_what_is_open);
	tcase_add_test(tests, everything_is_read_up_to_the_limit);
	tcase_add_test(tests, an_endless_file_ends_at_the_limit);
	tcase_add_test(tests, a_failed_read_or_write_says_so);
	tcase_add_test(tests, a_write_goes_on_after_signals_and_short_writes);
	tcase_add_test(tests, a_descriptor_is_handed_over);
	tcase_add_test(tests, bytes_without_a_descriptor_are_refused);
	tcase_add_test(tests,
		       two_descriptors_at_once_are_refused_and_none_stays_open);
	tcase_add_loop_test(tests, all_but_those_to_keep_are_closed, 0, 3);
	tcase_add_loop_test(tests, all_but_one_are_marked_close_on_exec, 0, 2);
	tcase_add_loop_test(tests, missing_standard_streams_become_dev_null, 0,
			    8);
	return suite_run("fd", tests);
}
