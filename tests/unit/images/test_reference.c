#include "storage/reference.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX16  "0123456789abcdef"
#define HEX64  HEX16 HEX16 HEX16 HEX16
#define DIGEST "sha256:" HEX64
#define A10    "aaaaaaaaaa"
#define A60    A10 A10 A10 A10 A10 A10
#define A120   A60 A60
#define A180   A120 A60
#define A240   A120 A120

/* clang-format off */
static const struct {
	const char *text;
	const char *name; /* in docker.io, with a tag */
	const char *digest;
} valid[] = {
	{ "debian",              "docker.io/library/debian:latest", NULL },
	{ "debian:12",           "docker.io/library/debian:12", NULL },
	{ "library/debian",      "docker.io/library/debian:latest", NULL },
	{ "docker.io/debian",    "docker.io/library/debian:latest", NULL },
	{ "index.docker.io/a",   "docker.io/library/a:latest", NULL },
	{ "index.docker.io/a/b", "docker.io/a/b:latest", NULL },
	{ "docker.io/a/b",       "docker.io/a/b:latest", NULL },
	{ "a/b",                 "docker.io/a/b:latest", NULL },
	{ "a/b/c:d",             "docker.io/a/b/c:d", NULL },
	{ "quay.io/a/b:c",       "quay.io/a/b:c", NULL },
	{ "quay.io/a",           "quay.io/a:latest", NULL },
	{ "localhost/a",         "localhost/a:latest", NULL },
	{ "localhost:5000/a:b",  "localhost:5000/a:b", NULL },
	{ "localhost:5000",      "docker.io/library/localhost:5000", NULL },
	{ "127.0.0.1:5000/a",    "127.0.0.1:5000/a:latest", NULL },
	{ "[::1]:5000/a:b",      "[::1]:5000/a:b", NULL },
	{ "[fe80::1]/a",         "[fe80::1]/a:latest", NULL },
	{ "Foo/a",               "Foo/a:latest", NULL },
	{ "FOO.example/a",       "FOO.example/a:latest", NULL },
	{ "a.b/c",               "a.b/c:latest", NULL },
	{ "a_b",                 "docker.io/library/a_b:latest", NULL },
	{ "a__b",                "docker.io/library/a__b:latest", NULL },
	{ "a-----b",             "docker.io/library/a-----b:latest", NULL },
	{ "a.b",                 "docker.io/library/a.b:latest", NULL },
	{ "a:B_c.D-e",           "docker.io/library/a:B_c.D-e", NULL },
	{ "a:_",                 "docker.io/library/a:_", NULL },
	{ "a:" A120 "aaaaaaaa",  "docker.io/library/a:" A120 "aaaaaaaa", NULL },
	{ "a@" DIGEST,           "docker.io/library/a:latest", DIGEST },
	{ "a:b@" DIGEST,         "docker.io/library/a:b", DIGEST },
	{ "x.y:1/a:b@" DIGEST,   "x.y:1/a:b", DIGEST },
	{ HEX16,                 "docker.io/library/" HEX16 ":latest", NULL },
	{ "x.io/" HEX64,         "x.io/" HEX64 ":latest", NULL },
	{ A180 A60 "a/b",        "docker.io/" A180 A60 "a/b:latest", NULL },
	{ "sha256:abcd",         "docker.io/library/sha256:abcd", NULL },
};
/* clang-format on */

static const char *const invalid[] = {
	"",
	":",
	"@",
	"/",
	":latest",
	"@" DIGEST,
	"debian:",
	"debian@",
	"debian@sha256:" HEX16,
	"debian@md5:" HEX16 HEX16,
	"debian@SHA256:" HEX64,
	"debian@" DIGEST "@" DIGEST,
	"debian:12@",
	"Debian",
	"deBian:12",
	"debian:12:13",
	"/debian",
	"debian/",
	"a//b",
	"docker.io//a",
	"docker.io/",
	"localhost/",
	".a",
	"a.",
	"-a",
	"a-",
	"_a",
	"a_",
	"a..b",
	"a___b",
	"a._b",
	"a-_b",
	"a.-b",
	"..",
	"../a",
	"a/../b",
	"a/./b",
	"a b",
	" a",
	"a ",
	"a\n",
	"a\t",
	"a\x01",
	"a:\x1b[31m",
	"a:.b",
	"a:-b",
	"a:b c",
	"a:b/c:",
	"a:" A120 "aaaaaaaaa",
	"a:\xc3\xa9",
	"\xc3\xa9",
	"a\\b",
	"a%2fb",
	"a?b",
	"https://quay.io/a",
	"docker://debian",
	"-x.io/a",
	"x-.io/a",
	"x..io/a",
	".io/a",
	"x.io./a",
	"x.io:/a",
	"x.io:port/a",
	"x.io:999999/a",
	"[::1/a",
	"[]/a",
	"[::1]x/a",
	"[g::]:1/a",
	"user@host/a",
	HEX64,
	A240,
	A240 "aaaa/b",
	"x.io/" A240 A10 "a",
};

START_TEST(names_get_their_normal_form)
{
	scoped_reference ref = { 0 };
	struct error err = { 0 };
	int r = reference_parse(valid[_i].text, &ref, &err);

	ck_assert_msg(r == 0, "%s: %s", valid[_i].text, err.text);
	scoped(char) *name = reference_name(&ref, "docker.io");
	ck_assert_str_eq(name, valid[_i].name);
	ck_assert_pstr_eq(ref.digest, valid[_i].digest);
}
END_TEST

START_TEST(the_normal_form_of_a_normal_form_is_itself)
{
	scoped_reference ref = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(reference_parse(valid[_i].name, &ref, &err), 0);
	scoped(char) *name = reference_name(&ref, "localhost");
	ck_assert_str_eq(name, valid[_i].name);
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	scoped_reference ref = { 0 };
	struct error err = { 0 };
	int r = reference_parse(invalid[_i], &ref, &err);

	ck_assert_msg(r == -EINVAL, "%s was taken", invalid[_i]);
	ck_assert(err.text[0] && err.hint[0]);
	ck_assert_ptr_null(ref.path);
}
END_TEST

START_TEST(a_name_without_a_domain_can_be_a_local_one)
{
	scoped_reference ref = { 0 };
	struct error err;

	ck_assert_int_eq(reference_parse("a:b", &ref, &err), 0);
	scoped(char) *name = reference_name(&ref, "localhost");
	ck_assert_str_eq(name, "localhost/a:b");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("reference");

	tcase_add_loop_test(tests, names_get_their_normal_form, 0,
			    ARRAY_SIZE(valid));
	tcase_add_loop_test(tests, the_normal_form_of_a_normal_form_is_itself,
			    0, ARRAY_SIZE(valid));
	tcase_add_loop_test(tests, what_is_no_name_is_refused, 0,
			    ARRAY_SIZE(invalid));
	tcase_add_test(tests, a_name_without_a_domain_can_be_a_local_one);
	return suite_run("reference", tests);
}
