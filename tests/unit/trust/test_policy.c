#include "storage/trust/policy.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "@sha256:" HEX

#define ANY    "[{\"type\":\"insecureAcceptAnything\"}]"
#define REJECT "[{\"type\":\"reject\"}]"

/* which scope of this policy an image has */
static const char scopes[] =
	"{\"default\":" REJECT ",\"transports\":{"
	"\"docker\":{"
	"\"docker.io/library/x\":" ANY ","
	"\"docker.io/library\":" ANY ","
	"\"a.io\":" ANY ","
	"\"a.io/n\":" ANY ","
	"\"a.io/n/r\":" ANY ","
	"\"a.io/n/r:1\":" ANY ","
	"\"a.io/n/r" DIGEST "\":" ANY ","
	"\"a.io:5000/n\":" ANY ","
	"\"*.b.io\":" ANY ","
	"\"*.c.b.io\":" ANY ","
	"\"d.b.io\":" ANY "},"
	"\"oci-archive\":{\"\":" ANY ",\"/srv/images\":" ANY "},"
	"\"docker-daemon\":{\"\":" ANY "}}}";

/* clang-format off */
static const struct {
	const char *image, *scope; /* NULL: the default of the file */
} images[] = {
	{ "a.io/n/r:1", "a.io/n/r:1" },
	{ "a.io/n/r:2", "a.io/n/r" },
	{ "a.io/n/r" DIGEST, "a.io/n/r" DIGEST },
	{ "a.io/n/r:1" DIGEST, "a.io/n/r" DIGEST },
	{ "a.io/n/r:1@sha256:f" "123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef", "a.io/n/r:1" },
	{ "a.io/n/rr:1", "a.io/n" },
	{ "a.io/n/r/s:1", "a.io/n/r" },
	{ "a.io/nn:1", "a.io" },
	{ "a.io:5000/n/r:1", "a.io:5000/n" },
	{ "a.io:5000/m:1", NULL },
	{ "x:1", "docker.io/library/x" },
	{ "y:1", "docker.io/library" },
	{ "docker.io/user/x:1", NULL },
	{ "e.b.io/x:1", "*.b.io" },
	{ "e.f.b.io/x:1", "*.b.io" },
	{ "e.c.b.io/x:1", "*.c.b.io" },
	{ "c.b.io/x:1", "*.b.io" },
	{ "d.b.io/x:1", "d.b.io" },
	{ "b.io/x:1", NULL },
	{ "xb.io/x:1", NULL },
	{ "e.b.io:80/x:1", NULL },
};

static const struct {
	const char *transport, *path, *scope;
} archives[] = {
	{ "oci-archive", "/srv/images/x.tar", "/srv/images" },
	{ "oci-archive", "/srv/images", "/srv/images" },
	{ "oci-archive", "/srv/imagesx", "" },
	{ "oci-archive", NULL, "" },
	{ "docker-archive", "/srv/images/x.tar", NULL },
	{ "tarball", NULL, NULL },
};

#define SIGNED(rest)                                                           \
	"{\"default\":[{\"type\":\"sigstoreSigned\"" rest "}]}"

/* each is an error of the file, whatever is asked */
static const char *const malformed[] = {
	"",
	"[]",
	"{}",
	"{\"default\":[]}",
	"{\"default\":{}}",
	"{\"default\":null}",
	"{\"default\":[1]}",
	"{\"default\":[{}]}",
	"{\"default\":[{\"type\":\"accept\"}]}",
	"{\"default\":[{\"type\":\"Reject\"}]}",
	"{\"default\":[{\"type\":\"reject\",\"x\":1}]}",
	"{\"default\":[{\"type\":\"insecureAcceptAnything\",\"keyPath\":\"/k\"}]}",
	"{\"default\":" ANY ",\"default\":" ANY "}",
	"{\"default\":" ANY ",\"transport\":{}}",
	"{\"default\":" ANY ",\"transports\":[]}",
	"{\"default\":" ANY ",\"transports\":{\"dockr\":{}}}",
	"{\"default\":" ANY ",\"transports\":{\"docker\":[]}}",
	"{\"default\":" ANY ",\"transports\":{\"docker\":{\"a.io\":[]}}}",
	"{\"default\":" ANY ",\"transports\":{\"docker\":{\"a*.io\":" ANY "}}}",
	"{\"default\":" ANY ",\"transports\":{\"docker\":{\"*.*.io\":" ANY "}}}",
	"{\"default\":" ANY ",\"transports\":{\"docker\":{\"*\":" ANY "}}}",
	"{\"default\":" ANY "} x",
	SIGNED(""),
	SIGNED(",\"keyPath\":\"relative\""),
	SIGNED(",\"keyPath\":\"\""),
	SIGNED(",\"keyPath\":[\"/k\"]"),
	SIGNED(",\"keyPaths\":\"/k\""),
	SIGNED(",\"keyPaths\":[]"),
	SIGNED(",\"keyData\":\"a\""),
	SIGNED(",\"keyData\":\"AAAA\""),
	SIGNED(",\"keyDatas\":[\"eA==\",5]"),
	SIGNED(",\"keyPath\":\"/k\",\"keyData\":\"eA==\""),
	SIGNED(",\"keyPath\":\"/k\",\"keyPaths\":[\"/k\"]"),
	SIGNED(",\"keyPath\":\"/k\",\"fulcio\":{}"),
	SIGNED(",\"keyPath\":\"/k\",\"signedIdentity\":\"x\""),
	SIGNED(",\"keyPath\":\"/k\",\"signedIdentity\":{}"),
	SIGNED(",\"keyPath\":\"/k\",\"insecure\":true"),
	SIGNED(",\"keypath\":\"/k\""),
	"{\"default\":[{\"type\":\"signedBy\",\"x\":1}]}",
};

/* what is read, and rejects: the member that is at fault */
static const struct {
	const char *text, *unsupported;
} unsupported[] = {
	{ "{\"default\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\","
	  "\"keyPath\":\"/k\"}]}", "signedBy" },
	{ SIGNED(",\"fulcio\":{}"), "fulcio" },
	{ SIGNED(",\"pki\":{}"), "pki" },
	{ SIGNED(",\"keyPath\":\"/k\",\"rekorPublicKeyPath\":\"/k\""),
	  "rekorPublicKeyPath" },
	{ SIGNED(",\"keyPath\":\"/k\",\"rekorPublicKeyDatas\":[\"eA==\"]"),
	  "rekorPublicKeyDatas" },
};
/* clang-format on */

static void parse(const char *text, struct policy *ret)
{
	struct error err = { 0 };
	int r = policy_parse(text, strlen(text), "FILE", ret, &err);

	ck_assert_msg(r == 0, "%s: %s", text, err.text);
}

static void check_scope(const struct policy_rule *rule, const char *scope,
			const char *what)
{
	ck_assert_msg(scope ? rule->transport && !strcmp(rule->scope, scope)
			    : !rule->transport,
		      "%s: scope \"%s\"", what, rule->scope);
}

START_TEST(the_most_specific_scope_counts)
{
	scoped_policy policy = { 0 };
	scoped_reference image = { 0 };
	struct error err;

	parse(scopes, &policy);
	ck_assert_int_eq(reference_parse(images[_i].image, &image, &err), 0);
	check_scope(policy_of_image(&policy, &image), images[_i].scope,
		    images[_i].image);
}
END_TEST

START_TEST(an_archive_has_the_scope_of_its_directory)
{
	scoped_policy policy = { 0 };

	parse(scopes, &policy);
	check_scope(policy_of_archive(&policy, archives[_i].transport,
				      archives[_i].path),
		    archives[_i].scope, archives[_i].transport);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	const char *text = malformed[_i];
	scoped_policy policy = { 0 };
	struct error err;
	int r = policy_parse(text, strlen(text), "FILE", &policy, &err);

	ck_assert_msg(r == -EINVAL, "%s: %d", text, r);
	ck_assert_msg(!strncmp(err.text, "FILE", 4), "%s: %s", text, err.text);
}
END_TEST

START_TEST(what_cannot_be_checked_is_not_forgotten)
{
	scoped_policy policy = { 0 };

	parse(unsupported[_i].text, &policy);
	ck_assert_int_eq(policy.rules[0].v[0].kind, REQUIRE_UNSUPPORTED);
	ck_assert_str_eq(policy.rules[0].v[0].unsupported,
			 unsupported[_i].unsupported);
}
END_TEST

START_TEST(keys_are_files_or_texts)
{
	scoped_policy policy = { 0 };

	parse("{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPaths\":"
	      "[\"/a\",\"/b\"]},{\"type\":\"sigstoreSigned\","
	      "\"keyData\":\"eHk=\"}]}",
	      &policy);
	ck_assert_uint_eq(policy.rules[0].n, 2);
	ck_assert_uint_eq(policy.rules[0].v[0].key_paths.n, 2);
	ck_assert_str_eq(policy.rules[0].v[0].key_paths.v[1], "/b");
	ck_assert_str_eq(policy.rules[0].v[1].key_texts.v[0], "xy");
}
END_TEST

START_TEST(no_file_is_no_policy)
{
	scoped_policy policy = { 0 };
	scoped_reference image = { 0 };
	struct error err;

	ck_assert_int_eq(reference_parse("a.io/x:1", &image, &err), 0);
	ck_assert_ptr_null(policy_of_image(&policy, &image));
	ck_assert_int_eq(policy_load("/nonexistent/policy", &policy, &err),
			 -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("policy");

	tcase_add_loop_test(tests, the_most_specific_scope_counts, 0,
			    ARRAY_SIZE(images));
	tcase_add_loop_test(tests, an_archive_has_the_scope_of_its_directory, 0,
			    ARRAY_SIZE(archives));
	tcase_add_loop_test(tests, what_is_malformed_is_refused, 0,
			    ARRAY_SIZE(malformed));
	tcase_add_loop_test(tests, what_cannot_be_checked_is_not_forgotten, 0,
			    ARRAY_SIZE(unsupported));
	tcase_add_test(tests, keys_are_files_or_texts);
	tcase_add_test(tests, no_file_is_no_policy);
	return suite_run("policy", tests);
}
