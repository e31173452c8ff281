#include "storage/registry/config.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static int add(struct registries *to, const char *text, struct error *err)
{
	return registries_add(to, text, strlen(text), "x.conf", err);
}

/* clang-format off */
static const struct {
	const char *text;
	const char *why; /* part of the message or the hint */
} invalid[] = {
	{ "unqualified-search-registries = 'a.io'", "array" },
	{ "unqualified-search-registries = ['a.io/x']", "HOST[:PORT]" },
	{ "unqualified-search-registries = ['https://a.io']", "HOST[:PORT]" },
	{ "unqualified-search-registries = ['']", "HOST[:PORT]" },
	{ "unqualified-search-registry = ['a.io']", "did you mean" },
	{ "short-name-mode = 'strict'", "short-name-mode" },
	{ "credential-helpers = [1]", "array of strings" },
	{ "[registries.search]\nregistries = ['a.io']", "version 1" },
	{ "registry = 1", "array" },
	{ "registry = [1]", "table" },
	{ "[registry]\nlocation = 'a.io'", "array" },
	{ "[[registry]]", "neither" },
	{ "[[registry]]\nlocation = ''", "neither" },
	{ "[[registry]]\nlocation = 5", "string" },
	{ "[[registry]]\nlocation = 'https://a.io'", "without \"https://\"" },
	{ "[[registry]]\nlocation = 'a.io/'", "location" },
	{ "[[registry]]\nlocation = 'a.io/B'", "location" },
	{ "[[registry]]\nlocation = 'a.io/b:tag'", "location" },
	{ "[[registry]]\nlocation = '../a'", "location" },
	{ "[[registry]]\nlocation = 'a.io b'", "location" },
	{ "[[registry]]\nprefix = 'debian'\nlocation = 'a.io'", "prefix" },
	{ "[[registry]]\nprefix = '*.a.io/x'", "*.HOST" },
	{ "[[registry]]\nprefix = 'a.*.io'\nlocation = 'a.io'", "prefix" },
	{ "[[registry]]\nlocation = 'a.io'\ninsecure = 'true'", "true nor" },
	{ "[[registry]]\nlocation = 'a.io'\nblocked = 1", "true nor" },
	{ "[[registry]]\nlocation = 'a.io'\nblock = true", "did you mean" },
	{ "[[registry]]\nlocation = 'a.io'\nskip-tls-verify = true",
	  "not understood" },
	{ "[[registry]]\nlocation = 'a.io'\n[[registry]]\nprefix = 'a.io'\n"
	  "location = 'b.io'", "twice" },
	{ "[[registry]]\nlocation = 'a.io'\n[registry.mirror]\nlocation='b.io'",
	  "array" },
	{ "[[registry]]\nlocation = 'a.io'\n[[registry.mirror]]",
	  "mirror 1: \"location\"" },
	{ "[[registry]]\nlocation = 'a.io'\n[[registry.mirror]]\n"
	  "location = 'b.io'\nblocked = true", "not understood" },
	{ "[[registry]]\nlocation = 'a.io'\n[[registry.mirror]]\n"
	  "location = 'b.io'\npull-from-mirror = 'never'", "digest-only" },
	{ "[[registry]]\nlocation = 'a.io'\nmirror-by-digest-only = true\n"
	  "[[registry.mirror]]\nlocation = 'b.io'\n"
	  "pull-from-mirror = 'tag-only'", "exclude each other" },
	{ "aliases = 1", "object" },
	{ "[aliases]\nx = 1", "not a string" },
	{ "[aliases]\n'a.io/x' = 'b.io/x'", "short name" },
	{ "[aliases]\n'x:1' = 'b.io/x'", "short name" },
	{ "[aliases]\n'X' = 'b.io/x'", "short name" },
	{ "[aliases]\nx = 'y'", "REGISTRY/PATH" },
	{ "[aliases]\nx = 'b.io/x:tag'", "REGISTRY/PATH" },
	{ "a = 1\na = 2", "twice" },
};
/* clang-format on */

START_TEST(what_is_not_understood_is_an_error_and_changes_nothing)
{
	scoped_registries all = { 0 };
	struct error err = { 0 };
	int r = add(&all, invalid[_i].text, &err);

	ck_assert_msg(r == -EINVAL || r == -ENOTSUP, "%s was taken",
		      invalid[_i].text);
	ck_assert_msg(strstr(err.text, invalid[_i].why) ||
			      strstr(err.hint, invalid[_i].why),
		      "%s: %s (%s)", invalid[_i].text, err.text, err.hint);
	ck_assert_msg(strstr(err.text, "x.conf") == err.text, "%s", err.text);
	ck_assert_uint_eq(all.n_entries + all.n_aliases + all.search.n, 0);
}
END_TEST

static void must_add(struct registries *to, const char *text)
{
	struct error err = { 0 };
	int r = add(to, text, &err);

	ck_assert_msg(r == 0, "%s: %s", text, err.text);
}

START_TEST(all_that_the_manual_describes_is_read)
{
	scoped_registries all = { 0 };

	must_add(&all,
		 "unqualified-search-registries = [\"a.io\", \"b:5000\"]\n"
		 "credential-helpers = ['pass', 'containers-auth.json']\n"
		 "short-name-mode = \"enforcing\"\n"
		 "additional-layer-store-auth-helper = 'x'\n"
		 "[[registry]]\n"
		 "prefix = \"example.com/foo\"\n"
		 "insecure = true\n"
		 "blocked = false\n"
		 "location = \"internal.example.com/bar\"\n"
		 "[[registry.mirror]]\n"
		 "location = \"m0.local/for-foo\"\n"
		 "pull-from-mirror = 'tag-only'\n"
		 "[[registry.mirror]]\n"
		 "location = \"m1.local\"\n"
		 "insecure = true\n"
		 "[[registry]]\n"
		 "prefix = '*.example.org'\n"
		 "blocked = true\n"
		 "[aliases]\n"
		 "x = 'c.io/y/z'\n");
	ck_assert_uint_eq(all.search.n, 2);
	ck_assert_uint_eq(all.helpers.n, 2);
	ck_assert_int_eq(all.short_names, SHORT_NAMES_ENFORCING);
	ck_assert_uint_eq(all.n_entries, 2);
	const struct registry_entry *foo = &all.entries[0];
	ck_assert_str_eq(foo->prefix, "example.com/foo");
	ck_assert_str_eq(foo->location, "internal.example.com/bar");
	ck_assert(foo->insecure && !foo->blocked);
	ck_assert_uint_eq(foo->n_mirrors, 2);
	ck_assert_str_eq(foo->mirrors[0].location, "m0.local/for-foo");
	ck_assert_int_eq(foo->mirrors[0].for_what, MIRROR_FOR_TAGS);
	ck_assert(!foo->mirrors[0].insecure && foo->mirrors[1].insecure);
	ck_assert(all.entries[1].blocked && !all.entries[1].location);
	ck_assert_str_eq(registries_alias(&all, "x"), "c.io/y/z");
	ck_assert_ptr_null(registries_alias(&all, "y"));
}
END_TEST

START_TEST(a_later_file_wins_entry_by_entry)
{
	scoped_registries all = { 0 };

	must_add(&all, "unqualified-search-registries = ['a.io']\n"
		       "short-name-mode = 'enforcing'\n"
		       "[[registry]]\nlocation = 'a.io'\nblocked = true\n"
		       "[[registry]]\nlocation = 'b.io'\n"
		       "[aliases]\nx = 'a.io/x'\ny = 'a.io/y'\n");
	must_add(&all, "[[registry]]\nlocation = 'a.io'\ninsecure = true\n"
		       "[aliases]\nx = ''\nz = 'a.io/z'\n");
	ck_assert_uint_eq(all.n_entries, 2);
	ck_assert(all.entries[0].insecure && !all.entries[0].blocked);
	ck_assert_ptr_null(registries_alias(&all, "x"));
	ck_assert_str_eq(registries_alias(&all, "y"), "a.io/y");
	ck_assert_str_eq(registries_alias(&all, "z"), "a.io/z");
	/* what it does not speak of stays */
	ck_assert_uint_eq(all.search.n, 1);
	ck_assert_int_eq(all.short_names, SHORT_NAMES_ENFORCING);
	must_add(&all, "unqualified-search-registries = []\n"
		       "short-name-mode = ''\n");
	ck_assert_uint_eq(all.search.n, 0);
	ck_assert_int_eq(all.short_names, SHORT_NAMES_PERMISSIVE);
}
END_TEST

START_TEST(the_file_of_the_distribution_is_read)
{
	scoped_registries all = { 0 };
	struct error err = { 0 };
	int r = registries_load(&all, &err);

	/* whatever this machine has: it must not be more than we know */
	ck_assert_msg(r == 0, "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("registries.conf");

	tcase_add_loop_test(
		tests, what_is_not_understood_is_an_error_and_changes_nothing,
		0, ARRAY_SIZE(invalid));
	tcase_add_test(tests, all_that_the_manual_describes_is_read);
	tcase_add_test(tests, a_later_file_wins_entry_by_entry);
	tcase_add_test(tests, the_file_of_the_distribution_is_read);
	return suite_run("registries.conf", tests);
}
