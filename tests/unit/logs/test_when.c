#include "cmd/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define S INT64_C(1000000000)
/* 2026-11-22T10:00:00Z */
#define NOW (1795341600 * S)

/* a zone that is two hours east */
static time_t local(struct tm *tm)
{
	return timegm(tm) - 7200;
}

/* clang-format off */
static const struct {
	const char *text;
	int64_t ns;
} good[] = {
	{ "2026-11-22T10:00:00Z",                NOW },
	{ "2026-11-22t10:00:00z",                NOW },
	{ "2026-11-22 10:00:00Z",                NOW },
	{ "2026-11-22T10:00:00+00:00",           NOW },
	{ "2026-11-22T11:00:00+01:00",           NOW },
	{ "2026-11-22T06:30:00-03:30",           NOW },
	{ "2026-11-22T06:30:00-0330",            NOW },
	{ "2026-11-22T10:00:00.5Z",              NOW + S / 2 },
	{ "2026-11-22T10:00:00,5Z",              NOW + S / 2 },
	{ "2026-11-22T10:00:00.123456789Z",      NOW + 123456789 },
	{ "2026-11-22T10:00:00.1234567899Z",     NOW + 123456789 },
	{ "2026-11-22T10:00:00.000000001+00:00", NOW + 1 },
	{ "2026-11-22T10:00Z",                   NOW },
	{ "2026-11-22T10Z",                      NOW },
	{ "2026-11-22T10+00:00",                 NOW },
	{ "2026-11-22Z",                         NOW - 36000 * S },
	{ "2026-11-22+01:00",                    NOW - 39600 * S },
	{ "2026-11-21-14:00",                    NOW - 72000 * S },
	/* local time */
	{ "2026-11-22T12:00:00",                 NOW },
	{ "2026-11-22T12:00:00.25",              NOW + S / 4 },
	{ "2026-11-22T12:00",                    NOW },
	{ "2026-11-22T12",                       NOW },
	{ "2026-11-22",                          NOW - 43200 * S },
	{ "2024-02-29T00:00:00Z",                1709164800 * S },
	{ "2000-02-29T00:00:00Z",                951782400 * S },
	{ "2026-06-30T23:59:60Z",                1782864000 * S },
	{ "1970-01-01T00:00:00Z",                0 },
	{ "1970-01-01",                          -7200 * S },
	/* seconds since 1970 */
	{ "0",                                   0 },
	{ "1795341600",                          NOW },
	{ "1795341600.25",                       NOW + S / 4 },
	{ "1136073600.000000001",                1136073600 * S + 1 },
	{ "1136073600.0000000019",               1136073600 * S + 1 },
	{ "2026",                                2026 * S },
	/* how long ago */
	{ "10m",                                 NOW - 600 * S },
	{ "+10m",                                NOW - 600 * S },
	{ "-10m",                                NOW + 600 * S },
	{ "1h30m",                               NOW - 5400 * S },
	{ "1.5h",                                NOW - 5400 * S },
	{ ".5h",                                 NOW - 1800 * S },
	{ "1.h",                                 NOW - 3600 * S },
	{ "2d",                                  NOW - 172800 * S },
	{ "1h1m1s1ms1us1ns",                     NOW - 3661001001001 },
	{ "1\xc2\xb5s",                          NOW - 1000 },
	{ "1\xce\xbcs",                          NOW - 1000 },
	{ "0s",                                  NOW },
	{ "0.000000001s",                        NOW - 1 },
	{ "1m1m",                                NOW - 120 * S },
};

static const struct {
	const char *text;
	int code;
} bad[] = {
	{ "", EINVAL },
	{ " ", EINVAL },
	{ "-", EINVAL },
	{ "+", EINVAL },
	{ "now", EINVAL },
	{ "yesterday", EINVAL },
	{ "10", 0 },
	{ "10x", EINVAL },
	{ "10m ", EINVAL },
	{ " 10m", EINVAL },
	{ "10 m", EINVAL },
	{ "10m5", EINVAL },
	{ "--10m", EINVAL },
	{ "1h-30m", EINVAL },
	{ "m", EINVAL },
	{ ".m", EINVAL },
	{ "1.2.3s", EINVAL },
	{ "1e3s", EINVAL },
	{ "0x10", EINVAL },
	{ "10.", EINVAL },
	{ ".5", EINVAL },
	{ "-5", EINVAL },
	{ "1795341600.5Z", EINVAL },
	{ "99999999999999999999", ERANGE },
	{ "9223372036", ERANGE },
	{ "99999999999999999999s", ERANGE },
	{ "9999999999h", ERANGE },
	{ "-9223372036s", ERANGE },
	{ "2026-11", EINVAL },
	{ "2026-1-2", EINVAL },
	{ "2026-13-01", EINVAL },
	{ "2026-00-01", EINVAL },
	{ "2026-11-31", EINVAL },
	{ "2026-11-00", EINVAL },
	{ "2026-02-29", EINVAL },
	{ "2100-02-29", EINVAL },
	{ "2026-11-22T", EINVAL },
	{ "2026-11-22T1", EINVAL },
	{ "2026-11-22T24:00:00Z", EINVAL },
	{ "2026-11-22T10:60:00Z", EINVAL },
	{ "2026-11-22T10:00:61Z", EINVAL },
	{ "2026-11-22T10:", EINVAL },
	{ "2026-11-22T10:00:", EINVAL },
	{ "2026-11-22T10:00:00.", EINVAL },
	{ "2026-11-22T10:00:00.Z", EINVAL },
	{ "2026-11-22T10:00:00ZZ", EINVAL },
	{ "2026-11-22T10:00:00+1", EINVAL },
	{ "2026-11-22T10:00:00+24:00", EINVAL },
	{ "2026-11-22T10:00:00+01:60", EINVAL },
	{ "2026-11-22T10:00:00 CET", EINVAL },
	{ "2026-11-22  10:00:00", EINVAL },
	{ "2026/11/22", EINVAL },
	{ "1969-12-31T00:00:00Z", ERANGE },
	{ "2262-01-01T00:00:00Z", ERANGE },
	{ "9999-12-31T00:00:00Z", ERANGE },
	{ "12026-11-22", EINVAL },
};
/* clang-format on */

START_TEST(a_time_is_understood)
{
	struct error err = { 0 };
	int64_t ns = -1;

	ck_assert_msg(when_parse(good[_i].text, NOW, local, &ns, &err) == 0,
		      "%s: %s", good[_i].text, err.text);
	ck_assert_msg(ns == good[_i].ns, "%s: %lld, not %lld", good[_i].text,
		      (long long)ns, (long long)good[_i].ns);
}
END_TEST

START_TEST(what_is_no_time_is_an_error_that_quotes_it)
{
	struct error err = { 0 };
	int64_t ns = 77;
	int r = when_parse(bad[_i].text, NOW, local, &ns, &err);

	ck_assert_msg(r == -bad[_i].code, "%s: %d", bad[_i].text, r);
	if (r < 0) {
		ck_assert_int_eq(ns, 77);
		ck_assert_ptr_nonnull(strstr(err.text, bad[_i].text));
	}
}
END_TEST

START_TEST(a_time_is_shown_as_it_is_typed)
{
	static const int64_t times[] = { NOW, NOW + 1, NOW + S - 1,
					 0,   -1,      -7200 * S };
	char text[WHEN_SIZE];
	struct error err;
	int64_t ns;

	ck_assert_str_eq(when_utc(text, NOW + 5),
			 "2026-11-22T10:00:00.000000005Z");
	setenv("TZ", "XXX-02:30", 1);
	tzset();
	ck_assert_str_eq(when_local(text, NOW + 5),
			 "2026-11-22T12:30:00.000000005+02:30");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		when_local(text, times[i]);
		ck_assert_int_eq(when_parse(text, NOW, local, &ns, &err), 0);
		ck_assert_int_eq(ns, times[i]);
	}
	setenv("TZ", "XXX03:30", 1);
	tzset();
	ck_assert_str_eq(when_local(text, NOW),
			 "2026-11-22T06:30:00.000000000-03:30");
}
END_TEST

/* mktime(3) knows when the clocks were put forward */
START_TEST(local_time_has_summer_time)
{
	struct error err;
	int64_t summer, winter;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	ck_assert_int_eq(
		when_parse("2026-07-01T12:00:00", NOW, mktime, &summer, &err),
		0);
	ck_assert_int_eq(
		when_parse("2026-12-01T12:00:00", NOW, mktime, &winter, &err),
		0);
	ck_assert_int_eq(summer, 1782900000 * S);
	ck_assert_int_eq(winter, 1796122800 * S);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("when");

	tcase_add_loop_test(tests, a_time_is_understood, 0,
			    (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tests, what_is_no_time_is_an_error_that_quotes_it,
			    0, (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, a_time_is_shown_as_it_is_typed);
	tcase_add_test(tests, local_time_has_summer_time);
	return suite_run("when", tests);
}
