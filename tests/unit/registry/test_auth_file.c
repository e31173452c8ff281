#include "storage/registry/auth_file.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "storage/registry/http.h"
#include "tests/unit/images/suite.h"

/* base64 of "u:p1" .. "u:p4", "u:p:q" */
#define P1 "{\"auth\":\"dTpwMQ==\"}"
#define P2 "{\"auth\":\"dTpwMg==\"}"
#define P3 "{\"auth\":\"dTpwMw==\"}"
#define P4 "{\"auth\":\"dTpwNA==\"}"

/* clang-format off */
static const struct {
	const char *text, *registry, *repository;
	/* "password", "@helper key", "identity X", "token X"; NULL: none */
	const char *found;
} table[] = {
	{ "{}", "a.io", "x", NULL },
	{ "{\"auths\":{}}", "a.io", "x", NULL },
	{ "{\"auths\":{\"a.io\":" P1 "}}", "a.io", "x", "p1" },
	{ "{\"auths\":{\"a.io\":" P1 "}}", "a.io", NULL, "p1" },
	{ "{\"auths\":{\"a.io\":{}}}", "a.io", "x", NULL },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"\"}}}", "a.io", "x", NULL },
	/* only this very host and port */
	{ "{\"auths\":{\"a.io\":" P1 "}}", "a.io:5000", "x", NULL },
	{ "{\"auths\":{\"a.io:5000\":" P1 "}}", "a.io", "x", NULL },
	{ "{\"auths\":{\"a.io\":" P1 "}}", "b.a.io", "x", NULL },
	{ "{\"auths\":{\"b.a.io\":" P1 "}}", "a.io", "x", NULL },
	{ "{\"auths\":{\"a.io\":" P1 "}}", "aa.io", "x", NULL },
	{ "{\"auths\":{\"*.io\":" P1 "}}", "a.io", "x", NULL },
	/* the longest path, by components */
	{ "{\"auths\":{\"a.io\":" P1 ",\"a.io/n\":" P2 ",\"a.io/n/r\":" P3 "}}",
	  "a.io", "n/r", "p3" },
	{ "{\"auths\":{\"a.io\":" P1 ",\"a.io/n\":" P2 ",\"a.io/n/r\":" P3 "}}",
	  "a.io", "n/rr", "p2" },
	{ "{\"auths\":{\"a.io\":" P1 ",\"a.io/n\":" P2 ",\"a.io/n/r\":" P3 "}}",
	  "a.io", "nn/r", "p1" },
	{ "{\"auths\":{\"a.io/n\":" P2 "}}", "a.io", NULL, NULL },
	/* written as a URL, as docker does */
	{ "{\"auths\":{\"https://a.io\":" P1 "}}", "a.io", "x", "p1" },
	{ "{\"auths\":{\"https://a.io/v1/\":" P1 "}}", "a.io", "x", "p1" },
	{ "{\"auths\":{\"https://a.io/v1/\":" P1 ",\"a.io\":" P2 "}}",
	  "a.io", "x", "p2" },
	{ "{\"auths\":{\"https://index.docker.io/v1/\":" P1 "}}",
	  "docker.io", "library/x", "p1" },
	{ "{\"auths\":{\"index.docker.io\":" P1 "}}",
	  "docker.io", "library/x", "p1" },
	{ "{\"auths\":{\"docker.io\":" P1 "}}", "docker.io", "x", "p1" },
	{ "{\"auths\":{\"https://index.docker.io/v1/\":" P1 "}}",
	  "io", "x", NULL },
	{ "{\"auths\":{\"https://a.io.evil/a.io\":" P1 "}}", "a.io", "x", NULL },
	/* other ways to say it */
	{ "{\"auths\":{\"a.io\":{\"username\":\"u\",\"password\":\"pw\"}}}",
	  "a.io", "x", "pw" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"dTpwOnE=\"}}}", "a.io", "x", "p:q" },
	{ "{\"auths\":{\"a.io\":{\"identitytoken\":\"T\"}}}",
	  "a.io", "x", "identity T" },
	{ "{\"auths\":{\"a.io\":{\"registrytoken\":\"T\"}}}",
	  "a.io", "x", "token T" },
	/* programs */
	{ "{\"credHelpers\":{\"a.io\":\"pass\"},\"auths\":{\"a.io\":" P1 "}}",
	  "a.io", "x", "@pass a.io" },
	{ "{\"credHelpers\":{\"a.io\":\"pass\"},\"auths\":{\"b.io\":" P1 "}}",
	  "b.io", "x", "p1" },
	{ "{\"credHelpers\":{\"https://index.docker.io/v1/\":\"pass\"}}",
	  "docker.io", "x", "@pass https://index.docker.io/v1/" },
	{ "{\"credHelpers\":{\"a.io\":\"\"},\"auths\":{\"a.io\":" P1 "}}",
	  "a.io", "x", "p1" },
	{ "{\"credsStore\":\"desktop\",\"auths\":{\"a.io\":{}}}",
	  "a.io", "x", "@desktop a.io" },
	{ "{\"credsStore\":\"desktop\",\"auths\":{}}",
	  "docker.io", "x", "@desktop https://index.docker.io/v1/" },
	{ "{\"credsStore\":\"desktop\",\"auths\":{\"a.io\":" P1 "}}",
	  "a.io", "x", "p1" },
	{ "{\"credsStore\":\"\"}", "a.io", "x", NULL },
	{ "{\"HttpHeaders\":{\"X\":\"y\"},\"psFormat\":\"z\"}",
	  "a.io", "x", NULL },
};

static const struct {
	const char *text;
	const char *why;
} invalid[] = {
	{ "", "JSON" },
	{ "[]", "not an object" },
	{ "{\"auths\":[]}", "auths" },
	{ "{\"auths\":{\"a.io\":1}}", "a.io" },
	{ "{\"auths\":{\"a.io\":{\"auth\":1}}}", "a.io" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"dTpwMQ\"}}}", "base64" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"dTpwMQ==\\n\"}}}", "base64" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"====\"}}}", "base64" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"!!!!\"}}}", "base64" },
	{ "{\"auths\":{\"a.io\":{\"auth\":\"bm9jb2xvbg==\"}}}", "base64" },
	{ "{\"auths\":{\"a.io\":" P1 ",\"a.io\":" P2 "}}", "JSON" },
	{ "{\"credHelpers\":{\"a.io\":\"../x\"}}", "helper" },
	{ "{\"credHelpers\":{\"a.io\":\"x y\"}}", "helper" },
	{ "{\"credHelpers\":{\"a.io\":\"x;y\"}}", "helper" },
	{ "{\"credHelpers\":{\"a.io\":1}}", "string" },
	{ "{\"credsStore\":\"/bin/sh\"}", "helper" },
	{ "{\"credsStore\":1}", "credsStore" },
};
/* clang-format on */

static char *describe(const struct auth_entry *entry)
{
	const struct credential *c = &entry->credential;

	if (entry->helper)
		return xasprintf("@%s %s", entry->helper, entry->key);
	if (c->identity_token)
		return xasprintf("identity %s", c->identity_token);
	if (c->registry_token)
		return xasprintf("token %s", c->registry_token);
	return c->username ? xstrdup(c->password) : NULL;
}

static int find(const char *text, const char *registry, const char *repository,
		struct auth_entry *ret, struct error *err)
{
	return auth_file_find(text, strlen(text), "auth.json", registry,
			      repository, ret, err);
}

START_TEST(credentials_are_for_their_exact_registry)
{
	scoped_auth_entry entry = { 0 };
	struct error err = { 0 };
	int r = find(table[_i].text, table[_i].registry, table[_i].repository,
		     &entry, &err);

	ck_assert_msg(r >= 0, "%s: %s", table[_i].text, err.text);
	ck_assert_int_eq(r, table[_i].found != NULL);
	scoped(char) *text = describe(&entry);
	ck_assert_pstr_eq(text, table[_i].found);
}
END_TEST

START_TEST(a_malformed_file_is_an_error_that_tells_no_secret)
{
	scoped_auth_entry entry = { 0 };
	struct error err = { 0 };
	int r = find(invalid[_i].text, "a.io", "x", &entry, &err);

	ck_assert_msg(r == -EINVAL, "%s was taken", invalid[_i].text);
	ck_assert_msg(strstr(err.text, invalid[_i].why), "%s", err.text);
	ck_assert_msg(strstr(err.text, "auth.json") == err.text, "%s",
		      err.text);
	ck_assert_msg(!strstr(err.text, "dTp") && !strstr(err.text, "bm9"),
		      "%s", err.text);
	ck_assert_ptr_null(entry.credential.password);
}
END_TEST

/* the file after one change, or NULL when there was none */
static char *change(const char *text, const char *key,
		    const struct credential *credential)
{
	char *to = NULL;
	struct error err = { 0 };
	int r = auth_file_set(text, strlen(text), "auth.json", key, credential,
			      &to, &err);

	ck_assert_msg(r >= 0, "%s", err.text);
	ck_assert_int_eq(r, r == 0 ? 0 : 1);
	if (r == 0) {
		free(to);
		to = NULL;
	}
	return to;
}

START_TEST(what_is_stored_is_found_again_and_the_rest_stays)
{
	struct credential mine = {
		.username = (char *)(uintptr_t)"me",
		.password = (char *)(uintptr_t)"a:b \"c\" \xc3\xa9",
	};
	scoped(char) *text = change("{\"auths\":{\"b.io\":" P1
				    "},\"credHelpers\":{\"c.io\":\"x\"}}",
				    "a.io", &mine);
	scoped_auth_entry a = { 0 }, b = { 0 }, c = { 0 };
	struct error err;

	ck_assert_int_eq(find(text, "a.io", "x", &a, &err), 1);
	ck_assert_str_eq(a.credential.username, "me");
	ck_assert_str_eq(a.credential.password, mine.password);
	ck_assert_int_eq(find(text, "b.io", "x", &b, &err), 1);
	ck_assert_int_eq(find(text, "c.io", "x", &c, &err), 1);
}
END_TEST

START_TEST(what_is_erased_is_gone_under_all_its_names)
{
	scoped(char) *text = change("{\"auths\":{\"docker.io\":" P1
				    ",\"https://index.docker.io/v1/\":" P2
				    ",\"b.io\":" P3 "}}",
				    "docker.io", NULL);
	scoped_auth_entry a = { 0 }, b = { 0 };
	struct error err;

	ck_assert_int_eq(find(text, "docker.io", "x", &a, &err), 0);
	ck_assert_int_eq(find(text, "b.io", "x", &b, &err), 1);
	ck_assert_ptr_null(change("{\"auths\":{}}", "docker.io", NULL));
	scoped(char) *same = change(text, "index.docker.io",
				    &(struct credential){
					    .username = (char *)(uintptr_t)"u",
					    .password = (char *)(uintptr_t)"p",
				    });
	ck_assert_int_eq(find(same, "docker.io", "x", &a, &err), 1);
	ck_assert_ptr_null(
		change("{\"auths\":{\"a.io\":" P1 "}}", "a.io/x", NULL));
}
END_TEST

START_TEST(what_is_kept_is_listed_once)
{
	static const char text[] =
		"{\"auths\":{\"docker.io\":{},\"a.io/b\":" P1
		",\"https://index.docker.io/v1/\":" P1
		"},\"credHelpers\":{\"c.io\":\"x\",\"docker.io\":\"y\"}}";
	scoped_strv keys = { 0 };
	struct error err;

	ck_assert_int_eq(auth_file_keys(text, strlen(text), "x", &keys, &err),
			 0);
	ck_assert_uint_eq(keys.n, 3);
	ck_assert_str_eq(keys.v[0], "docker.io");
	ck_assert_str_eq(keys.v[1], "a.io/b");
	ck_assert_str_eq(keys.v[2], "c.io");
	ck_assert_int_eq(auth_file_keys("{\"auths\":[]}", 12, "x", &keys, &err),
			 -EINVAL);
	ck_assert_int_eq(auth_file_keys("[]", 2, "x", &keys, &err), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("auth file");

	tcase_add_loop_test(tests, credentials_are_for_their_exact_registry, 0,
			    ARRAY_SIZE(table));
	tcase_add_loop_test(tests,
			    a_malformed_file_is_an_error_that_tells_no_secret,
			    0, ARRAY_SIZE(invalid));
	tcase_add_test(tests, what_is_stored_is_found_again_and_the_rest_stays);
	tcase_add_test(tests, what_is_erased_is_gone_under_all_its_names);
	tcase_add_test(tests, what_is_kept_is_listed_once);
	return suite_run("auth file", tests);
}
