#include "storage/registry/name.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX16  "0123456789abcdef"
#define DIGEST "sha256:" HEX16 HEX16 HEX16 HEX16

static const char aliases[] = "[aliases]\n"
			      "fedora = 'registry.fedoraproject.org/fedora'\n"
			      "hello = 'docker.io/hello-world'\n"
			      "'suse/sle15' = 'registry.suse.com/suse/sle15'\n";

/* clang-format off */
static const struct {
	const char *typed;
	const char *full;
} names[] = {
	{ "debian",               "docker.io/library/debian:latest" },
	{ "debian:12",            "docker.io/library/debian:12" },
	{ "user/image",           "docker.io/user/image:latest" },
	{ "docker.io/debian",     "docker.io/library/debian:latest" },
	{ "index.docker.io/a",    "docker.io/library/a:latest" },
	{ "ghcr.io/x/y",          "ghcr.io/x/y:latest" },
	{ "ghcr.io/x/y@" DIGEST,  "ghcr.io/x/y@" DIGEST },
	{ "ghcr.io/x/y:z@" DIGEST, "ghcr.io/x/y:z@" DIGEST },
	{ "localhost:5000/a/b:c", "localhost:5000/a/b:c" },
	{ "[::1]:5000/a:b",       "[::1]:5000/a:b" },
	{ "fedora",               "registry.fedoraproject.org/fedora:latest" },
	{ "fedora:40",            "registry.fedoraproject.org/fedora:40" },
	{ "fedora@" DIGEST,       "registry.fedoraproject.org/fedora@" DIGEST },
	{ "hello",                "docker.io/library/hello-world:latest" },
	{ "suse/sle15",           "registry.suse.com/suse/sle15:latest" },
	/* an alias is for the whole path, and for short names only */
	{ "suse/sle15/x",         "docker.io/suse/sle15/x:latest" },
	{ "x/fedora",             "docker.io/x/fedora:latest" },
	{ "docker.io/fedora",     "docker.io/library/fedora:latest" },
};
/* clang-format on */

static void must_add(struct registries *to, const char *text)
{
	struct error err = { 0 };
	int r = registries_add(to, text, strlen(text), "x", &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

START_TEST(what_is_typed_has_a_name_in_full)
{
	scoped_registries all = { 0 };
	scoped_strv found = { 0 };
	struct error err = { 0 };

	must_add(&all, aliases);
	int r = name_resolve(&all, names[_i].typed, &found, &err);
	ck_assert_msg(r == 0, "%s: %s", names[_i].typed, err.text);
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.v[0], names[_i].full);
}
END_TEST

START_TEST(search_registries_are_tried_in_their_order)
{
	scoped_registries all = { 0 };
	scoped_strv found = { 0 };
	struct error err;

	must_add(&all, "unqualified-search-registries = ['b.io', 'docker.io']");
	must_add(&all, aliases);
	ck_assert_int_eq(name_resolve(&all, "x:1", &found, &err), 0);
	ck_assert_uint_eq(found.n, 2);
	ck_assert_str_eq(found.v[0], "b.io/x:1");
	ck_assert_str_eq(found.v[1], "docker.io/library/x:1");
	strv_free(&found);
	/* an alias makes the search needless */
	ck_assert_int_eq(name_resolve(&all, "fedora", &found, &err), 0);
	ck_assert_uint_eq(found.n, 1);
}
END_TEST

START_TEST(enforcing_wants_one_registry)
{
	scoped_registries all = { 0 };
	scoped_strv found = { 0 };
	struct error err = { 0 };

	must_add(&all, "unqualified-search-registries = ['b.io', 'c.io']\n"
		       "short-name-mode = 'enforcing'");
	ck_assert_int_eq(name_resolve(&all, "x", &found, &err), -ENOTUNIQ);
	ck_assert(strstr(err.hint, "b.io/x") != NULL);
	must_add(&all, "unqualified-search-registries = ['b.io']");
	ck_assert_int_eq(name_resolve(&all, "x", &found, &err), 0);
	ck_assert_str_eq(found.v[0], "b.io/x:latest");
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	static const char *const bad[] = { "",
					   "Ab",
					   "a:",
					   "https://a.io/b",
					   "docker://debian",
					   "a@sha256:12",
					   "a/../b" };
	scoped_registries all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		scoped_strv found = { 0 };
		struct error err = { 0 };
		int r = name_resolve(&all, bad[i], &found, &err);
		ck_assert_msg(r == -EINVAL && err.hint[0], "%s", bad[i]);
		ck_assert_uint_eq(found.n, 0);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("name");

	tcase_add_loop_test(tests, what_is_typed_has_a_name_in_full, 0,
			    ARRAY_SIZE(names));
	tcase_add_test(tests, search_registries_are_tried_in_their_order);
	tcase_add_test(tests, enforcing_wants_one_registry);
	tcase_add_test(tests, what_is_no_name_is_refused);
	return suite_run("name", tests);
}
