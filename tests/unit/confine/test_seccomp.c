/*
 * The policy as the kernel keeps it: each call is made in a child with the
 * filter, and in one without to know what the kernel itself would have said.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "core/confine/seccomp.h"
#include "tests/unit/confine/child.h"

enum { AS_WITHOUT = 0 }; /* the filter lets it through to the kernel */

struct call {
	const char *what;
	long number;
	long args[5];
	int expected; /* an errno, or AS_WITHOUT */
};

struct trial {
	const struct call *call;
	bool filtered, pid1;
	enum seccomp_profile profile;
};

static int install(enum seccomp_profile profile, bool pid1)
{
	struct error err = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    seccomp_install(profile, pid1, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

/* its errno, or 0; those that are asked for here are below 127 */
static int make_call(const void *argument)
{
	const struct trial *trial = argument;
	const struct call *call = trial->call;

	if (trial->filtered && install(trial->profile, trial->pid1) < 0)
		return 127;
	long r = syscall(call->number, call->args[0], call->args[1],
			 call->args[2], call->args[3], call->args[4]);
	return r < 0 ? errno : 0;
}

static void check_call(const struct call *call, enum seccomp_profile profile,
		       bool pid1)
{
	struct trial without = { .call = call };
	struct trial with = { call, true, pid1, profile };
	int expected = call->expected == AS_WITHOUT
			       ? child_run(make_call, &without)
			       : call->expected;
	int got = child_run(make_call, &with);

	ck_assert_msg(got == expected, "%s: %s, not %s", call->what,
		      strerror(got), strerror(expected));
}

/* clang-format off */
static const struct call calls[] = {
	{ "a Unix socket", SYS_socket, { AF_UNIX, SOCK_STREAM }, 0 },
	{ "a TCP socket", SYS_socket, { AF_INET, SOCK_STREAM }, 0 },
	{ "a TCP socket, by flags", SYS_socket,
	  { AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 6 }, 0 },
	{ "a UDP socket", SYS_socket, { AF_INET6, SOCK_DGRAM }, 0 },
	{ "ping's socket", SYS_socket, { AF_INET, SOCK_DGRAM, 1 }, 0 },
	{ "routing messages", SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE }, 0 },
	{ "audit messages", SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT }, EPROTONOSUPPORT },
	{ "netfilter messages", SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER }, EPROTONOSUPPORT },
	{ "xfrm messages", SYS_socket,
	  { AF_NETLINK, SOCK_RAW, NETLINK_XFRM }, EPROTONOSUPPORT },
	{ "AF_ALG", SYS_socket, { AF_ALG, SOCK_SEQPACKET }, EAFNOSUPPORT },
	{ "AF_ALG with high bits", SYS_socket,
	  { AF_ALG | 1L << 32, SOCK_SEQPACKET }, EAFNOSUPPORT },
	{ "AF_VSOCK", SYS_socket, { AF_VSOCK, SOCK_STREAM }, EAFNOSUPPORT },
	{ "AF_PACKET", SYS_socket, { AF_PACKET, SOCK_RAW }, EAFNOSUPPORT },
	{ "AF_KEY", SYS_socket, { AF_KEY, SOCK_RAW, 2 }, EAFNOSUPPORT },
	{ "AF_RXRPC", SYS_socket, { AF_RXRPC, SOCK_DGRAM, 2 }, EAFNOSUPPORT },
	{ "AF_PACKET by its old name", SYS_socket,
	  { AF_INET, SOCK_PACKET, 0x300 }, ESOCKTNOSUPPORT },
	{ "SCTP", SYS_socket, { AF_INET, SOCK_STREAM, IPPROTO_SCTP },
	  EPROTONOSUPPORT },
	{ "DCCP", SYS_socket, { AF_INET, SOCK_DCCP, IPPROTO_DCCP },
	  ESOCKTNOSUPPORT },
	{ "a pair of AF_TIPC", SYS_socketpair, { AF_TIPC, SOCK_STREAM },
	  EAFNOSUPPORT },
	{ "TLS in TCP", SYS_setsockopt, { -1, IPPROTO_TCP, 31 }, ENOPROTOOPT },
	{ "TCP_NODELAY", SYS_setsockopt, { -1, IPPROTO_TCP, 1 }, 0 },

	{ "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
	{ "clone of a user namespace", SYS_clone,
	  { CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "clone of a mount namespace", SYS_clone,
	  { CLONE_NEWNS | SIGCHLD }, EPERM },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, EPERM },
	{ "setns", SYS_setns, { -1, 0 }, EPERM },
	{ "mount", SYS_mount, { 0, 0, 0, 0 }, EPERM },
	{ "fsopen", SYS_fsopen, { 0, 0 }, EPERM },
	{ "open_tree", SYS_open_tree, { -1, 0, 0 }, EPERM },
	{ "mount_setattr", SYS_mount_setattr, { -1, 0, 0, 0, 0 }, EPERM },
	{ "pivot_root", SYS_pivot_root, { 0, 0 }, EPERM },
	{ "chroot", SYS_chroot, { (long)"/proc/none" }, 0 },

	{ "TIOCSTI", SYS_ioctl, { -1, TIOCSTI }, EPERM },
	{ "TIOCSTI with high bits", SYS_ioctl,
	  { -1, TIOCSTI | 1L << 32 }, EPERM },
	{ "TIOCLINUX", SYS_ioctl, { -1, 0x541c }, EPERM },
	{ "TIOCSETD", SYS_ioctl, { -1, TIOCSETD }, EPERM },
	{ "TIOCGWINSZ", SYS_ioctl, { -1, TIOCGWINSZ }, 0 },

	{ "keyctl", SYS_keyctl, { 0, -3, 0 }, ENOSYS },
	{ "add_key", SYS_add_key, { 0, 0, 0, 0, 0 }, ENOSYS },
	{ "bpf", SYS_bpf, { 0, 0, 0 }, EPERM },
	{ "io_uring_setup", SYS_io_uring_setup, { 0, 0 }, EPERM },
	{ "userfaultfd", SYS_userfaultfd, { -1 }, EPERM },
	{ "perf_event_open", SYS_perf_event_open, { 0 }, EPERM },
	{ "open_by_handle_at", SYS_open_by_handle_at, { -1, 0, 0 }, EPERM },
	{ "process_vm_writev", SYS_process_vm_writev, { 0 }, EPERM },
	{ "ptrace", SYS_ptrace, { 7, -1 }, 0 },

	{ "personality, asking", SYS_personality, { 0xffffffff }, 0 },
	{ "personality of a debugger", SYS_personality,
	  { ADDR_NO_RANDOMIZE }, 0 },
	{ "personality with executable data", SYS_personality,
	  { READ_IMPLIES_EXEC }, EPERM },
	{ "PR_SET_PDEATHSIG", SYS_prctl, { PR_SET_PDEATHSIG, 15 }, 0 },
	{ "PR_SET_MM", SYS_prctl, { PR_SET_MM, 14, 0, 0 }, EPERM },

	{ "statx", SYS_statx, { -1, 0, 0, 0, 0 }, 0 },
	{ "openat2", SYS_openat2, { -1, 0, 0, 0 }, 0 },
	{ "memfd_create", SYS_memfd_create, { (long)"x", 0 }, 0 },
	{ "getrandom", SYS_getrandom, { 0, 0, 0 }, 0 },
	{ "close_range", SYS_close_range, { 1000, 1001, 0 }, 0 },
	{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 1 }, 0 },
	{ "mseal", 462, { 0, 0, 0 }, 0 },
	{ "number 600", 600, { 0 }, ENOSYS },
	{ "number 100000", 100000, { 0 }, ENOSYS },
#ifdef __x86_64__
	{ "getpid of x32", 0x40000000 | 39, { 0 }, ENOSYS },
	{ "modify_ldt", SYS_modify_ldt, { 0, 0, 0 }, EPERM },
#endif
};
/* clang-format on */

START_TEST(the_default_profile_answers_as_the_list_says)
{
	check_call(&calls[_i], SECCOMP_PROFILE_DEFAULT, false);
}
END_TEST

/* clang-format off */
static const struct call nested_calls[] = {
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, 0 },
	{ "clone of a namespace", SYS_clone,
	  { CLONE_NEWUSER | CLONE_FS }, 0 }, /* EINVAL */
	{ "clone3", SYS_clone3, { 0, 0 }, 0 },
	{ "mount", SYS_mount, { 0, 0, 0, 0 }, 0 },
	{ "setns", SYS_setns, { -1, 0 }, 0 },
	{ "bpf", SYS_bpf, { 0, 0, 0 }, EPERM },
	{ "AF_ALG", SYS_socket, { AF_ALG, SOCK_SEQPACKET }, EAFNOSUPPORT },
	{ "TIOCSTI", SYS_ioctl, { -1, TIOCSTI }, EPERM },
	{ "keyctl", SYS_keyctl, { 0, -3, 0 }, ENOSYS },
};
/* clang-format on */

START_TEST(the_nested_profile_lets_namespaces_and_mounts_through)
{
	check_call(&nested_calls[_i], SECCOMP_PROFILE_NESTED, false);
}
END_TEST

START_TEST(a_workload_that_is_pid_1_keeps_its_parent_death_signal)
{
	const struct call set = {
		"PR_SET_PDEATHSIG", SYS_prctl, { PR_SET_PDEATHSIG, 0 }, EPERM
	};
	const struct call get = {
		"PR_SET_NAME", SYS_prctl, { PR_SET_NAME, (long)"x" }, AS_WITHOUT
	};

	check_call(&set, SECCOMP_PROFILE_DEFAULT, true);
	check_call(&set, SECCOMP_PROFILE_NESTED, true);
	check_call(&get, SECCOMP_PROFILE_DEFAULT, true);
}
END_TEST

#ifdef __x86_64__
static int call_by_interrupt(const void *argument)
{
	long number = 20; /* getpid of i386 */

	if (argument && install(SECCOMP_PROFILE_DEFAULT, false) < 0)
		return 127;
	__asm__ volatile("int $0x80"
			 : "+a"(number)
			 :
			 : "memory", "r8", "r9", "r10", "r11");
	return number > 0 ? 0 : 1;
}

START_TEST(a_32_bit_call_kills)
{
	if (child_run(call_by_interrupt, NULL) != 0 &&
	    child_skip("the kernel has no 32-bit calls"))
		return;
	ck_assert_int_eq(child_run(call_by_interrupt, ""), 128 + SIGSYS);
}
END_TEST
#endif

static void *in_thread(void *argument)
{
	return argument;
}

static int use_processes(const void *argument)
{
	pthread_t thread;
	void *result = NULL;

	(void)argument;
	if (install(SECCOMP_PROFILE_DEFAULT, false) < 0)
		return 1;
	/* clone3 first, then clone: glibc goes back on ENOSYS only */
	if (pthread_create(&thread, NULL, in_thread, &result) != 0 ||
	    pthread_join(thread, &result) != 0 || result != &result)
		return 2;
	pid_t pid = fork();
	if (pid == 0)
		_exit(3);
	int status = 0;
	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 3)
		return 3;
	return system("echo x | cat | grep -q x") == 0 ? 0 : 4;
}

START_TEST(threads_forks_and_pipelines_work)
{
	ck_assert_int_eq(child_run(use_processes, NULL), 0);
}
END_TEST

struct workload {
	const char *program, *script;
};

static int run_workload(const void *argument)
{
	const struct workload *w = argument;

	if (install(SECCOMP_PROFILE_DEFAULT, false) < 0)
		return 1;
	execlp(w->program, w->program, "-c", w->script, NULL);
	return 2;
}

/* clang-format off */
static const struct workload workloads[] = {
	{ "sh", "set -e; d=$(mktemp -d); cd $d; mkdir a; echo x > a/b; "
	        "cp -a a c; mv a/b a/d; ln -s d a/e; ln a/d a/f; tar cf t a; "
	        "mkfifo p; find . | sort | wc -l > /dev/null; "
	        "chmod 600 t; touch -d yesterday t; rm -rf $d" },
	{ "sh", "set -e; d=$(mktemp -d); cd $d; "
	        "echo 'int main(void){return 0;}' > x.c; cc -O2 -o x x.c; ./x; "
	        "rm -rf $d" },
	{ "python3", "import ctypes, multiprocessing, os, select, socket, "
	             "subprocess, tempfile, threading, urllib.request\n"
	             "subprocess.run(['true'], check=True)\n"
	             "p = multiprocessing.Process(target=os.getpid)\n"
	             "p.start(); p.join(); assert p.exitcode == 0\n"
	             "t = threading.Thread(target=os.getpid)\n"
	             "t.start(); t.join()\n"
	             "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
	             "c = socket.create_connection(s.getsockname())\n"
	             "a, _ = s.accept(); c.send(b'x'); assert a.recv(1) == b'x'\n"
	             "select.epoll(); socket.getaddrinfo('127.0.0.1', 80)\n"
	             "tempfile.TemporaryDirectory().cleanup()\n" },
};
/* clang-format on */

START_TEST(everyday_programs_work)
{
	scoped(char) *found = process_find_program(workloads[_i].program);
	scoped(char) *compiler = process_find_program("cc");

	if ((!found || !compiler) && child_skip("a program is not installed"))
		return;
	ck_assert_msg(child_run(run_workload, &workloads[_i]) == 0, "%s -c %s",
		      workloads[_i].program, workloads[_i].script);
}
END_TEST

static int install_without_privilege(const void *argument)
{
	struct error err = { 0 };

	(void)argument;
	/* no user namespace of its own, no capabilities */
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 1;
	int r = seccomp_install(SECCOMP_PROFILE_DEFAULT, false, &err);
	return r == -EACCES && strstr(err.hint, "CAP_SYS_ADMIN") ? 0 : 2;
}

static int install_as_root(const void *argument)
{
	struct error err = { 0 };

	(void)argument;
	if (!child_make_root())
		return 99;
	if (seccomp_install(SECCOMP_PROFILE_DEFAULT, false, &err) < 0)
		return 1;
	return unshare(CLONE_NEWNS) < 0 && errno == EPERM ? 0 : 2;
}

START_TEST(it_takes_no_new_privs_or_root_in_the_namespace)
{
	ck_assert_int_eq(child_run(install_without_privilege, NULL), 0);
	int r = child_run(install_as_root, NULL);
	if (r == 99 && child_skip("no user namespaces here"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

static int tell_installed(const void *argument)
{
	bool before = seccomp_is_installed();

	(void)argument;
	if (install(SECCOMP_PROFILE_DEFAULT, false) < 0)
		return 1;
	return seccomp_is_installed() ? 10 + before : 2;
}

START_TEST(it_is_known_whether_a_filter_is_there)
{
	int r = child_run(tell_installed, NULL);

	if (r == 11 && child_skip("the tests themselves are under a filter"))
		return;
	ck_assert_int_eq(r, 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seccomp");
	TCase *tests = tcase_create("seccomp");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, the_default_profile_answers_as_the_list_says,
			    0, ARRAY_SIZE(calls));
	tcase_add_loop_test(
		tests, the_nested_profile_lets_namespaces_and_mounts_through, 0,
		ARRAY_SIZE(nested_calls));
	tcase_add_test(tests,
		       a_workload_that_is_pid_1_keeps_its_parent_death_signal);
#ifdef __x86_64__
	tcase_add_test(tests, a_32_bit_call_kills);
#endif
	tcase_add_test(tests, threads_forks_and_pipelines_work);
	tcase_add_loop_test(tests, everyday_programs_work, 0,
			    ARRAY_SIZE(workloads));
	tcase_add_test(tests, it_takes_no_new_privs_or_root_in_the_namespace);
	tcase_add_test(tests, it_is_known_whether_a_filter_is_there);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
