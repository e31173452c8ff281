#include "core/log_record.h"

#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEADER  "2026-11-22T10:00:00.123456789+00:00 stdout F "
#define TIME_NS (1795341600 * INT64_C(1000000000) + 123456789)

START_TEST(a_header_is_as_podman_writes_it)
{
	char text[LOG_HEADER_SIZE + 1] = "";

	log_record_header(text, TIME_NS, LOG_STDOUT, true);
	ck_assert_str_eq(text, HEADER);
	log_record_header(text, 0, LOG_STDERR, false);
	ck_assert_str_eq(text, "1970-01-01T00:00:00.000000000+00:00 stderr P ");
	log_record_header(text, INT64_MAX, LOG_NOTICE, true);
	ck_assert_str_eq(text, "2262-04-11T23:47:16.854775807+00:00 notice F ");
}
END_TEST

START_TEST(a_record_is_read_as_it_was_written)
{
	static const int64_t times[] = {
		0,          1,       999999999,
		1000000000, TIME_NS, INT64_C(9000000000000000000)
	};
	char line[LOG_HEADER_SIZE + 4];

	for (size_t i = 0; i < ARRAY_SIZE(times) * N_LOG_STREAMS * 2; i++) {
		struct log_record record = { 0 };
		int64_t time = times[i / N_LOG_STREAMS / 2];
		enum log_stream stream = i / 2 % N_LOG_STREAMS;

		log_record_header(line, time, stream, i % 2);
		memcpy(line + LOG_HEADER_SIZE, "a\0 b", 4);
		ck_assert(log_record_parse(line, sizeof(line), &record));
		ck_assert_int_eq(record.time_ns, time);
		ck_assert_int_eq(record.stream, stream);
		ck_assert_int_eq(record.ends, i % 2);
		ck_assert_uint_eq(record.size, 4);
		ck_assert_mem_eq(record.text, "a\0 b", 4);
	}
}
END_TEST

START_TEST(the_time_is_right_whatever_came_before)
{
	struct log_record record = { 0 };
	static const char *const lines[] = {
		"2026-11-22T10:00:00.123456789+00:00 stdout F ",
		"2026-11-22T10:00:00.123456790+00:00 stdout F ",
		"2026-11-22T10:00:01.123456789+00:00 stdout F ",
		"2026-11-22T10:00:00.123456789+00:00 stdout F ",
	};
	static const int64_t more[] = { 0, 1, 1000000000, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		ck_assert(
			log_record_parse(lines[i], strlen(lines[i]), &record));
		ck_assert_int_eq(record.time_ns, TIME_NS + more[i]);
	}
}
END_TEST

static const char *const bad[] = {
	"",
	"stdout F text that has no time, and is as long as a header",
	"2026-11-22T10:00:00.123456789+00:00 stdout F",
	"2026-11-22T10:00:00.123456789+00:00 stdout X text",
	"2026-11-22T10:00:00.123456789+00:00 stdout f text",
	"2026-11-22T10:00:00.123456789+00:00 stdxxx F text",
	"2026-11-22T10:00:00.123456789+00:00 STDOUT F text",
	"2026-11-22T10:00:00.123456789+00:00 stdoutxF text",
	"2026-11-22T10:00:00.123456789+00:00 stdout Ftext ",
	"2026-11-22T10:00:00.123456789+01:00 stdout F text",
	"2026-11-22T10:00:00.123456789-00:00 stdout F text",
	"2026-11-22T10:00:00.12345678 +00:00 stdout F text",
	"2026-11-22T10:00:00.-23456789+00:00 stdout F text",
	"2026-11-22T10:00:00,123456789+00:00 stdout F text",
	"2026-11-22 10:00:00.123456789+00:00 stdout F text",
	"2026-13-22T10:00:00.123456789+00:00 stdout F text",
	"2026-00-22T10:00:00.123456789+00:00 stdout F text",
	"2026-11-00T10:00:00.123456789+00:00 stdout F text",
	"2026-11-32T10:00:00.123456789+00:00 stdout F text",
	"2026-11-22T24:00:00.123456789+00:00 stdout F text",
	"2026-11-22T10:60:00.123456789+00:00 stdout F text",
	"2026-11-22T10:00:61.123456789+00:00 stdout F text",
	"1969-11-22T10:00:00.123456789+00:00 stdout F text",
	"2262-11-22T10:00:00.123456789+00:00 stdout F text",
	"9999-11-22T10:00:00.123456789+00:00 stdout F text",
	"+026-11-22T10:00:00.123456789+00:00 stdout F text",
	" 2026-11-22T10:00:00.123456789+00:00 stdout F text",
};

START_TEST(what_is_no_record_is_told)
{
	struct log_record record = { 0 };
	/* as after a good one: nothing is taken over from it */
	ck_assert(log_record_parse(HEADER, strlen(HEADER), &record));
	ck_assert_msg(!log_record_parse(bad[_i], strlen(bad[_i]), &record),
		      "%s", bad[_i]);
}
END_TEST

START_TEST(a_record_without_digits_is_none_also_at_the_begin)
{
	struct log_record record = { 0 };
	char line[LOG_HEADER_SIZE + 1] = HEADER;

	memset(line, '\0', 19);
	ck_assert(!log_record_parse(line, LOG_HEADER_SIZE, &record));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log_record");

	tcase_add_test(tests, a_header_is_as_podman_writes_it);
	tcase_add_test(tests, a_record_is_read_as_it_was_written);
	tcase_add_test(tests, the_time_is_right_whatever_came_before);
	tcase_add_test(tests,
		       a_record_without_digits_is_none_also_at_the_begin);
	tcase_add_loop_test(tests, what_is_no_record_is_told, 0,
			    (int)ARRAY_SIZE(bad));
	return suite_run("log_record", tests);
}
