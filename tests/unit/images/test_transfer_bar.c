#include "cmd/image/transfer_bar.h"

#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define DIGEST                                                                 \
	"sha256:"                                                              \
	"a3ed95caeb02ffe68cdd9fd84406680ae93d663cb16422d00e8a7c22955b46d4"

static const bool no = false, yes = true;

/* clang-format off */
static const struct {
	uint64_t at, size, rate;
	unsigned int columns;
	const char *line;
} bars[] = {
	{ 0, 100, 0, 60,
	  "a3ed95caeb02 [>                 ]          0B/100B      -/s" },
	{ 50, 100, 2000, 60,
	  "a3ed95caeb02 [=========>        ]         50B/100B    2kB/s" },
	{ 100, 100, 999499, 60,
	  "a3ed95caeb02 [==================]        100B/100B  999kB/s" },
	/* more than was announced is no reason to draw beyond the end */
	{ UINT64_MAX, 100, 0, 60,
	  "a3ed95caeb02 [==================]      18.4EB/100B      -/s" },
	{ 0, 0, 0, 60,
	  "a3ed95caeb02 [==================]            0B/0B      -/s" },
	/* no terminal is too narrow */
	{ 50, 100, 2000, 46, "a3ed95caeb02 [==> ]         50B/100B    2kB/s" },
	{ 50, 100, 2000, 44, "a3ed95caeb02         50B/100B    2kB/s" },
	{ 50, 100, 2000, 38, "a3ed95caeb02         50B/100B" },
	{ 50, 100, 2000, 29, "a3ed95caeb02  50%" },
	{ 50, 100, 2000, 17, "a3ed95caeb02" },
	{ 50, 100, 2000, 6,  "a3ed9" },
	{ 50, 100, 2000, 1,  "" },
};
/* clang-format on */

START_TEST(a_bar_fits_into_the_terminal)
{
	const struct transfer t = { .name = DIGEST,
				    .size = bars[_i].size,
				    .at = &bars[_i].at,
				    .done = &no };
	const struct transfer_screen screen = { .columns = bars[_i].columns };
	scoped(char) *bar = transfer_bar(&t, bars[_i].rate, &screen);

	ck_assert_str_eq(bar, bars[_i].line);
}
END_TEST

START_TEST(a_bar_is_shorter_than_any_terminal)
{
	const uint64_t at = 999000000, size = 123456789012;
	const struct transfer t = {
		.name = DIGEST, .size = size, .at = &at, .done = &no
	};

	for (unsigned int columns = 1; columns < 300; columns++) {
		const struct transfer_screen screen = { .columns = columns };
		scoped(char) *bar = transfer_bar(&t, 999000000, &screen);
		ck_assert_uint_lt(strlen(bar), columns);
	}
}
END_TEST

START_TEST(colour_is_only_where_it_is_wanted)
{
	const uint64_t at = 5;
	const struct transfer t = {
		.name = DIGEST, .size = 10, .at = &at, .done = &no
	};
	const struct transfer_screen plain = { .columns = 80 };
	const struct transfer_screen colored = { .columns = 80, .color = true };
	scoped(char) *a = transfer_bar(&t, 1, &plain);
	scoped(char) *b = transfer_bar(&t, 1, &colored);

	ck_assert_ptr_null(strchr(a, '\033'));
	ck_assert_ptr_nonnull(strstr(b, "\033[32m"));
	ck_assert_ptr_nonnull(strstr(b, "\033[0m]"));
}
END_TEST

START_TEST(a_name_from_outside_moves_no_cursor)
{
	const uint64_t at = 5;
	const struct transfer t = {
		.name = "\033[2J\nlayer\r", .size = 10, .at = &at, .done = &yes
	};
	const struct transfer_screen screen = { .columns = 80 };
	scoped(char) *bar = transfer_bar(&t, 1, &screen);
	scoped(char) *line = transfer_line(&t);

	for (const char *p = bar; *p; p++)
		ck_assert_int_ge(*p, ' ');
	for (const char *p = line; *p; p++)
		ck_assert_int_ge(*p, ' ');
}
END_TEST

START_TEST(what_is_done_has_a_line_and_no_bar)
{
	const uint64_t none = 0, some = 5, all = 10, rates[4] = { 0 };
	const struct transfer v[] = {
		{ .name = "a", .size = 10, .at = &all, .was_there = true },
		{ .name = "b", .size = 10, .at = &all, .done = &yes },
		{ .name = "c", .size = 10, .at = &some, .done = &no },
		{ .name = "d", .size = 10, .at = &none, .done = &no },
	};
	const struct transfer_screen screen = { .columns = 30 };
	scoped(char) *block = transfer_block(v, rates, 4, &screen);
	scoped(char) *finished = transfer_block(v, rates, 2, &screen);
	scoped(char) *there = transfer_line(&v[0]);
	scoped(char) *done = transfer_line(&v[1]);
	const char *const ways[] = { "pushed", "mounted from x" };
	const unsigned int way = 1;
	const struct transfer other = {
		.name = "e", .at = &all, .done = &yes, .ways = ways, .way = &way
	};
	scoped(char) *mounted = transfer_line(&other);

	ck_assert_str_eq(block, "c                      5B/10B\n1 more");
	ck_assert_str_eq(finished, "");
	ck_assert_str_eq(there, "a                 10B  was there");
	ck_assert_str_eq(done, "b                 10B  done");
	ck_assert_str_eq(mounted, "e                  0B  mounted from x");
}
END_TEST

START_TEST(a_block_never_fills_the_terminal)
{
	enum { N = 100 };
	const uint64_t some = 5, rates[N] = { 0 };
	struct transfer v[N];

	for (size_t i = 0; i < N; i++)
		v[i] = (struct transfer){
			.name = "x", .size = 10, .at = &some, .done = &no
		};
	for (unsigned int rows = 2; rows < 130; rows++) {
		const struct transfer_screen screen = { .rows = rows };
		scoped(char) *block = transfer_block(v, rates, N, &screen);
		unsigned int lines = 1;
		for (const char *p = block; (p = strchr(p, '\n')); p++)
			lines++;
		ck_assert_uint_lt(lines, rows);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("transfer_bar");

	tcase_add_loop_test(tests, a_bar_fits_into_the_terminal, 0,
			    ARRAY_SIZE(bars));
	tcase_add_test(tests, a_bar_is_shorter_than_any_terminal);
	tcase_add_test(tests, colour_is_only_where_it_is_wanted);
	tcase_add_test(tests, a_name_from_outside_moves_no_cursor);
	tcase_add_test(tests, what_is_done_has_a_line_and_no_bar);
	tcase_add_test(tests, a_block_never_fills_the_terminal);
	return suite_run("transfer_bar", tests);
}
