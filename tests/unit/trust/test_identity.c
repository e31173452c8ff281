#include "storage/trust/identity.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST  "@sha256:" HEX

#define DEFAULT "{\"type\":\"matchRepoDigestOrExact\"}"
#define EXACT   "{\"type\":\"matchExact\"}"
#define SAME    "{\"type\":\"matchRepository\"}"
#define GIVEN   "{\"type\":\"exactReference\",\"dockerReference\":\"b.io/r:2\"}"
#define GIVEN_R "{\"type\":\"exactRepository\",\"dockerRepository\":\"b.io/r\"}"
#define REMAP                                                                  \
	"{\"type\":\"remapIdentity\",\"prefix\":\"a.io\","                     \
	"\"signedPrefix\":\"b.io/x\"}"

/* clang-format off */
static const struct {
	const char *identity, *image, *signed_name;
	bool accepted;
} table[] = {
	/* by a tag: this very tag */
	{ DEFAULT, "a.io/r:1", "a.io/r:1", true },
	{ DEFAULT, "a.io/r:1", "a.io/r:2", false },
	{ DEFAULT, "a.io/r:1", "a.io/r", false },
	{ DEFAULT, "a.io/r:1", "a.io/r" DIGEST, false },
	{ DEFAULT, "a.io/r:1", "a.io/rr:1", false },
	{ DEFAULT, "a.io/r:1", "b.io/r:1", false },
	{ DEFAULT, "a.io/r:1", "a.io:80/r:1", false },
	/* by a digest: the same repository */
	{ DEFAULT, "a.io/r" DIGEST, "a.io/r:7", true },
	{ DEFAULT, "a.io/r" DIGEST, "a.io/r", true },
	{ DEFAULT, "a.io/r" DIGEST, "a.io/q:7", false },
	{ EXACT, "a.io/r:1", "a.io/r:1", true },
	{ EXACT, "a.io/r:1", "a.io/r", false },
	{ EXACT, "a.io/r" DIGEST, "a.io/r:1", false },
	{ EXACT, "a.io/r" DIGEST, "a.io/r" DIGEST, true },
	{ SAME, "a.io/r:1", "a.io/r", true },
	{ SAME, "a.io/r:1", "a.io/r:2", true },
	{ SAME, "a.io/r:1", "a.io/r/s", false },
	{ SAME, "a.io/r:1", "b.io/r", false },
	/* the names of Docker Hub are one */
	{ SAME, "docker.io/library/x:1", "x:1", true },
	{ SAME, "docker.io/library/x:1", "index.docker.io/library/x", true },
	{ SAME, "docker.io/library/x:1", "evil.io/library/x", false },
	{ GIVEN, "a.io/other:1", "b.io/r:2", true },
	{ GIVEN, "b.io/r:2", "b.io/r:1", false },
	{ GIVEN, "b.io/r:2", "b.io/r", false },
	{ GIVEN_R, "a.io/other:1", "b.io/r:1", true },
	{ GIVEN_R, "a.io/other:1", "b.io/r", true },
	{ GIVEN_R, "a.io/other:1", "a.io/other:1", false },
	{ REMAP, "a.io/r:1", "b.io/x/r:1", true },
	{ REMAP, "a.io/r:1", "a.io/r:1", false },
	{ REMAP, "a.io/r:1", "b.io/x/r", false },
	{ REMAP, "a.io/r" DIGEST, "b.io/x/r", true },
	/* by components */
	{ REMAP, "a.iot/r:1", "b.io/xt/r:1", false },
	{ REMAP, "a.iot/r:1", "a.iot/r:1", true },
	/* what names nothing is for this repository, and for no given one */
	{ SAME, "a.io/r:1", "", true },
	{ DEFAULT, "a.io/r:1", "", false },
	{ DEFAULT, "a.io/r" DIGEST, "", false },
	{ EXACT, "a.io/r:1", "", false },
	{ GIVEN, "b.io/r:2", "", false },
	{ GIVEN_R, "b.io/r:2", "", false },
	{ REMAP, "a.io/r:1", "", false },
	/* nonsense is no name */
	{ SAME, "a.io/r:1", "a.io/r:1 ", false },
	{ SAME, "a.io/r:1", "A.io/R", false },
	{ SAME, "a.io/r:1", "a.io/r/", false },
};

static const char *const malformed[] = {
	"{}",
	"{\"type\":\"matchrepository\"}",
	"{\"type\":\"matchRepository\",\"x\":1}",
	"{\"type\":1}",
	"{\"type\":\"exactReference\"}",
	"{\"type\":\"exactReference\",\"dockerReference\":\"a.io/r\"}",
	"{\"type\":\"exactReference\",\"dockerReference\":\"A B\"}",
	"{\"type\":\"exactReference\",\"dockerRepository\":\"a.io/r:1\"}",
	"{\"type\":\"exactRepository\",\"dockerRepository\":\"a.io/r:1\"}",
	"{\"type\":\"exactRepository\",\"dockerRepository\":\"\"}",
	"{\"type\":\"remapIdentity\",\"prefix\":\"a.io\"}",
	"{\"type\":\"remapIdentity\",\"signedPrefix\":\"a.io\"}",
};
/* clang-format on */

static int parse(const char *text, struct identity *ret, struct error *err)
{
	scoped_json *object = NULL;
	int r = json_parse(text, strlen(text), "x", &object, err);

	ck_assert_int_eq(r, 0);
	return identity_parse(object, ret, err);
}

START_TEST(a_name_is_accepted_or_not)
{
	scoped_reference image = { 0 };
	struct identity identity = { 0 };
	struct error err;

	ck_assert_int_eq(parse(table[_i].identity, &identity, &err), 0);
	ck_assert_int_eq(reference_parse(table[_i].image, &image, &err), 0);
	ck_assert_msg(
		identity_accepts(&identity, &image, table[_i].signed_name) ==
			table[_i].accepted,
		"%s, %s, signed for \"%s\"", table[_i].identity,
		table[_i].image, table[_i].signed_name);
	identity_free(&identity);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	struct identity identity = { 0 };
	struct error err;

	ck_assert_msg(parse(malformed[_i], &identity, &err) == -EINVAL, "%s",
		      malformed[_i]);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("identity");

	tcase_add_loop_test(tests, a_name_is_accepted_or_not, 0,
			    ARRAY_SIZE(table));
	tcase_add_loop_test(tests, what_is_malformed_is_refused, 0,
			    ARRAY_SIZE(malformed));
	return suite_run("identity", tests);
}
