#include "storage/summary.h"

#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WHOLE "sha256:" HEX
#define OF    "0123456789abcdef"
#define ID                                                                     \
	"sha256:f"                                                             \
	"123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TIME "2026-01-02T03:04:05Z"
#define LONGER                                                                 \
	"2026-01-02T03:04:05.0000000000000000000000000000000000000000000Z"

/* clang-format off */
static const struct {
	const char *note;
	bool good;
} table[] = {
	{ OF " " ID " 5 " TIME, true },
	{ OF " " ID " 18446744073709551615 ", true },
	{ NULL, false },
	{ "", false },
	{ OF, false },
	{ OF " " ID, false },
	{ OF " " ID " 5", false },
	{ OF " " ID "  " TIME, false },
	{ OF " " ID " -5 " TIME, false },
	{ OF " " ID " 18446744073709551616 " TIME, false },
	{ OF " " ID " 5x " TIME, false },
	{ OF " sha256:../../x 5 " TIME, false },
	{ OF "  5 " TIME, false },
	/* of another manifest: who wrote the index did not know of notes */
	{ "f123456789abcdef " ID " 5 " TIME, false },
	{ "0123456789abcde " ID " 5 " TIME, false },
	{ WHOLE " " ID " 5 " TIME, false },
	{ OF " " ID " 5 " LONGER, false },
};
/* clang-format on */

START_TEST(a_note_is_taken_or_not)
{
	const struct descriptor entry = {
		.digest = (char *)(uintptr_t)WHOLE,
		.summary = (char *)(uintptr_t)table[_i].note,
	};
	struct summary summary;

	ck_assert_msg(summary_parse(&entry, &summary) == table[_i].good, "%s",
		      table[_i].note);
}
END_TEST

START_TEST(what_is_noted_is_read_again)
{
	struct descriptor layers[] = { { .size = 100 }, { .size = 1000 } };
	const struct manifest manifest = {
		.config = { .digest = (char *)(uintptr_t)ID, .size = 10 },
		.layers = layers,
		.n_layers = 2,
	};
	const char *const times[] = { TIME, "", LONGER };
	const char *const read[] = { TIME, "", "" };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const struct image_config config = {
			.created = (char *)(uintptr_t)times[i],
		};
		struct descriptor entry = { .digest = (char *)(uintptr_t)WHOLE,
					    .size = 1 };
		struct summary summary;
		entry.summary = summary_text(&entry, &manifest, &config);
		ck_assert(summary_parse(&entry, &summary));
		ck_assert_str_eq(summary.id, ID);
		ck_assert_uint_eq(summary.size, 1111);
		ck_assert_str_eq(summary.created, read[i]);
		free(entry.summary);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("summary");

	tcase_add_loop_test(tests, a_note_is_taken_or_not, 0,
			    ARRAY_SIZE(table));
	tcase_add_test(tests, what_is_noted_is_read_again);
	return suite_run("summary", tests);
}
