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

/* clang-format off */
static const struct {
	uint64_t seconds;
	const char *text;
} durations[] = {
	{ 0,                "Less than a second" },
	{ 1,                "1 second" },
	{ 59,               "59 seconds" },
	{ 60,               "About a minute" },
	{ 119,              "About a minute" },
	{ 120,              "2 minutes" },
	{ 3599,             "59 minutes" },
	{ 3600,             "About an hour" },
	{ 5399,             "About an hour" },
	{ 5400,             "2 hours" },
	{ 47 * 3600 + 1799, "47 hours" },
	{ 47 * 3600 + 1800, "2 days" },
	{ 13 * 86400,       "13 days" },
	{ 14 * 86400,       "2 weeks" },
	{ 59 * 86400,       "8 weeks" },
	{ 60 * 86400,       "2 months" },
	{ 729 * 86400,      "24 months" },
	{ 730 * 86400,      "2 years" },
};
/* clang-format on */

START_TEST(durations_are_those_of_docker)
{
	scoped(char) *text = human_duration(durations[_i].seconds);

	ck_assert_str_eq(text, durations[_i].text);
}
END_TEST

START_TEST(one_is_one_and_all_else_is_many)
{
	scoped(char) *none = human_count(0, "image");
	scoped(char) *one = human_count(1, "image");
	scoped(char) *many = human_count(UINT64_MAX, "image");

	ck_assert_str_eq(none, "0 images");
	ck_assert_str_eq(one, "1 image");
	ck_assert_str_eq(many, "18446744073709551615 images");
}
END_TEST

START_TEST(bytes_are_counted_in_powers_of_two)
{
	scoped(char) *a = human_bytes(0), *b = human_bytes(1023);
	scoped(char) *c = human_bytes(1024), *d = human_bytes(4861000);
	scoped(char) *e = human_bytes(UINT64_C(25276502016));

	ck_assert_str_eq(a, "0B");
	ck_assert_str_eq(b, "1023B");
	ck_assert_str_eq(c, "1KiB");
	ck_assert_str_eq(d, "4.636MiB");
	ck_assert_str_eq(e, "23.54GiB");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("human");

	tcase_add_test(tests, sizes_and_times_are_those_of_docker);
	tcase_add_loop_test(tests, durations_are_those_of_docker, 0,
			    ARRAY_SIZE(durations));
	tcase_add_test(tests, one_is_one_and_all_else_is_many);
	tcase_add_test(tests, bytes_are_counted_in_powers_of_two);
	return suite_run("human", tests);
}
