#include "base/text.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *what, *from, *to;
} escapes[] = {
	{ "nothing",               "",                 "" },
	{ "plain text",            "a b~",             "a b~" },
	{ "a backslash",           "\\x1b",            "\\x1b" },
	{ "letters of Europe",     "\xc3\xa9\xc3\x9f", "\xc3\xa9\xc3\x9f" },
	{ "a letter of 3 bytes",   "\xe2\x82\xac",     "\xe2\x82\xac" },
	{ "a letter of 4 bytes",   "\xf0\x9f\x90\x8b", "\xf0\x9f\x90\x8b" },
	{ "the last code point",   "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "the first after C1",    "\xc2\xa0",         "\xc2\xa0" },
	{ "an escape sequence",    "\x1b[0m",          "\\x1b[0m" },
	{ "line ends and tabs",    "\n\r\t",           "\\x0a\\x0d\\x09" },
	{ "the first control",     "\x01",             "\\x01" },
	{ "the last control",      "\x1f ",            "\\x1f " },
	{ "delete",                "\x7f",             "\\x7f" },
	{ "the first of C1",       "\xc2\x80",         "\\xc2\\x80" },
	{ "CSI, one of C1",        "\xc2\x9b" "0m",    "\\xc2\\x9b0m" },
	{ "the last of C1",        "\xc2\x9f",         "\\xc2\\x9f" },
	{ "Arabic letter mark",    "\xd8\x9c",         "\\xd8\\x9c" },
	{ "left-to-right mark",    "\xe2\x80\x8e",     "\\xe2\\x80\\x8e" },
	{ "right-to-left mark",    "\xe2\x80\x8f",     "\\xe2\\x80\\x8f" },
	{ "first embedding",       "\xe2\x80\xaa",     "\\xe2\\x80\\xaa" },
	{ "an override",           "\xe2\x80\xae",     "\\xe2\\x80\\xae" },
	{ "behind the overrides",  "\xe2\x80\xaf",     "\xe2\x80\xaf" },
	{ "before the isolates",   "\xe2\x81\xa5",     "\xe2\x81\xa5" },
	{ "first isolate",         "\xe2\x81\xa6",     "\\xe2\\x81\\xa6" },
	{ "last isolate",          "\xe2\x81\xa9",     "\\xe2\\x81\\xa9" },
	{ "behind the isolates",   "\xe2\x81\xaa",     "\xe2\x81\xaa" },
	{ "a bare second byte",    "\x80" "a",         "\\x80a" },
	{ "a raw C1 byte",         "\x9b" "0m",        "\\x9b0m" },
	{ "cut after 1 of 2",      "\xc3",             "\\xc3" },
	{ "cut after 2 of 3",      "\xe2\x82",         "\\xe2\\x82" },
	{ "cut after 3 of 4",      "\xf0\x9f\x90",     "\\xf0\\x9f\\x90" },
	{ "broken by a letter",    "\xe2" "a\xac",     "\\xe2a\\xac" },
	{ "/ in two bytes",        "\xc0\xaf",         "\\xc0\\xaf" },
	{ "ESC in two bytes",      "\xc0\x9b",         "\\xc0\\x9b" },
	{ "e' in three bytes",     "\xe0\x83\xa9",     "\\xe0\\x83\\xa9" },
	{ "euro in four bytes",    "\xf0\x82\x82\xac", "\\xf0\\x82\\x82\\xac" },
	{ "first surrogate",       "\xed\xa0\x80",     "\\xed\\xa0\\x80" },
	{ "last surrogate",        "\xed\xbf\xbf",     "\\xed\\xbf\\xbf" },
	{ "behind the surrogates", "\xee\x80\x80",     "\xee\x80\x80" },
	{ "beyond the last",       "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "five bytes",            "\xf8\x88\x80\x80\x80",
	  "\\xf8\\x88\\x80\\x80\\x80" },
	{ "0xff",                  "\xff",             "\\xff" },
};

static const struct {
	const char *from;
	size_t size;
	const char *to;
} cuts[] = {
	{ "abc",         1, "" },
	{ "abc",         3, "ab" },
	{ "abc",         4, "abc" },
	{ "a\x1b" "b",   5, "a" }, /* never half an escape */
	{ "a\x1b" "b",   6, "a\\x1b" },
	{ "\xc3\xa9",    2, "" },  /* never half a letter */
	{ "\xc3\xa9",    3, "\xc3\xa9" },
	{ "\xc2\x9b",    8, "" },
	{ "\xc2\x9b",    9, "\\xc2\\x9b" },
};

static const struct {
	const char *text;
	uint64_t max;
	int result;
	uint64_t value;
} numbers[] = {
	{ "0",                    9,          0,       0 },
	{ "9",                    9,          0,       9 },
	{ "10",                   9,          -ERANGE, 0 },
	{ "007",                  9,          0,       7 },
	{ "00000000000000000000000000", 0,    0,       0 },
	{ "4294967295",           UINT32_MAX, 0,       UINT32_MAX },
	{ "4294967296",           UINT32_MAX, -ERANGE, 0 },
	{ "18446744073709551615", UINT64_MAX, 0,       UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "18446744073709551620", UINT64_MAX, -ERANGE, 0 },
	{ "184467440737095516150", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
	{ "",                     9,          -EINVAL, 0 },
	{ "-1",                   9,          -EINVAL, 0 },
	{ "+1",                   9,          -EINVAL, 0 },
	{ " 1",                   9,          -EINVAL, 0 },
	{ "1 ",                   9,          -EINVAL, 0 },
	{ "1\n",                  9,          -EINVAL, 0 },
	{ "0x1",                  9,          -EINVAL, 0 },
	{ "1e1",                  99,         -EINVAL, 0 },
	{ "1.0",                  9,          -EINVAL, 0 },
	{ "\xd9\xa1",             9,          -EINVAL, 0 }, /* Arabic 1 */
};

#define K 1024ull

static const struct {
	const char *text;
	int result;
	uint64_t value;
} sizes[] = {
	{ "0",       0,       0 },
	{ "10240",   0,       10240 },
	{ "1b",      0,       1 },
	{ "1B",      0,       1 },
	{ "512k",    0,       512 * K },
	{ "512K",    0,       512 * K },
	{ "64m",     0,       64 * K * K },
	{ "64M",     0,       64 * K * K },
	{ "64mb",    0,       64 * K * K },
	{ "64MB",    0,       64 * K * K },
	{ "64mib",   0,       64 * K * K },
	{ "64MiB",   0,       64 * K * K },
	{ "64MIB",   0,       64 * K * K },
	{ "1g",      0,       K * K * K },
	{ "2t",      0,       2 * K * K * K * K },
	{ "0.5k",    0,       512 },
	{ "1.5g",    0,       3 * K * K * K / 2 },
	{ "1.125k",  0,       1152 },
	{ "16777t",  0,       16777 * K * K * K * K },
	{ "16778t",  -ERANGE, 0 },
	{ "99999999999999t", -ERANGE, 0 },
	{ "",        -EINVAL, 0 },
	{ "k",       -EINVAL, 0 },
	{ ".5k",     -EINVAL, 0 },
	{ "1.",      -EINVAL, 0 },
	{ "1.k",     -EINVAL, 0 },
	{ "1.5",     -EINVAL, 0 },
	{ "1.5b",    -EINVAL, 0 },
	{ "1.2345k", -EINVAL, 0 },
	{ "1..5k",   -EINVAL, 0 },
	{ "-1",      -EINVAL, 0 },
	{ "+1",      -EINVAL, 0 },
	{ " 1k",     -EINVAL, 0 },
	{ "1 k",     -EINVAL, 0 },
	{ "1k ",     -EINVAL, 0 },
	{ "1kk",     -EINVAL, 0 },
	{ "1ki",     -EINVAL, 0 },
	{ "1ib",     -EINVAL, 0 },
	{ "1bb",     -EINVAL, 0 },
	{ "1p",      -EINVAL, 0 },
	{ "1k1m",    -EINVAL, 0 },
	{ "0x10",    -EINVAL, 0 },
	{ "1e3",     -EINVAL, 0 },
};

static const struct {
	const char *text;
	int result;
	uint64_t ms;
} durations[] = {
	{ "0",       0,       0 },
	{ "90",      0,       90 * 1000 },
	{ "1.5",     0,       1500 },
	{ "1.5s",    0,       1500 },
	{ "0.001s",  0,       1 },
	{ "200ms",   0,       200 },
	{ "5m",      0,       5 * 60 * 1000 },
	{ "1h",      0,       60 * 60 * 1000 },
	{ "1h30m",   0,       90 * 60 * 1000 },
	{ "2d",      0,       2 * 24 * 60 * 60 * 1000 },
	{ "1d1h1m1s1ms", 0,   (25 * 60 + 1) * 60 * 1000 + 1001 },
	{ "1.5ms",   0,       2 },
	{ "0.1ms",   0,       1 }, /* 0 would mean: no limit at all */
	{ "999999999999999d", -ERANGE, 0 },
	{ "",        -EINVAL, 0 },
	{ "s",       -EINVAL, 0 },
	{ "-1",      -EINVAL, 0 },
	{ "+1s",     -EINVAL, 0 },
	{ " 1s",     -EINVAL, 0 },
	{ "1 s",     -EINVAL, 0 },
	{ "1s ",     -EINVAL, 0 },
	{ "1S",      -EINVAL, 0 },
	{ "1w",      -EINVAL, 0 },
	{ "1sm",     -EINVAL, 0 },
	{ "1.s",     -EINVAL, 0 },
	{ "1.2345s", -EINVAL, 0 },
	{ "1h30",    -EINVAL, 0 }, /* minutes or seconds? */
	{ "1min",    -EINVAL, 0 },
};

static const char *const words[] = {
	"ram", "run", "images", "import", "load", "rmi", "unpack", "unshare",
	"doctor", "explain", NULL,
};

static const struct {
	const char *word, *nearest;
} typos[] = {
	{ "run",      "run" },
	{ "rnu",      "run" },     /* swapped: nearer than ram */
	{ "runn",     "run" },     /* one more */
	{ "un",       "run" },     /* one less */
	{ "image",    "images" },
	{ "imprt",    "import" },
	{ "dcotor",   "doctor" },
	{ "docker",   "doctor" },
	{ "expalin",  "explain" },
	{ "",         NULL },
	{ "x",        NULL },
	{ "zzzzzz",   NULL },
	{ "completely-different", NULL },
	{ "runrunrunrunrunrunrunrunrunrunrunrunrunrun", NULL },
};
/* clang-format on */

START_TEST(what_a_terminal_would_act_on_is_escaped)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		char to[64] = "untouched";

		text_escape(to, sizeof(to), escapes[i].from);
		ck_assert_msg(strcmp(to, escapes[i].to) == 0, "%s: %s",
			      escapes[i].what, to);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_cut_between_characters)
{
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		char to[16];

		memset(to, '#', sizeof(to));
		text_escape(to, cuts[i].size, cuts[i].from);
		ck_assert_msg(strcmp(to, cuts[i].to) == 0, "row %zu: %s", i,
			      to);
		for (size_t k = cuts[i].size; k < sizeof(to); k++)
			ck_assert_int_eq(to[k], '#');
	}
}
END_TEST

START_TEST(nothing_is_written_into_no_room)
{
	char to[2] = "#";

	text_escape(to, 0, "abc");
	ck_assert_str_eq(to, "#");
}
END_TEST

START_TEST(a_text_can_be_escaped_in_its_place)
{
	char text[32] = "a\x1b\xc2\x9b"
			"b";

	text_escape(text, sizeof(text), text);
	ck_assert_str_eq(text, "a\\x1b\\xc2\\x9bb");
}
END_TEST

START_TEST(a_number_is_the_whole_text_or_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t value = 4711;
		struct error err;
		int r = text_to_u64(numbers[i].text, numbers[i].max, &value,
				    &err);

		ck_assert_msg(r == numbers[i].result, "\"%s\": %d",
			      numbers[i].text, r);
		ck_assert_msg(value == (r ? 4711 : numbers[i].value),
			      "\"%s\": %llu", numbers[i].text,
			      (unsigned long long)value);
	}
}
END_TEST

START_TEST(a_number_of_32_bits_is_not_cut)
{
	uint32_t value = 4711;
	struct error err;

	ck_assert_int_eq(text_to_u32("4294967296", UINT32_MAX, &value, &err),
			 -ERANGE);
	ck_assert_uint_eq(value, 4711);
	ck_assert_int_eq(text_to_u32("4294967295", UINT32_MAX, &value, &err),
			 0);
	ck_assert_uint_eq(value, UINT32_MAX);
}
END_TEST

START_TEST(the_message_about_a_bad_number_quotes_it)
{
	uint64_t value;
	struct error err;

	text_to_u64("1x", 9, &value, &err);
	ck_assert_str_eq(err.text, "\"1x\" is not a decimal number");
	text_to_u64("10", 9, &value, &err);
	ck_assert_str_eq(err.text, "10 is more than the largest value, 9");
}
END_TEST

START_TEST(a_size_has_a_unit_of_1024)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t value = 4711;
		struct error err;
		int r = text_to_size(sizes[i].text, &value, &err);

		ck_assert_msg(r == sizes[i].result, "\"%s\": %d", sizes[i].text,
			      r);
		ck_assert_msg(value == (r ? 4711 : sizes[i].value),
			      "\"%s\": %llu", sizes[i].text,
			      (unsigned long long)value);
	}
}
END_TEST

START_TEST(a_duration_is_seconds_or_has_units)
{
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		uint64_t ms = 4711;
		struct error err;
		int r = text_to_duration(durations[i].text, &ms, &err);

		ck_assert_msg(r == durations[i].result, "\"%s\": %d",
			      durations[i].text, r);
		ck_assert_msg(ms == (r ? 4711 : durations[i].ms),
			      "\"%s\": %llu ms", durations[i].text,
			      (unsigned long long)ms);
	}
}
END_TEST

START_TEST(a_typing_error_is_near_the_word_that_was_meant)
{
	for (size_t i = 0; i < ARRAY_SIZE(typos); i++) {
		const char *found = text_nearest(typos[i].word, words);
		const char *wanted = typos[i].nearest;

		ck_assert_msg(
			(!found && !wanted) ||
				(found && wanted && strcmp(found, wanted) == 0),
			"%s: %s", typos[i].word, found ? found : "nothing");
	}
}
END_TEST

START_TEST(a_text_starts_and_ends_with_its_parts)
{
	ck_assert(text_starts_with("subid:", "subid:"));
	ck_assert(text_starts_with("subid:", ""));
	ck_assert(!text_starts_with("subi", "subid"));
	ck_assert(!text_starts_with("asubid", "subid"));
	ck_assert(text_ends_with("layer.single", ".single"));
	ck_assert(text_ends_with("x", ""));
	ck_assert(!text_ends_with("ingle", "single"));
	ck_assert(!text_ends_with("single.x", "single"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, what_a_terminal_would_act_on_is_escaped);
	tcase_add_test(tests, what_does_not_fit_is_cut_between_characters);
	tcase_add_test(tests, nothing_is_written_into_no_room);
	tcase_add_test(tests, a_text_can_be_escaped_in_its_place);
	tcase_add_test(tests, a_number_is_the_whole_text_or_nothing);
	tcase_add_test(tests, a_number_of_32_bits_is_not_cut);
	tcase_add_test(tests, the_message_about_a_bad_number_quotes_it);
	tcase_add_test(tests, a_size_has_a_unit_of_1024);
	tcase_add_test(tests, a_duration_is_seconds_or_has_units);
	tcase_add_test(tests, a_typing_error_is_near_the_word_that_was_meant);
	tcase_add_test(tests, a_text_starts_and_ends_with_its_parts);
	return suite_run("text", tests);
}
