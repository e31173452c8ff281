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

int main(void)
{
	TCase *tests = tcase_create("attach_keys");

	tcase_add_loop_test(tests, keys_are_written_as_docker_writes_them, 0,
			    (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tests, what_is_no_key_is_refused_with_a_hint, 0,
			    (int)ARRAY_SIZE(bad));
	return suite_run("attach_keys", tests);
}
