#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"

#define ARGV(...) ((char **)(const char *[]){ __VA_ARGS__, NULL })

static const struct process_stdio no_stdio = { -1, -1, -1 };

static pid_t spawn(char *const argv[], const struct process_stdio *stdio)
{
	struct error err = { 0 };
	pid_t pid = process_spawn(argv, stdio, &err);

	ck_assert_msg(pid > 0, "%s: %s", argv[0], err.text);
	return pid;
}

static int status_of(pid_t pid)
{
	struct error err = { 0 };
	int status = process_wait(pid, &err);

	ck_assert_msg(status >= 0, "%s", err.text);
	return process_exit_status(status);
}

static int run_shell(const char *script)
{
	char **argv = ARGV("sh", "-c", script);

	return status_of(spawn(argv, &no_stdio));
}

/* what @argv writes to stdout; the caller frees it */
static char *output_of(char *const argv[])
{
	int ends[2];
	char *text = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	struct process_stdio stdio = { -1, ends[1], -1 };
	pid_t pid = spawn(argv, &stdio);
	close(ends[1]);
	ck_assert_int_ge(fd_read_all(ends[0], 1 << 20, &text, &err), 0);
	close(ends[0]);
	ck_assert_int_eq(status_of(pid), 0);
	return text;
}

/* clang-format off */
static const struct {
	const char *script;
	int status;
	const char *description;
} endings[] = {
	{ "exit 0",         0,        "exited with status 0" },
	{ "exit 3",         3,        "exited with status 3" },
	{ "exit 255",       255,      "exited with status 255" },
	{ "kill -KILL $$",  128 + 9,  "was killed by SIGKILL" },
	{ "kill -TERM $$",  128 + 15, "was killed by SIGTERM" },
	{ "kill -40 $$",    128 + 40, "was killed by signal 40" },
};
/* clang-format on */

START_TEST(the_end_of_a_program_is_known)
{
	char **argv = ARGV("sh", "-c", endings[_i].script);
	struct error err;
	char text[64];
	int status = process_wait(spawn(argv, &no_stdio), &err);

	ck_assert_int_eq(process_exit_status(status), endings[_i].status);
	ck_assert_str_eq(process_describe(status, text, sizeof(text)),
			 endings[_i].description);
}
END_TEST

static char *make_program(const char *directory, const char *name,
			  const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", directory, name);
	struct error err;
	scoped_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
	return path;
}

START_TEST(a_program_that_is_not_there_is_not_started)
{
	char **missing = ARGV("no-such-program");
	char **no_path = ARGV("/no/such/program");
	char **no_program = ARGV("/etc/passwd");
	struct error err;

	ck_assert_int_eq(process_spawn(missing, &no_stdio, &err), -ENOENT);
	ck_assert_str_eq(err.text, "no-such-program is not installed");
	ck_assert_int_eq(process_spawn(no_path, &no_stdio, &err), -ENOENT);
	ck_assert_int_eq(process_spawn(no_program, &no_stdio, &err), -ENOENT);
	ck_assert_int_eq(process_wait(-1, &err), -ECHILD);
}
END_TEST

START_TEST(what_cannot_be_executed_ends_as_in_a_shell)
{
	char directory[] = "/tmp/test_process.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(directory));
	scoped(char) *garbage =
		make_program(directory, "garbage", "\x01", 0700);
	scoped(char) *orphan =
		make_program(directory, "orphan", "#!/no/shell\n", 0700);
	char **run_garbage = ARGV(garbage), **run_orphan = ARGV(orphan);

	ck_assert_int_eq(status_of(spawn(run_garbage, &no_stdio)),
			 STATUS_CANNOT_EXEC);
	ck_assert_int_eq(status_of(spawn(run_orphan, &no_stdio)),
			 STATUS_NOT_FOUND);
	unlink(garbage);
	unlink(orphan);
	rmdir(directory);
}
END_TEST

START_TEST(a_program_is_looked_for_in_absolute_directories_only)
{
	char directory[] = "/tmp/test_process.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(directory));
	scoped(char) *path =
		make_program(directory, "ours", "#!/bin/sh\n", 0700);
	scoped(char) *found = NULL;

	ck_assert_int_eq(chdir(directory), 0);
	setenv("PATH", ":.::./:../tmp:", 1);
	ck_assert_ptr_null(process_find_program("ours"));
	setenv("PATH", directory, 1);
	found = process_find_program("ours");
	ck_assert_str_eq(found, path);
	/* and one whose mode does not allow it is none */
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_ptr_null(process_find_program("ours"));
	unsetenv("PATH");
	scoped(char) *shell = process_find_program("sh");
	ck_assert_str_eq(shell, "/usr/bin/sh");
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(the_first_program_in_path_is_taken)
{
	char directory[] = "/tmp/test_process.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(directory));
	scoped(char) *path = make_program(directory, "sh", "", 0700);
	scoped(char) *both = xasprintf("%s:/bin", directory);

	setenv("PATH", both, 1);
	scoped(char) *found = process_find_program("sh");
	ck_assert_str_eq(found, path);
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(a_program_has_three_streams_and_no_other_descriptor)
{
	char **argv = ARGV("ls", "/proc/self/fd");

	for (int fd = 50; fd < 60; fd++)
		ck_assert_int_eq(dup2(0, fd), fd);
	/* 3 is the directory that ls(1) reads */
	scoped(char) *fds = output_of(argv);
	ck_assert_str_eq(fds, "0\n1\n2\n3\n");
}
END_TEST

START_TEST(a_stream_that_is_none_is_dev_null)
{
	ck_assert_int_eq(run_shell("for n in 0 1 2; do\n"
				   "test /dev/fd/$n -ef /dev/null || exit 1\n"
				   "done"),
			 0);
}
END_TEST

/* in the child: its stdin is the pipe to write to, stdout the one to read */
static int cross_streams(const void *argument)
{
	char **argv = ARGV("cat");
	int to[2], from[2], status;
	char text[16] = "";
	struct error err;

	(void)argument;
	if (pipe(to) < 0 || pipe(from) < 0 || dup2(from[1], 0) < 0 ||
	    dup2(to[0], 1) < 0)
		return 1;
	pid_t pid =
		process_spawn(argv, &(struct process_stdio){ 1, 0, 0 }, &err);
	if (pid < 0 || write(to[1], "crossed", 7) != 7)
		return 2;
	close(to[1]);
	status = process_wait(pid, &err);
	if (status != 0 || read(from[0], text, sizeof(text) - 1) != 7)
		return 3;
	return strcmp(text, "crossed") == 0 ? 0 : 4;
}

START_TEST(streams_may_stand_in_each_others_places)
{
	ck_assert_int_eq(child_run(cross_streams, NULL), 0);
}
END_TEST

START_TEST(a_program_starts_with_no_signal_blocked_or_ignored)
{
	char **argv = ARGV("cat", "/proc/self/status");
	sigset_t mask, after;

	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int number = 1; number < NSIG; number++)
		if (number != SIGCHLD)
			signal(number, SIG_IGN);
	scoped(char) *text = output_of(argv);
	ck_assert_ptr_nonnull(strstr(text, "SigBlk:\t0000000000000000\n"));
	ck_assert_ptr_nonnull(strstr(text, "SigIgn:\t0000000000000000\n"));
	/* and ours are as before */
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGTERM));
	struct sigaction action;
	sigaction(SIGPIPE, NULL, &action);
	ck_assert(action.sa_handler == SIG_IGN);
}
END_TEST

/* in the child: starts a program that lives as long as its stdin, and ends */
static int start_and_end(const int *input, const int *report)
{
	char **argv = ARGV("cat");
	struct process_stdio stdio = { input[0], -1, -1 };
	struct error err;
	pid_t pid = process_spawn(argv, &stdio, &err);

	if (write(report[1], &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	return pid > 0 ? 0 : 2;
}

START_TEST(a_program_dies_with_who_started_it)
{
	int input[2], report[2], status = 0;
	pid_t pid = -1;
	struct error err;

	/* so that the orphan is ours to wait for */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(pipe2(input, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
	pid_t starter = fork();
	if (starter == 0)
		_exit(start_and_end(input, report));
	ck_assert_int_eq(process_wait(starter, &err), 0);
	ck_assert_int_eq(read(report[0], &pid, sizeof(pid)), sizeof(pid));
	ck_assert_int_gt(pid, 0);
	/* its stdin is still open here: nothing else ends it */
	struct pollfd end = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
	ck_assert_int_ge(end.fd, 0);
	bool ended = poll(&end, 1, 20000) == 1;
	if (!ended)
		kill(pid, SIGTERM);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(ended);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

/* @argument: the process that is thought to be the parent */
static int tie_to(const void *argument)
{
	int number = 0;

	process_die_with_parent(*(const pid_t *)argument);
	prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0);
	return number == SIGKILL ? 0 : 1;
}

START_TEST(who_lost_the_parent_already_ends_at_once)
{
	pid_t us = getpid(), other = getppid();

	ck_assert_int_eq(child_run(tie_to, &us), 0);
	ck_assert_int_eq(child_run(tie_to, &other), STATUS_WOLFFIA);
}
END_TEST

static char *command_line(size_t *ret_size)
{
	char *text = NULL;
	struct error err;
	ssize_t n = fd_read_file(AT_FDCWD, "/proc/self/cmdline", 1 << 20, &text,
				 &err);

	ck_assert_int_gt(n, 0);
	*ret_size = (size_t)n;
	return text;
}

START_TEST(who_has_ended_is_seen_before_it_is_waited_for)
{
	siginfo_t end = { 0 };
	int hold[2];
	char byte;

	ck_assert_int_eq(pipe(hold), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) < 0);
	}
	ck_assert(!process_is_ending(pid));
	ck_assert(!process_is_ending(getpid()));
	ck_assert(process_kill(pid));
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	ck_assert(process_is_ending(pid));
	ck_assert_int_eq(status_of(pid), STATUS_SIGNAL + SIGKILL);
	ck_assert(!process_is_ending(pid));
	ck_assert(!process_kill(pid));
}
END_TEST

START_TEST(a_title_covers_all_arguments)
{
	size_t before = 0, size = 0;
	free(command_line(&before));
	scoped(char) *long_title = xcalloc(before + 100, 1);
	scoped(char) *environment = xstrdup(environ[0]);

	memset(long_title, 't', before + 99);
	process_set_title(long_title);
	scoped(char) *cut = command_line(&size);
	ck_assert_uint_eq(size, before);
	ck_assert_uint_eq(strlen(cut), before - 1);
	/* behind the arguments lies the environment */
	ck_assert_str_eq(environ[0], environment);

	process_set_title("[init]");
	scoped(char) *title = command_line(&size);
	ck_assert_uint_eq(size, before);
	ck_assert_str_eq(title, "[init]");
	for (size_t i = strlen(title); i < size; i++)
		ck_assert_int_eq(title[i], '\0');
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tests = tcase_create("process");

	process_remember_title(argc, argv);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, the_end_of_a_program_is_known, 0,
			    (int)ARRAY_SIZE(endings));
	tcase_add_test(tests, a_program_that_is_not_there_is_not_started);
	tcase_add_test(tests, what_cannot_be_executed_ends_as_in_a_shell);
	tcase_add_test(tests,
		       a_program_is_looked_for_in_absolute_directories_only);
	tcase_add_test(tests, the_first_program_in_path_is_taken);
	tcase_add_test(tests,
		       a_program_has_three_streams_and_no_other_descriptor);
	tcase_add_test(tests, a_stream_that_is_none_is_dev_null);
	tcase_add_test(tests, streams_may_stand_in_each_others_places);
	tcase_add_test(tests,
		       a_program_starts_with_no_signal_blocked_or_ignored);
	tcase_add_test(tests, a_program_dies_with_who_started_it);
	tcase_add_test(tests, who_lost_the_parent_already_ends_at_once);
	tcase_add_test(tests, who_has_ended_is_seen_before_it_is_waited_for);
	tcase_add_test(tests, a_title_covers_all_arguments);
	return suite_run("process", tests);
}
