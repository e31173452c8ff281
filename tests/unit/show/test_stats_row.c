#include "cmd/stats_row.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define S UINT64_C(1000000000)

static char id[] = "0123456789abcdef", name[] = "web";
static const struct record record = { .id = id, .name = name };

static struct stats_facts busy(void)
{
	return (struct stats_facts){
		.record = &record,
		.runs = true,
		.memory = UINT64_C(2) << 30,
		.ticks = 100,
		.before = { 5 * S, { .cpu_ticks = 1000 } },
		.now = { 7 * S,
			 {
				 .cpu_ticks = 1300,
				 .threads = 12,
				 .memory = 64 << 20,
				 .received = 1536,
				 .sent = 0,
				 .read = USAGE_UNKNOWN,
				 .written = USAGE_UNKNOWN,
			 } },
	};
}

static const char *text(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	ck_assert_msg(value != NULL, "%s is no text", key);
	return value;
}

START_TEST(what_is_used_has_the_form_of_docker)
{
	const struct stats_facts facts = busy();
	scoped_json *row = stats_row(&facts);
	scoped_json *podman = stats_row_podman(&facts);

	/* three seconds of processors in two */
	ck_assert_str_eq(text(row, "CPUPerc"), "150.00%");
	ck_assert_str_eq(text(row, "MemUsage"), "64MiB / 2GiB");
	ck_assert_str_eq(text(row, "MemPerc"), "3.12%");
	ck_assert_str_eq(text(row, "NetIO"), "1.54kB / 0B");
	ck_assert_str_eq(text(row, "BlockIO"), "-- / --");
	ck_assert_str_eq(text(row, "PIDs"), "12");
	ck_assert_str_eq(text(row, "ID"), "0123456789ab");
	ck_assert_str_eq(text(row, "Name"), "web");
	ck_assert_str_eq(text(podman, "cpu_percent"), "150.00%");
	ck_assert_str_eq(text(podman, "name"), "web");
}
END_TEST

START_TEST(one_look_does_not_tell_how_busy_it_is)
{
	struct stats_facts facts = busy();

	facts.before = (struct look){ 0 };
	scoped_json *row = stats_row(&facts);
	ck_assert_str_eq(text(row, "CPUPerc"), "--");
	ck_assert_str_eq(text(row, "PIDs"), "12");
	/* two at the same time tell no more */
	facts.before = facts.now;
	scoped_json *same = stats_row(&facts);
	ck_assert_str_eq(text(same, "CPUPerc"), "--");
}
END_TEST

START_TEST(time_that_went_with_its_process_is_no_time)
{
	struct stats_facts facts = busy();

	facts.now.usage.cpu_ticks = 900;
	scoped_json *row = stats_row(&facts);
	ck_assert_str_eq(text(row, "CPUPerc"), "0.00%");
}
END_TEST

START_TEST(of_one_that_does_not_run_nothing_is_said)
{
	struct stats_facts facts = { .record = &record, .memory = 1 };
	scoped_json *row = stats_row(&facts);

	ck_assert_str_eq(text(row, "CPUPerc"), "--");
	ck_assert_str_eq(text(row, "MemUsage"), "-- / --");
	ck_assert_str_eq(text(row, "MemPerc"), "--");
	ck_assert_str_eq(text(row, "NetIO"), "-- / --");
	ck_assert_str_eq(text(row, "BlockIO"), "-- / --");
	ck_assert_str_eq(text(row, "PIDs"), "--");
}
END_TEST

START_TEST(every_member_of_a_row_has_a_heading)
{
	const struct stats_facts facts = busy();
	scoped_json *row = stats_row(&facts);
	scoped_json *headings = stats_row_headings();
	const char *key;
	json_t *value;

	json_object_foreach (row, key, value)
		ck_assert_msg(json_object_get(headings, key) != NULL, "%s",
			      key);
	ck_assert_uint_eq(json_object_size(row), json_object_size(headings));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("stats_row");

	tcase_add_test(tests, what_is_used_has_the_form_of_docker);
	tcase_add_test(tests, one_look_does_not_tell_how_busy_it_is);
	tcase_add_test(tests, time_that_went_with_its_process_is_no_time);
	tcase_add_test(tests, of_one_that_does_not_run_nothing_is_said);
	tcase_add_test(tests, every_member_of_a_row_has_a_heading);
	return suite_run("stats_row", tests);
}
