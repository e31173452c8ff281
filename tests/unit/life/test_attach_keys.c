#include "core/attached.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static const struct {
	const char *text, *keys;
} good[] = {
	{ "ctrl-p,ctrl-q", "\x10\x11" },
	{ "ctrl-a", "\x01" },
	{ "ctrl-A", "\x01" },
	{ "ctrl-z", "\x1a" },
	{ "ctrl-[", "\x1b" },
	{ "ctrl-\\", "\x1c" },
	{ "ctrl-]", "\x1d" },
	{ "ctrl-^", "\x1e" },
	{ "ctrl-_", "\x1f" },
	{ "a", "a" },
	{ "a,b,c", "abc" },
	{ "ctrl-x,q", "\x18q" },
	{ "~,.", "~." },
	{ "-", "-" },
	{ " ", " " },
	{ "", "" },
	{ "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "aaaaaaaaaaaaaaa" },
};

static const char *const bad[] = {
	",",       "a,",     ",a",
	"a,,b",    "ab",     "ctrl-",
	"ctrl",    "ctrl-1", "ctrl-ab",
	"ctrl-@",  "Ctrl-a", "^P",
	"alt-a",   "é",      "a, b",
	"ctrl--a", "ctrl- ", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
};

START_TEST(keys_are_written_as_docker_writes_them)
{
	char keys[16] = "xxxxxxxxxxxxxxx";
	struct error err = { 0 };

	ck_assert_msg(attached_parse_keys(good[_i].text, keys, &err) == 0,
		      "%s: %s", good[_i].text, err.text);
	ck_assert_str_eq(keys, good[_i].keys);
}
END_TEST

START_TEST(what_is_no_key_is_refused_with_a_hint)
{
	char keys[16] = "untouched";
	struct error err = { 0 };

	ck_assert_msg(attached_parse_keys(bad[_i], keys, &err) == -EINVAL, "%s",
		      bad[_i]);
	ck_assert_ptr_nonnull(strstr(err.text, "is no key"));
	ck_assert_str_ne(err.hint, "");
	ck_assert_str_eq(keys, "untouched");
}
END_TEST

#define P "\x10"
#define Q "\x11"

/* what is typed, read by read; what of it the command gets; is it let go of? */
static const struct {
	const char *keys, *reads[4], *passed;
	bool found;
} typed[] = {
	{ P Q, { "abc" }, "abc", false },
	{ P Q, { P Q }, "", true },
	{ P Q, { P, Q }, "", true },
	{ P Q, { "a" P, Q "b" }, "a", true },
	{ P Q, { "ls\n" P Q "more" }, "ls\n", true },
	{ P Q, { P "x" }, P "x", false },
	{ P Q, { P, "x" }, P "x", false },
	{ P Q, { P, P, "x" }, P P "x", false },
	{ P Q, { P P Q }, P, true },
	{ P Q, { P, P, Q }, P, true },
	{ P Q, { Q P }, Q, false },
	{ P Q, { P }, "", false },
	{ "a", { "bba" }, "bb", true },
	{ "aab", { "aaab" }, "a", true },
	{ "aab", { "a", "a", "a", "b" }, "a", true },
	{ "aab", { "aac", "ab" }, "aacab", false },
	{ "abab", { "abaab", "ab" }, "aba", true },
	{ "aaaa", { "aaa", "b", "aaaa" }, "aaab", true },
	{ P Q, { "" }, "", false },
};

START_TEST(the_keys_are_found_however_they_come)
{
	char passed[64] = "";
	size_t held = 0, n = 0;
	bool found = false;

	for (size_t i = 0; i < 4 && typed[_i].reads[i] && !found; i++) {
		char data[32];
		size_t size = strlen(typed[_i].reads[i]);
		memcpy(data, typed[_i].reads[i], size);
		size = attached_find_keys(typed[_i].keys, &held, data, size,
					  &found);
		memcpy(passed + n, data, size);
		n += size;
	}
	ck_assert_uint_eq(n, strlen(typed[_i].passed));
	ck_assert_mem_eq(passed, typed[_i].passed, n);
	ck_assert_int_eq(found, typed[_i].found);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("attach_keys");

	tcase_add_loop_test(tests, keys_are_written_as_docker_writes_them, 0,
			    (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tests, what_is_no_key_is_refused_with_a_hint, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_loop_test(tests, the_keys_are_found_however_they_come, 0,
			    (int)ARRAY_SIZE(typed));
	return suite_run("attach_keys", tests);
}
