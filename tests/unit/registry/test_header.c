#include "storage/registry/header.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *text;
	int result;
	uint64_t first, last, total;
} ranges[] = {
	{ "bytes 0-99/100",   0, 0, 99, 100 },
	{ "Bytes 5-5/6",      0, 5, 5, 6 },
	{ "bytes 5-9/*",      0, 5, 9, UINT64_MAX },
	{ "bytes 0-100/100",  -EPROTO, 0, 0, 0 },
	{ "bytes 9-5/100",    -EPROTO, 0, 0, 0 },
	{ "bytes */100",      -EPROTO, 0, 0, 0 },
	{ "bytes 0-99",       -EPROTO, 0, 0, 0 },
	{ "bytes=0-99/100",   -EPROTO, 0, 0, 0 },
	{ "bytes 0-99/100 ",  -EPROTO, 0, 0, 0 },
	{ "bytes -1-99/100",  -EPROTO, 0, 0, 0 },
	{ "items 0-9/10",     -EPROTO, 0, 0, 0 },
	{ "bytes 99999999999999999999-1/2", -EPROTO, 0, 0, 0 },
	{ "",                 -EPROTO, 0, 0, 0 },
};

static const struct {
	const char *text;
	int result;
	uint64_t there;
} uploads[] = {
	{ "0-99", 0, 100 },
	{ "bytes=0-99", 0, 100 },
	{ "0-0", 0, 0 },
	{ "0-18446744073709551615", -EPROTO, 0 },
	{ "5-99", -EPROTO, 0 },
	{ "0-", -EPROTO, 0 },
	{ "0-9x", -EPROTO, 0 },
	{ "", -EPROTO, 0 },
};

static const struct {
	const char *text;
	int result;
	uint64_t seconds;
} waits[] = {
	{ "0", 0, 0 },
	{ "120", 0, 120 },
	{ "31536000", 0, 31536000 },
	{ "99999999999999999999999", 0, UINT64_MAX },
	{ "Thu, 01 Jan 1970 00:02:00 GMT", 0, 20 },
	{ "Thu, 01 Jan 1970 00:00:01 GMT", 0, 0 },
	{ "-1", -EPROTO, 0 },
	{ "soon", -EPROTO, 0 },
	{ "", -EPROTO, 0 },
};

static const struct {
	const char *text;
	const char *type; /* NULL: refused */
} types[] = {
	{ "application/json", "application/json" },
	{ "Application/JSON; charset=utf-8", "application/json" },
	{ "application/vnd.oci.image.manifest.v1+json ;x",
	  "application/vnd.oci.image.manifest.v1+json" },
	{ "application", NULL },
	{ "/json", NULL },
	{ "application/", NULL },
	{ "a/b/c", NULL },
	{ "", NULL },
	{ "application/json\x01", NULL },
};

static const struct {
	const char *text;
	const char *next; /* NULL: there is none */
} links[] = {
	{ "</v2/x/tags/list?last=b&n=1>; rel=\"next\"",
	  "/v2/x/tags/list?last=b&n=1" },
	{ "</a>;rel=next", "/a" },
	{ "</a>; rel=\"prev\", </b>; rel=\"next\"", "/b" },
	{ "</a>; title=\"x\"; REL = \"Next\"", "/a" },
	{ "</a>; rel=\"prev\"", NULL },
	{ "</a>", NULL },
	{ "</a; rel=\"next\"", NULL },
	{ "/a; rel=\"next\"", NULL },
	{ "", NULL },
	{ "<>; rel=next", "" },
};
/* clang-format on */

START_TEST(a_content_range_is_exact_or_refused)
{
	uint64_t first = 0, last = 0, total = 0;

	ck_assert_int_eq(
		header_content_range(ranges[_i].text, &first, &last, &total),
		ranges[_i].result);
	ck_assert_uint_eq(first, ranges[_i].first);
	ck_assert_uint_eq(last, ranges[_i].last);
	ck_assert_uint_eq(total, ranges[_i].total);
}
END_TEST

START_TEST(an_upload_says_how_far_it_is)
{
	uint64_t there = 0;

	ck_assert_int_eq(header_range_end(uploads[_i].text, &there),
			 uploads[_i].result);
	ck_assert_uint_eq(there, uploads[_i].there);
}
END_TEST

START_TEST(a_server_says_how_long_to_wait)
{
	uint64_t seconds = 0;

	ck_assert_int_eq(header_retry_after(waits[_i].text, 100, &seconds),
			 waits[_i].result);
	if (waits[_i].result == 0)
		ck_assert_uint_eq(seconds, waits[_i].seconds);
}
END_TEST

START_TEST(a_media_type_is_in_lower_case_and_alone)
{
	char type[64] = "";
	int r = header_media_type(types[_i].text, type, sizeof(type));

	ck_assert_int_eq(r, types[_i].type ? 0 : -EPROTO);
	if (types[_i].type)
		ck_assert_str_eq(type, types[_i].type);
}
END_TEST

START_TEST(a_media_type_has_to_fit)
{
	char type[8];

	ck_assert_int_eq(header_media_type("a/bcdef", type, 8), 0);
	ck_assert_int_eq(header_media_type("a/bcdefg", type, 8), -EPROTO);
}
END_TEST

START_TEST(the_next_page_is_found)
{
	scoped(char) *next = header_next(links[_i].text);

	ck_assert_pstr_eq(next, links[_i].next);
}
END_TEST

START_TEST(numbers_are_digits)
{
	uint64_t n = 0;

	ck_assert_int_eq(header_number("18446744073709551615", &n), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(header_number("18446744073709551616", &n), -EPROTO);
	ck_assert_int_eq(header_number("+1", &n), -EPROTO);
	ck_assert_int_eq(header_number("-1", &n), -EPROTO);
	ck_assert_int_eq(header_number("1, 1", &n), -EPROTO);
	ck_assert_int_eq(header_number("0x1", &n), -EPROTO);
	ck_assert_int_eq(header_number("", &n), -EPROTO);
}
END_TEST

START_TEST(what_is_sent_again_is_plain)
{
	ck_assert(header_is_plain("eyJhbGciOi.J-_~+/=="));
	ck_assert(!header_is_plain("a\r\nHost: x"));
	ck_assert(!header_is_plain("a b"));
	ck_assert(!header_is_plain("a\x7f"));
	ck_assert(!header_is_plain("\xc3\xa9"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("header");

	tcase_add_loop_test(tests, a_content_range_is_exact_or_refused, 0,
			    ARRAY_SIZE(ranges));
	tcase_add_loop_test(tests, an_upload_says_how_far_it_is, 0,
			    ARRAY_SIZE(uploads));
	tcase_add_loop_test(tests, a_server_says_how_long_to_wait, 0,
			    ARRAY_SIZE(waits));
	tcase_add_loop_test(tests, a_media_type_is_in_lower_case_and_alone, 0,
			    ARRAY_SIZE(types));
	tcase_add_test(tests, a_media_type_has_to_fit);
	tcase_add_loop_test(tests, the_next_page_is_found, 0,
			    ARRAY_SIZE(links));
	tcase_add_test(tests, numbers_are_digits);
	tcase_add_test(tests, what_is_sent_again_is_plain);
	return suite_run("header", tests);
}
