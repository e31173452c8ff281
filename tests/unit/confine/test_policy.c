/*
 * The policy as it is compiled, run through an interpreter of our own: so
 * also for the architecture that this machine is not.
 *
 *   test_policy_ARCH --print    the golden file, for a change that is meant
 */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/memory.h"

#include POLICY_NAMES
#include POLICY_PROGRAMS

struct program {
	const struct sock_filter *code;
	size_t n;
};

#define PROGRAM(code) { code, ARRAY_SIZE(code) }
static const struct program standard = PROGRAM(program_default),
			    standard_pid1 = PROGRAM(program_default_pid1),
			    nested = PROGRAM(program_nested),
			    nested_pid1 = PROGRAM(program_nested_pid1);

/* the asserts of check do not work outside a test, where --print is */
static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "the program: %s\n", what);
	abort();
}

/* What a run looked at besides the number and the architecture, and how long
 * it took. */
struct trace {
	bool arguments;
	size_t steps;
};

static uint32_t load(const struct seccomp_data *data, uint32_t offset,
		     struct trace *trace)
{
	uint32_t word = 0;

	must(offset % 4 == 0 && offset + 4 <= sizeof(*data),
	     "loads from outside");
	memcpy(&word, (const char *)data + offset, sizeof(word));
	trace->arguments |= offset >= offsetof(struct seccomp_data, args);
	return word;
}

/* the part of classic BPF that seccomp(2) programs of ours are made of */
static uint32_t run(struct program program, const struct seccomp_data *data,
		    struct trace *trace)
{
	uint32_t a = 0;

	*trace = (struct trace){ 0 };
	for (size_t pc = 0; pc < program.n; pc++) {
		const struct sock_filter *i = &program.code[pc];
		trace->steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(data, i->k, trace);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			must(false, "has an instruction that is not ours");
		}
	}
	must(false, "has no end");
	return 0;
}

static uint32_t ask_traced(struct program program, uint32_t number,
			   const uint64_t args[6], struct trace *trace)
{
	struct seccomp_data data = { .nr = (int)number, .arch = POLICY_ARCH };

	if (args)
		memcpy(data.args, args, sizeof(data.args));
	return run(program, &data, trace);
}

static uint32_t ask(struct program program, uint32_t number, uint64_t a,
		    uint64_t b, uint64_t c)
{
	struct trace trace;

	return ask_traced(program, number, (uint64_t[6]){ a, b, c }, &trace);
}

static uint32_t number_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy_names); i++)
		if (policy_names[i] && strcmp(policy_names[i], name) == 0)
			return (uint32_t)i;
	must(false, name);
	return 0;
}

static const char *verdict_text(uint32_t verdict)
{
	/* clang-format off */
	static const struct {
		uint32_t verdict;
		const char *text;
	} texts[] = {
		{ SECCOMP_RET_ALLOW, "allow" },
		{ SECCOMP_RET_KILL_PROCESS, "kill" },
		{ SECCOMP_RET_ERRNO | EPERM, "EPERM" },
		{ SECCOMP_RET_ERRNO | ENOSYS, "ENOSYS" },
		{ SECCOMP_RET_ERRNO | EAFNOSUPPORT, "EAFNOSUPPORT" },
		{ SECCOMP_RET_ERRNO | EPROTONOSUPPORT, "EPROTONOSUPPORT" },
		{ SECCOMP_RET_ERRNO | ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT" },
		{ SECCOMP_RET_ERRNO | ENOPROTOOPT, "ENOPROTOOPT" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].verdict == verdict)
			return texts[i].text;
	must(false, "has a verdict that is not ours");
	return NULL;
}

/* -------------------------------------------------------- the golden file */

static void print_numbers(FILE *to)
{
	fprintf(to, "# every system call by number\n");
	for (uint32_t number = 0; number <= 600; number++) {
		struct trace trace;
		uint32_t verdict = ask_traced(standard, number, NULL, &trace);
		fprintf(to, "%u %s %s\n", number,
			policy_names[number] ? policy_names[number] : "-",
			trace.arguments ? "by its arguments"
					: verdict_text(verdict));
	}
}

static void print_one(FILE *to, const char *call, const char *what, uint64_t a,
		      uint64_t b, uint64_t c)
{
	fprintf(to, "%s %s %s\n", call, what,
		verdict_text(ask(standard, number_of(call), a, b, c)));
}

static void print_sockets(FILE *to)
{
	char what[64];

	fprintf(to, "# sockets: family, type, protocol\n");
	for (unsigned int family = 0; family < 64; family++) {
		snprintf(what, sizeof(what), "%u stream 0", family);
		print_one(to, "socket", what, family, SOCK_STREAM, 0);
	}
	for (unsigned int protocol = 0; protocol < 32; protocol++) {
		snprintf(what, sizeof(what), "netlink raw %u", protocol);
		print_one(to, "socket", what, AF_NETLINK, SOCK_RAW, protocol);
	}
	for (unsigned int type = 0; type < 16; type++) {
		snprintf(what, sizeof(what), "inet %u 0", type);
		print_one(to, "socket", what, AF_INET, type, 0);
		snprintf(what, sizeof(what), "unix %u 0", type);
		print_one(to, "socket", what, AF_UNIX, type, 0);
	}
	for (unsigned int protocol = 0; protocol < 270; protocol++) {
		snprintf(what, sizeof(what), "inet6 stream %u", protocol);
		print_one(to, "socket", what, AF_INET6, SOCK_STREAM, protocol);
		snprintf(what, sizeof(what), "inet6 datagram %u", protocol);
		print_one(to, "socket", what, AF_INET6, SOCK_DGRAM, protocol);
	}
	for (unsigned int family = 0; family < 64; family++) {
		snprintf(what, sizeof(what), "%u stream 0", family);
		print_one(to, "socketpair", what, family, SOCK_STREAM, 0);
	}
	for (unsigned int option = 0; option < 64; option++) {
		snprintf(what, sizeof(what), "tcp %u", option);
		print_one(to, "setsockopt", what, 3, IPPROTO_TCP, option);
	}
	print_one(to, "setsockopt", "socket 31", 3, SOL_SOCKET, 31);
}

static void print_others(FILE *to)
{
	char what[64];

	fprintf(to, "# clone: one flag each; personality; prctl; ioctl\n");
	for (unsigned int bit = 0; bit < 32; bit++) {
		snprintf(what, sizeof(what), "%#x", 1u << bit);
		print_one(to, "clone", what, 1u << bit, 0, 0);
		print_one(to, "personality", what, 1u << bit, 0, 0);
	}
	print_one(to, "clone", "0x11", 0x11, 0, 0);
	for (unsigned int value = 0; value < 32; value++) {
		snprintf(what, sizeof(what), "%u", value);
		print_one(to, "personality", what, value, 0, 0);
	}
	print_one(to, "personality", "0xffffffff", 0xffffffff, 0, 0);
	for (unsigned int option = 0; option < 100; option++) {
		snprintf(what, sizeof(what), "%u", option);
		print_one(to, "prctl", what, option, 0, 0);
	}
	for (unsigned int request = 0x5400; request < 0x5480; request++) {
		snprintf(what, sizeof(what), "%#x", request);
		print_one(to, "ioctl", what, 0, request, 0);
	}
}

static void print_golden(FILE *to)
{
	print_numbers(to);
	print_sockets(to);
	print_others(to);
}

START_TEST(the_verdicts_are_those_of_the_golden_file)
{
	char *now = NULL, *left, *line;
	size_t size = 0;
	FILE *memory = open_memstream(&now, &size);
	FILE *golden = fopen(POLICY_GOLDEN, "re");
	char expected[256];
	unsigned int number = 0;

	ck_assert_msg(golden, "open %s", POLICY_GOLDEN);
	print_golden(memory);
	fclose(memory);
	left = now;
	while (fgets(expected, sizeof(expected), golden)) {
		number++;
		expected[strcspn(expected, "\n")] = '\0';
		line = strsep(&left, "\n");
		ck_assert_msg(line && strcmp(line, expected) == 0,
			      "%s:%u: \"%s\" is now \"%s\"; if that is meant, "
			      "write the file anew with --print",
			      POLICY_GOLDEN, number, expected, line);
	}
	ck_assert_msg(left && !*left, "%s is shorter than the policy",
		      POLICY_GOLDEN);
	fclose(golden);
	free(now);
}
END_TEST

/* --------------------------------------------------- what holds for all */

START_TEST(other_architectures_are_killed)
{
	static const uint32_t archs[] = { 0,
					  AUDIT_ARCH_I386,
					  AUDIT_ARCH_ARM,
					  AUDIT_ARCH_X86_64,
					  AUDIT_ARCH_AARCH64,
					  UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		struct seccomp_data data = { .arch = archs[i] };
		struct trace trace;
		if (archs[i] == POLICY_ARCH)
			continue;
		for (data.nr = 0; data.nr < 600; data.nr++)
			ck_assert_uint_eq(run(standard, &data, &trace),
					  SECCOMP_RET_KILL_PROCESS);
	}
}
END_TEST

START_TEST(numbers_that_are_not_on_the_list_get_enosys)
{
	const uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;

	for (uint32_t i = 0; i < 0x10000; i++) {
		/* the bit of the x32 interface */
		ck_assert_uint_eq(ask(nested, i | 0x40000000, 0, 0, 0), enosys);
		ck_assert_uint_eq(ask(standard, i | 0x80000000, 0, 0, 0),
				  enosys);
		if (i < ARRAY_SIZE(policy_names) && policy_names[i])
			continue;
		ck_assert_uint_eq(ask(standard, i, 0, 0, 0), enosys);
		ck_assert_uint_eq(ask(nested, i, 0, 0, 0), enosys);
	}
	ck_assert_uint_eq(ask(standard, UINT32_MAX, 0, 0, 0), enosys);
}
END_TEST

/* seccomp_is_const_allow() of the kernel emulates no more than that */
START_TEST(a_call_without_conditions_is_decided_by_its_number_alone)
{
	size_t by_arguments = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(policy_names); i++) {
		struct trace trace;
		ask_traced(standard, i, NULL, &trace);
		by_arguments += trace.arguments;
#ifdef POLICY_SHIPS
		if (!trace.arguments)
			ck_assert_uint_le(trace.steps, 14);
#endif
	}
	/* clone ioctl personality prctl setsockopt socket socketpair */
	ck_assert_uint_eq(by_arguments, 7);
}
END_TEST

/* numbers that hit the conditions, and others */
static uint64_t random_argument(void)
{
	static const uint32_t values[] = {
		0,          1,          2,       3,          4,
		6,          10,         16,      31,         35,
		58,         262,        0x5412,  0x541c,     0x5423,
		0x10000000, 0x20000000, 0x40000, 0xffffffff,
	};

	if (random() % 4 == 0)
		return (uint64_t)random();
	return values[(size_t)random() % ARRAY_SIZE(values)];
}

START_TEST(the_high_half_of_an_argument_changes_nothing)
{
	for (int round = 0; round < 200; round++) {
		uint64_t low[6], high[6];
		struct trace trace;
		for (int i = 0; i < 6; i++) {
			low[i] = random_argument();
			high[i] = low[i] | (uint64_t)random() << 32;
		}
		for (uint32_t i = 0; i < 500; i++)
			ck_assert_uint_eq(
				ask_traced(standard, i, low, &trace),
				ask_traced(standard, i, high, &trace));
	}
	uint32_t ioctl_number = number_of("ioctl");
	ck_assert_uint_eq(
		ask(standard, ioctl_number, 0, TIOCSTI | UINT64_C(1) << 32, 0),
		SECCOMP_RET_ERRNO | EPERM);
}
END_TEST

/* ------------------------------------------------------- the variants */

START_TEST(as_pid_1_the_parent_death_signal_stays)
{
	uint32_t prctl_number = number_of("prctl");

	for (int round = 0; round < 100000; round++) {
		uint32_t number = (uint32_t)random() % 500;
		uint64_t args[6];
		struct trace trace;
		for (int i = 0; i < 6; i++)
			args[i] = random_argument();
		bool differs = number == prctl_number &&
			       (uint32_t)args[0] == PR_SET_PDEATHSIG;
		uint32_t plain = ask_traced(standard, number, args, &trace);
		uint32_t pid1 = ask_traced(standard_pid1, number, args, &trace);
		ck_assert_uint_eq(pid1,
				  differs ? SECCOMP_RET_ERRNO | EPERM : plain);
	}
	ck_assert_uint_eq(ask(standard, prctl_number, PR_SET_PDEATHSIG, 9, 0),
			  SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(
		ask(nested_pid1, prctl_number, PR_SET_PDEATHSIG, 9, 0),
		SECCOMP_RET_ERRNO | EPERM);
	ck_assert_uint_eq(ask(nested, prctl_number, PR_SET_PDEATHSIG, 9, 0),
			  SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(nested_adds_namespaces_and_mounts_and_nothing_else)
{
	static const char *const added[] = {
		"clone",       "clone3",         "unshare",
		"setns",       "mount",          "umount2",
		"pivot_root",  "fsopen",         "fsconfig",
		"fsmount",     "fspick",         "move_mount",
		"open_tree",   "open_tree_attr", "mount_setattr",
		"sethostname", "setdomainname",
	};

	for (uint32_t number = 0; number < 600; number++) {
		bool is_added = false;
		for (size_t i = 0; i < ARRAY_SIZE(added); i++)
			is_added |= number == number_of(added[i]);
		for (int round = 0; round < 100; round++) {
			uint64_t args[6];
			struct trace trace;
			for (int i = 0; i < 6; i++)
				args[i] = random_argument();
			ck_assert_uint_eq(
				ask_traced(nested, number, args, &trace),
				is_added ? (uint32_t)SECCOMP_RET_ALLOW
					 : ask_traced(standard, number, args,
						      &trace));
		}
	}
}
END_TEST

/* ----------------------------------------------------- what is in, what out */

/* glibc 2.41, musl 1.2.5, the Go and Rust run times, node, python,
 * postgres, nginx, apt, gcc, git; each would fall back or fail */
static const char *const current_calls[] = {
	"read",
	"write",
	"openat",
	"openat2",
	"close",
	"close_range",
	"newfstatat",
	"statx",
	"faccessat",
	"faccessat2",
	"fchmodat2",
	"mmap",
	"munmap",
	"mprotect",
	"brk",
	"mremap",
	"madvise",
	"mseal",
	"map_shadow_stack",
	"pkey_alloc",
	"memfd_create",
	"execve",
	"execveat",
	"exit_group",
	"wait4",
	"waitid",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"signalfd4",
	"sigaltstack",
	"tgkill",
	"futex",
	"futex_waitv",
	"set_robust_list",
	"rseq",
	"rseq_slice_yield",
	"membarrier",
	"sched_getaffinity",
	"sched_setattr",
	"getrandom",
	"clock_nanosleep",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd2",
	"timerfd_create",
	"inotify_init1",
	"pipe2",
	"dup3",
	"pidfd_open",
	"pidfd_send_signal",
	"process_madvise",
	"process_mrelease",
	"accept4",
	"sendmmsg",
	"recvmmsg",
	"sendfile",
	"splice",
	"copy_file_range",
	"fallocate",
	"sync_file_range",
	"fdatasync",
	"preadv2",
	"pwritev2",
	"renameat2",
	"unlinkat",
	"linkat",
	"symlinkat",
	"utimensat",
	"fchownat",
	"setxattr",
	"lgetxattr",
	"setxattrat",
	"prlimit64",
	"getgroups",
	"setgroups",
	"setresuid",
	"setresgid",
	"capset",
	"capget",
	"chroot",
	"mknodat",
	"ptrace",
	"process_vm_readv",
	"seccomp",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
	"statmount",
	"listmount",
	"shmget",
	"semtimedop",
	"mq_open",
	"io_submit",
	"io_pgetevents",
	"cachestat",
	"file_getattr",
	"statfs",
	"getdents64",
	"flock",
	"getcpu",
	"sysinfo",
	"times",
	"umask",
	"getpriority",
	"timer_create",
	"mlock2",
	"ioprio_set",
	"syncfs",
};

START_TEST(what_current_programs_use_is_allowed)
{
	for (size_t i = 0; i < ARRAY_SIZE(current_calls); i++)
		ck_assert_msg(ask(standard, number_of(current_calls[i]), 0, 0,
				  0) == SECCOMP_RET_ALLOW,
			      "%s is refused", current_calls[i]);
}
END_TEST

START_TEST(what_reaches_out_is_refused_whatever_the_arguments)
{
	static const char *const calls[] = {
		"mount",
		"umount2",
		"pivot_root",
		"fsopen",
		"fsconfig",
		"fsmount",
		"fspick",
		"move_mount",
		"open_tree",
		"open_tree_attr",
		"mount_setattr",
		"setns",
		"unshare",
		"clone3",
		"bpf",
		"perf_event_open",
		"userfaultfd",
		"io_uring_setup",
		"io_uring_enter",
		"io_uring_register",
		"keyctl",
		"add_key",
		"request_key",
		"open_by_handle_at",
		"name_to_handle_at",
		"fanotify_init",
		"vmsplice",
		"process_vm_writev",
		"pidfd_getfd",
		"kcmp",
		"remap_file_pages",
		"kexec_load",
		"kexec_file_load",
		"init_module",
		"finit_module",
		"delete_module",
		"reboot",
		"swapon",
		"swapoff",
		"acct",
		"syslog",
		"quotactl",
		"quotactl_fd",
		"settimeofday",
		"clock_settime",
		"clock_adjtime",
		"adjtimex",
		"sethostname",
		"setdomainname",
		"mbind",
		"move_pages",
		"memfd_secret",
		"listns",
		"vhangup",
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t number = number_of(calls[i]);
		for (int round = 0; round < 100; round++)
			ck_assert_msg(ask(standard, number, random_argument(),
					  random_argument(),
					  random_argument()) !=
					      SECCOMP_RET_ALLOW,
				      "%s is allowed", calls[i]);
	}
}
END_TEST

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		print_golden(stdout);
		return 0;
	}
	Suite *suite = suite_create("policy");
	TCase *tests = tcase_create("policy");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_verdicts_are_those_of_the_golden_file);
	tcase_add_test(tests, other_architectures_are_killed);
	tcase_add_test(tests, numbers_that_are_not_on_the_list_get_enosys);
	tcase_add_test(
		tests,
		a_call_without_conditions_is_decided_by_its_number_alone);
	tcase_add_test(tests, the_high_half_of_an_argument_changes_nothing);
	tcase_add_test(tests, as_pid_1_the_parent_death_signal_stays);
	tcase_add_test(tests,
		       nested_adds_namespaces_and_mounts_and_nothing_else);
	tcase_add_test(tests, what_current_programs_use_is_allowed);
	tcase_add_test(tests,
		       what_reaches_out_is_refused_whatever_the_arguments);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
