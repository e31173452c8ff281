/*
 * Each step of unpack_confine() alone, in a child: what it is to forbid works
 * before it, and does not after it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/unpack/unpack_confine.h"
#include "storage/unpack/unpack_stages.h"

enum { LACKING = 77 };

static struct error err;

/* In a child, which has no way to say more than a line. */
#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			_exit(__LINE__ % 100 + 100);                           \
	} while (0)

static int status_of(void (*function)(int), int argument)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		function(argument);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void must_succeed(void (*function)(int))
{
	int status = status_of(function, 0);

	if (WIFEXITED(status) && WEXITSTATUS(status) == LACKING) {
		const char *must = getenv("TESTS_MUST_RUN");
		ck_assert_msg(!must || strcmp(must, "1") != 0,
			      "this machine lacks what the test needs");
		return;
	}
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "wait status %#x (exit status: 100 + line %% 100)",
		      (unsigned)status);
}

static void files(int unused)
{
	int in[2], out[2], report[2];
	char byte = 'x';

	(void)unused;
	MUST(open("/", O_RDONLY) >= 0);
	MUST(fcntl(0, F_DUPFD, 200) >= 200);
	MUST(pipe(in) == 0 && pipe(out) == 0 && pipe(report) == 0);
	/* the worst numbers to be in: each other's places */
	MUST(dup2(in[0], 2) == 2 && dup2(out[1], 0) == 0 &&
	     dup2(report[1], 1) == 1);
	MUST(write(in[1], &byte, 1) == 1);
	/* so that the reading ends stay for a look at what was written */
	MUST(unpack_confine_files(2, 0, 1, &err) == 0);
	for (int fd = 3; fd < 1024; fd++)
		MUST(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	MUST(read(0, &byte, 1) == 1 && byte == 'x');
}

START_TEST(only_three_descriptors_stay_open)
{
	must_succeed(files);
}
END_TEST

static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	MUST(syscall(SYS_capget, &head, data) == 0);
	return data[0].effective || data[0].permitted || data[1].effective ||
	       data[1].permitted || data[0].inheritable;
}

static void process(int unused)
{
	(void)unused;
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(LACKING);
	MUST(has_capabilities());
	MUST(unpack_confine_process(&err) == 0);
	MUST(!has_capabilities());
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

START_TEST(no_capability_stays_and_none_can_come)
{
	must_succeed(process);
}
END_TEST

static void landlock(int unused)
{
	char name[] = "/tmp/unpack.XXXXXX";
	int root = open("/", O_RDONLY | O_DIRECTORY);

	(void)unused;
	MUST(root >= 0);
	MUST(close(mkstemp(name)) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	int abi = unpack_confine_landlock(&err);
	MUST(abi >= 0);
	int opened = open(name, O_RDONLY);
	int refused = errno;
	int opened_at = openat(root, "etc", O_RDONLY | O_DIRECTORY);
	int refused_at = errno;
	int removed = unlink(name);
	if (abi == 0)
		_exit(LACKING);
	MUST(opened < 0 && refused == EACCES);
	MUST(opened_at < 0 && refused_at == EACCES);
	MUST(removed < 0 && errno == EACCES);
	MUST(mkdir("/tmp/unpack.directory", 0700) < 0 && errno == EACCES);
	MUST(execl("/bin/true", "true", NULL) < 0 && errno == EACCES);
	/* ABI 6: nothing outside the domain can be signalled */
	MUST(abi < 6 || (kill(getppid(), 0) < 0 && errno == EPERM));
}

START_TEST(no_path_leads_anywhere)
{
	must_succeed(landlock);
	/* the file that the child must not be able to remove */
	ck_assert_int_eq(system("rm -f /tmp/unpack.??????"), 0);
}
END_TEST

static rlim_t limit_of(int what)
{
	struct rlimit now;

	MUST(getrlimit((__rlimit_resource_t)what, &now) == 0);
	MUST(now.rlim_cur == now.rlim_max);
	return now.rlim_max;
}

static void limits(int unused)
{
	(void)unused;
	MUST(unpack_confine_limits(&err) == 0);
	MUST(limit_of(RLIMIT_CORE) == 0);
	MUST(limit_of(RLIMIT_FSIZE) == 0);
	MUST(limit_of(RLIMIT_NPROC) == 0);
	MUST(limit_of(RLIMIT_CPU) <= UNPACK_SECONDS);
#ifndef __SANITIZE_ADDRESS__
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	return;
#endif
#endif
	MUST(mmap(NULL, UNPACK_MEMORY + 1, PROT_READ, MAP_PRIVATE | MAP_ANON,
		  -1, 0) == MAP_FAILED);
	MUST(mmap(NULL, UNPACK_MEMORY / 2, PROT_READ, MAP_PRIVATE | MAP_ANON,
		  -1, 0) != MAP_FAILED);
#endif
}

START_TEST(memory_and_files_are_limited)
{
	must_succeed(limits);
}
END_TEST

static void call_mmap_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0);
}

static void call_mmap_file(void)
{
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static void call_mprotect_code(void)
{
	static char page[8192];

	mprotect((void *)(((uintptr_t)page + 4095) & ~UINT64_C(4095)), 4096,
		 PROT_READ | PROT_EXEC);
}

/* clang-format off */
static const struct {
	const char *what;
	void (*function)(void);
	long number;
	long arguments[3];
} forbidden[] = {
	{ "mmap code",     call_mmap_code,     0, { 0 } },
	{ "mmap a file",   call_mmap_file,     0, { 0 } },
	{ "mprotect code", call_mprotect_code, 0, { 0 } },
	{ "socket",        NULL, SYS_socket,   { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socketpair",    NULL, SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "execve",        NULL, SYS_execve,   { 0 } },
	{ "execveat",      NULL, SYS_execveat, { 0 } },
	{ "clone",         NULL, SYS_clone,    { SIGCHLD } },
	{ "clone3",        NULL, SYS_clone3,   { 0 } },
	{ "kill",          NULL, SYS_kill,     { 1, 0 } },
	{ "ptrace",        NULL, SYS_ptrace,   { 0 } },
	{ "openat2",       NULL, SYS_openat2,  { 0 } },
	{ "unlinkat",      NULL, SYS_unlinkat, { 0 } },
	{ "mkdirat",       NULL, SYS_mkdirat,  { 0 } },
	{ "fchmodat",      NULL, SYS_fchmodat, { 0 } },
	{ "newfstatat",    NULL, SYS_newfstatat, { 0 } },
	{ "chroot",        NULL, SYS_chroot,   { 0 } },
	{ "mount",         NULL, SYS_mount,    { 0 } },
	{ "unshare",       NULL, SYS_unshare,  { 0 } },
	{ "setns",         NULL, SYS_setns,    { 0 } },
	{ "prctl",         NULL, SYS_prctl,    { 0 } },
	{ "ioctl",         NULL, SYS_ioctl,    { 0 } },
	{ "dup",           NULL, SYS_dup,      { 0 } },
	{ "bpf",           NULL, SYS_bpf,      { 0 } },
	{ "io_uring",      NULL, SYS_io_uring_setup, { 0 } },
	{ "userfaultfd",   NULL, SYS_userfaultfd, { 0 } },
	{ "keyctl",        NULL, SYS_keyctl,   { 0 } },
	{ "no such call",  NULL, 9999,         { 0 } },
};
/* clang-format on */

static void forbidden_call(int i)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(unpack_confine_seccomp(&err) == 0);
	if (forbidden[i].function)
		forbidden[i].function();
	else
		syscall(forbidden[i].number, forbidden[i].arguments[0],
			forbidden[i].arguments[1], forbidden[i].arguments[2]);
}

START_TEST(a_call_outside_the_list_is_the_end)
{
	int status = status_of(forbidden_call, _i);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		      "%s: wait status %#x", forbidden[_i].what,
		      (unsigned)status);
}
END_TEST

static void allowed_calls(int unused)
{
	int channel[2];
	char byte = 'x';

	(void)unused;
	MUST(pipe(channel) == 0);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(unpack_confine_seccomp(&err) == 0);
	MUST(write(channel[1], &byte, 1) == 1);
	MUST(read(channel[0], &byte, 1) == 1);
	void *memory = malloc(64 << 20);
	MUST(memory);
	free(memory);
	MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
}

START_TEST(reading_writing_and_memory_still_work)
{
	must_succeed(allowed_calls);
}
END_TEST

static void has_line(const char *status, const char *line)
{
	ck_assert_msg(strstr(status, line), "no '%s' in %s", line, status);
}

/* An empty directory's header, in as many copies as pass all the buffers. */
static void write_tar(int fd)
{
	unsigned char block[512] = "d/";
	unsigned sum = 0;

	strcpy((char *)block + 100, "0000755");
	strcpy((char *)block + 108, "0000000");
	strcpy((char *)block + 116, "0000000");
	strcpy((char *)block + 124, "00000000000");
	strcpy((char *)block + 136, "00000000000");
	memset(block + 148, ' ', 8);
	block[156] = '5';
	memcpy(block + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	for (int i = 0; i < 20000; i++)
		if (write(fd, block, sizeof(block)) < 0)
			_exit(1);
}

START_TEST(every_process_that_parses_is_confined)
{
	struct unpack_stages stages;
	char records[64];
	int tar[2];

	ck_assert_int_eq(pipe(tar), 0);
	ck_assert_int_eq(unpack_stages_start(&stages, tar[0], UNPACK_ALL_STAGES,
					     UINT64_MAX, &err),
			 0);
	pid_t feeder = fork();
	if (feeder == 0) {
		write_tar(tar[1]);
		_exit(0);
	}
	/* a record has come through all of them; the input is not at its end,
	 * so all of them live */
	ck_assert_int_gt(read(stages.records_fd, records, sizeof(records)), 0);
	for (int i = 0; i < UNPACK_STAGES; i++) {
		scoped(char) *path =
			xasprintf("/proc/%d/status", (int)stages.stage[i].pid);
		scoped(char) *text = NULL;
		ck_assert_int_gt(
			fd_read_file(AT_FDCWD, path, 1 << 16, &text, &err), 0);
		has_line(text, "\nSeccomp:\t2\n");
		has_line(text, "\nNoNewPrivs:\t1\n");
		has_line(text, "\nCapPrm:\t0000000000000000\n");
		has_line(text, "\nCapEff:\t0000000000000000\n");
		path[strlen(path) - strlen("status")] = '\0';
		scoped(char) *limits_path = xasprintf("%slimits", path);
		scoped(char) *all = NULL;
		ck_assert_int_gt(fd_read_file(AT_FDCWD, limits_path, 1 << 16,
					      &all, &err),
				 0);
		has_line(all, "\nMax open files            0 ");
		has_line(all, "\nMax core file size        0 ");
	}
	unpack_stages_kill(&stages);
	kill(feeder, SIGKILL);
	waitpid(feeder, NULL, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unpack confinement");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, only_three_descriptors_stay_open);
	tcase_add_test(tests, no_capability_stays_and_none_can_come);
	tcase_add_test(tests, no_path_leads_anywhere);
	tcase_add_test(tests, memory_and_files_are_limited);
	tcase_add_loop_test(tests, a_call_outside_the_list_is_the_end, 0,
			    ARRAY_SIZE(forbidden));
	tcase_add_test(tests, reading_writing_and_memory_still_work);
	tcase_add_test(tests, every_process_that_parses_is_confined);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
