#include "cmd/human.h"

#include "base/memory.h"
#include "tests/unit/images/suite.h"

START_TEST(sizes_and_times_are_those_of_docker)
{
	scoped(char) *a = human_size(0), *b = human_size(999);
	scoped(char) *c = human_size(4861000), *d = human_size(999999);
	scoped(char) *e = human_since(100, 100), *f = human_since(100, 221);
	scoped(char) *g = human_since(0, 86400);

	ck_assert_str_eq(a, "0B");
	ck_assert_str_eq(b, "999B");
	ck_assert_str_eq(c, "4.86MB");
	ck_assert_str_eq(d, "1MB");
	ck_assert_str_eq(e, "Less than a second ago");
	ck_assert_str_eq(f, "2 minutes ago");
	ck_assert_str_eq(g, "24 hours ago");
	ck_assert_int_eq(human_parse_time("1970-01-02T00:00:01Z"), 86401);
	ck_assert_int_eq(human_parse_time("1970-01-01T01:00:00.5+01:00"), 0);
	ck_assert_int_eq(human_parse_time(""), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01"), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01T00:00:00"), -1);
	ck_assert_int_eq(human_parse_time("1970-01-01T00:00:00+01:00x"), -1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("human");

	tcase_add_test(tests, sizes_and_times_are_those_of_docker);
	return suite_run("human", tests);
}
