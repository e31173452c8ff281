#include "cmd/process_rows.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static pid_t pids[] = { 10, 12, 400 };
static const struct processes ours = { pids, ARRAY_SIZE(pids) };

/* the lines that are kept, with '|' between */
static char *select_rows(const char *text)
{
	scoped_strv lines = { 0 };
	struct error err;
	char *all = xstrdup("");

	ck_assert_int_eq(process_rows_select(text, &ours, &lines, &err), 0);
	for (size_t i = 0; i < lines.n; i++) {
		char *longer =
			xasprintf("%s%s%s", all, i ? "|" : "", lines.v[i]);
		free(all);
		all = longer;
	}
	return all;
}

/* clang-format off */
static const struct {
	const char *text, *kept;
} cases[] = {
	{ "UID  PID PPID CMD\n0 1 0 init\nu 10 1 sh\nu 11 1 x\nu 12 10 a b\n",
	  "UID  PID PPID CMD|u 10 1 sh|u 12 10 a b" },
	/* not the parent's number, and no part of another */
	{ "PID PPID\n1 10\n100 12\n010 1\n40 1\n400 1", "PID PPID|010 1|400 1" },
	{ "  PID COMMAND\n   10 sh\n\n", "  PID COMMAND|   10 sh" },
	{ "COMMAND PID\nsh 10\nx 10 \n", "COMMAND PID|sh 10|x 10 " },
	/* a blank in a name moves the row's number away */
	{ "COMMAND PID\na 10 99\nweb server 10\n", "COMMAND PID|a 10 99" },
	{ "PID\n", "PID" },
	{ "PID", "PID" },
	{ "PID X\n10x y\n-10 y\n+ y\n99999999999999999999 y\n", "PID X" },
	{ "PID X\n10 \033[31mred\302\233m\n", "PID X|10 \\x1b[31mred\\xc2\\x9bm" },
};
/* clang-format on */

START_TEST(the_rows_of_the_container_are_kept)
{
	scoped(char) *kept = select_rows(cases[_i].text);

	ck_assert_str_eq(kept, cases[_i].kept);
}
END_TEST

/* clang-format off */
static const char *const bad[] = {
	"", "\n", "COMMAND\nsh\n", "PPID PIDX\n10 10\n", "pid\n10\n",
};
/* clang-format on */

START_TEST(without_a_column_of_numbers_nothing_is_shown)
{
	struct strv lines = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(process_rows_select(bad[_i], &ours, &lines, &err),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.hint, "-o pid"));
	ck_assert_uint_eq(lines.n, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("process_rows");

	tcase_add_loop_test(tests, the_rows_of_the_container_are_kept, 0,
			    ARRAY_SIZE(cases));
	tcase_add_loop_test(tests, without_a_column_of_numbers_nothing_is_shown,
			    0, ARRAY_SIZE(bad));
	return suite_run("process_rows", tests);
}
