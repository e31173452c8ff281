#include "core/usage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/processes.h"
#include "tests/unit/images/suite.h"

#define TAIL " S 1 10 10 0 -1 4194560 75 0 25 0 1 20 300 4000 20 0 5 0 1416288"

/* clang-format off */
static const struct {
	const char *text;
	int result;
} stats[] = {
	{ "10 (sh)" TAIL " 2560000 297", 0 },
	{ "10 (a b)" TAIL, 0 },
	{ "10 (x) S 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9)" TAIL "\n", 0 },
	{ "10 (()" TAIL, 0 },
	{ "10 ()" TAIL, 0 },
	{ "", -EINVAL },
	{ "10 sh" , -EINVAL },
	{ ")", -EINVAL },
	{ "10 (sh) S 1 10", -EINVAL },
	{ "10 (sh) S 1 10 10 0 -1 4194560 75 0 25 0 1 20 300 4000 20 0\n5", -EINVAL },
};
/* clang-format on */

START_TEST(the_time_of_a_process_is_found_behind_any_name)
{
	uint64_t ticks = 0, threads = 0;

	ck_assert_int_eq(usage_parse_stat(stats[_i].text, &ticks, &threads),
			 stats[_i].result);
	ck_assert_uint_eq(ticks, stats[_i].result ? 0 : 4321);
	ck_assert_uint_eq(threads, stats[_i].result ? 0 : 5);
}
END_TEST

START_TEST(a_line_is_found_by_its_whole_name)
{
	static const char text[] = "Name:\tPss: 9\nPssX: 1\nPss:   12 kB\n"
				   "Empty:\nWord: x\n";
	uint64_t n = 7;

	ck_assert_int_eq(usage_parse_line(text, "Pss", &n), 0);
	ck_assert_uint_eq(n, 12);
	ck_assert_int_eq(usage_parse_line(text, "ss", &n), -ENOENT);
	ck_assert_int_eq(usage_parse_line(text, "Empty", &n), -ENOENT);
	ck_assert_int_eq(usage_parse_line(text, "Word", &n), -ENOENT);
	ck_assert_int_eq(usage_parse_line("", "Pss", &n), -ENOENT);
	ck_assert_uint_eq(n, 12);
}
END_TEST

#define HEADINGS "Inter-| Receive\n face |bytes\n"
#define LO       "    lo: 7 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n"
#define ETH      "  eth0: 100 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n"
#define TAP      "tap1:3 1 0 0 0 0 0 0 4 2 0 0 0 0 0 0\n"

START_TEST(the_loopback_is_no_traffic)
{
	uint64_t in = 1, out = 1;

	ck_assert_int_eq(usage_parse_network(HEADINGS LO, &in, &out), 0);
	ck_assert_uint_eq(in + out, 0);
	ck_assert_int_eq(usage_parse_network(HEADINGS LO ETH TAP, &in, &out),
			 0);
	ck_assert_uint_eq(in, 103);
	ck_assert_uint_eq(out, 24);
	ck_assert_int_eq(usage_parse_network(HEADINGS, &in, &out), 0);
	ck_assert_uint_eq(in + out, 0);
	ck_assert_int_eq(usage_parse_network("", &in, &out), -EINVAL);
	ck_assert_int_eq(usage_parse_network("x\n", &in, &out), -EINVAL);
	ck_assert_int_eq(usage_parse_network(HEADINGS "eth0: 1\n", &in, &out),
			 -EINVAL);
}
END_TEST

/* a child with a child, which say that they are there */
static pid_t start_two(int *ret_alive)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	*ret_alive = ready[0];
	return pid;
}

START_TEST(all_descendants_are_found)
{
	scoped_processes all = { 0 };
	struct usage usage;
	struct error err;
	int alive;
	pid_t pid = start_two(&alive);

	ck_assert_int_eq(processes_find(pid, &all, &err), 0);
	ck_assert_uint_eq(all.n, 2);
	ck_assert_int_eq(all.pids[0], pid);
	ck_assert(processes_contain(&all, all.pids[1]));
	ck_assert(!processes_contain(&all, getpid()));
	struct usage_of of = { .init_pid = pid, .outer_userns_fd = -1 };
	ck_assert_int_eq(usage_read(&of, &usage, &err), 0);
	ck_assert_uint_eq(usage.threads, 2);
	ck_assert_uint_gt(usage.memory, 0);
	/* these are ours: they can be read */
	ck_assert_uint_ne(usage.read, USAGE_UNKNOWN);
	ck_assert_uint_ne(usage.received, USAGE_UNKNOWN);
	of.host_network = true;
	ck_assert_int_eq(usage_read(&of, &usage, &err), 0);
	ck_assert_uint_eq(usage.received, USAGE_UNKNOWN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(alive);
}
END_TEST

START_TEST(one_that_is_gone_is_said_to_be)
{
	scoped_processes all = { 0 };
	struct usage usage;
	struct error err;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(processes_find(pid, &all, &err), -ESRCH);
	const struct usage_of of = { .init_pid = pid, .outer_userns_fd = -1 };
	ck_assert_int_eq(usage_read(&of, &usage, &err), -ESRCH);
}
END_TEST

START_TEST(the_machine_has_memory)
{
	ck_assert_uint_gt(usage_total_memory(), 1 << 20);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("usage");

	tcase_add_loop_test(tests,
			    the_time_of_a_process_is_found_behind_any_name, 0,
			    ARRAY_SIZE(stats));
	tcase_add_test(tests, a_line_is_found_by_its_whole_name);
	tcase_add_test(tests, the_loopback_is_no_traffic);
	tcase_add_test(tests, all_descendants_are_found);
	tcase_add_test(tests, one_that_is_gone_is_said_to_be);
	tcase_add_test(tests, the_machine_has_memory);
	return suite_run("usage", tests);
}
