#include "storage/registry/challenge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define REALM "https://auth.docker.io/token"

/* clang-format off */
static const struct {
	const char *text;
	bool basic, bearer;
	const char *realm, *service, *scope;
} valid[] = {
	{ "Bearer realm=\"" REALM "\",service=\"registry.docker.io\","
	  "scope=\"repository:library/debian:pull\"",
	  false, true, REALM, "registry.docker.io",
	  "repository:library/debian:pull" },
	{ "bearer REALM=\"" REALM "\"", false, true, REALM, NULL, NULL },
	{ "Bearer realm=\"a\", service=b , scope=\"\"",
	  false, true, "a", "b", "" },
	{ "Bearer realm = \"a\"", false, true, "a", NULL, NULL },
	{ "Bearer realm=\"a\\\"b\\\\c\"", false, true, "a\"b\\c", NULL, NULL },
	{ "Bearer realm=\"a, Basic realm=b\"", false, true,
	  "a, Basic realm=b", NULL, NULL },
	{ "Bearer", false, true, NULL, NULL, NULL },
	{ "Basic realm=\"x\"", true, false, NULL, NULL, NULL },
	{ "Basic", true, false, NULL, NULL, NULL },
	{ "Basic realm=\"x\", Bearer realm=\"y\"", true, true, "y", NULL, NULL },
	{ "Bearer realm=\"y\",service=\"s\", Basic realm=\"x\"",
	  true, true, "y", "s", NULL },
	{ "Bearer realm=\"1\", Bearer realm=\"2\"",
	  false, true, "1", NULL, NULL },
	{ "Negotiate YIIabc==, Basic", true, false, NULL, NULL, NULL },
	{ "Negotiate, NTLM", false, false, NULL, NULL, NULL },
	{ "Digest realm=\"x\", nonce=\"y\", Bearer realm=\"z\"",
	  false, true, "z", NULL, NULL },
	{ "Bearer error=\"invalid_token\",realm=\"a\"",
	  false, true, "a", NULL, NULL },
	{ "", false, false, NULL, NULL, NULL },
	{ " , ,", false, false, NULL, NULL, NULL },
	{ ",Basic,,", true, false, NULL, NULL, NULL },
};

static const char *const invalid[] = {
	"Bearer realm=\"x",
	"Bearer realm=\"x\\",
	"Bearer realm=\"x\\\"",
	"Bearer realm=\"x\ry\"",
	"Bearer realm=\"x\ny\"",
	"Bearer realm=\"x\x01y\"",
	"Bearer realm=\"x\x7f\"",
	"Bearer realm=\"a\" service=\"b\"",
	"Bearer realm=\"a\",realm=\"b\"",
	"Bearer realm=\"a\"x",
	"Bearer realm=@",
	"Bearer a b",
	"\"Bearer\"",
	"Bearer;realm=x",
	"=",
	"Bearer realm=\"a\", =\"b\"",
};
/* clang-format on */

START_TEST(challenges_are_read)
{
	scoped_challenge found = { 0 };
	struct error err = { 0 };
	int r = challenge_add(&found, valid[_i].text, &err);

	ck_assert_msg(r == 0, "%s: %s", valid[_i].text, err.text);
	ck_assert_msg(found.basic == valid[_i].basic, "%s", valid[_i].text);
	ck_assert_msg(found.bearer == valid[_i].bearer, "%s", valid[_i].text);
	ck_assert_pstr_eq(found.realm, valid[_i].realm);
	ck_assert_pstr_eq(found.service, valid[_i].service);
	ck_assert_pstr_eq(found.scope, valid[_i].scope);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	scoped_challenge found = { 0 };
	struct error err = { 0 };
	int r = challenge_add(&found, invalid[_i], &err);

	ck_assert_msg(r == -EPROTO, "%s was taken", invalid[_i]);
	ck_assert(!found.basic && !found.bearer && !found.realm);
}
END_TEST

START_TEST(several_headers_add_up)
{
	scoped_challenge found = { 0 };
	struct error err;

	ck_assert_int_eq(challenge_add(&found, "Basic realm=x", &err), 0);
	ck_assert_int_eq(challenge_add(&found, "Bearer realm=y", &err), 0);
	ck_assert_int_eq(challenge_add(&found, "Bearer realm=z", &err), 0);
	ck_assert(found.basic && found.bearer);
	ck_assert_str_eq(found.realm, "y");
}
END_TEST

START_TEST(a_header_of_any_length_is_refused)
{
	scoped_challenge found = { 0 };
	scoped(char) *text = xcalloc(CHALLENGE_MAX + 2, 1);
	struct error err;

	memset(text, ',', CHALLENGE_MAX + 1);
	ck_assert_int_eq(challenge_add(&found, text, &err), -EPROTO);
	text[CHALLENGE_MAX] = '\0';
	ck_assert_int_eq(challenge_add(&found, text, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("challenge");

	tcase_add_loop_test(tests, challenges_are_read, 0, ARRAY_SIZE(valid));
	tcase_add_loop_test(tests, what_is_malformed_is_refused, 0,
			    ARRAY_SIZE(invalid));
	tcase_add_test(tests, several_headers_add_up);
	tcase_add_test(tests, a_header_of_any_length_is_refused);
	return suite_run("challenge", tests);
}
