#include "storage/digest.h"

#include <errno.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static const char *const malformed[] = {
	"",
	":",
	"sha256",
	"sha256:",
	"sha256:0",
	"sha256:" HEX16,
	"sha256:" HEX16 HEX16 HEX16 "0123456789abcde",
	"sha256:" HEX64 "0",
	"sha256:" HEX64 HEX64,
	"sha256:" HEX64 " ",
	"sha256:" HEX64 "\n",
	" sha256:" HEX64,
	"sha256: " HEX16 HEX16 HEX16 "0123456789abcde",
	"sha256:" HEX16 HEX16 HEX16 "0123456789ABCDEF",
	"sha256:" HEX16 HEX16 HEX16 "0123456789abcdeg",
	"sha256:" HEX16 HEX16 HEX16 "0123456789abcde/",
	"sha256:../../../../../../../../../../../../../../../../../etc/passwd",
	"sha256:" HEX16 HEX16 HEX16 "0123456789abc/..",
	"SHA256:" HEX64,
	"Sha256:" HEX64,
	"sha256=" HEX64,
	"sha256" HEX64,
	"sha-256:" HEX64,
	"sha256+b64:" HEX64,
	"sha512:" HEX64,
	"sha512:" HEX64 HEX64 "0",
	"sha384:" HEX64 HEX16 HEX16,
	"sha1:" HEX16 HEX16 "01234567",
	"md5:" HEX16 HEX16,
	"blake3:" HEX64,
	"../sha256:" HEX64,
	"sha256:sha256:" HEX64,
	":" HEX64,
	HEX64,
	"sha256:" HEX16 HEX16 HEX16 "0123456789abcd\xc3\xa9",
};

START_TEST(malformed_digests_are_refused)
{
	struct error err;

	ck_assert(!digest_is_valid(malformed[_i]));
	ck_assert_int_eq(digest_check(malformed[_i], &err), -EINVAL);
	ck_assert(err.text[0] != '\0');
}
END_TEST

START_TEST(both_algorithms_are_known)
{
	struct error err;

	ck_assert_int_eq(digest_check("sha256:" HEX64, &err), 0);
	ck_assert_int_eq(digest_check("sha512:" HEX64 HEX64, &err), 0);
	scoped(char) *path = digest_blob_path("sha512:" HEX64 HEX64);
	ck_assert_str_eq(path, "blobs/sha512/" HEX64 HEX64);
	ck_assert_str_eq(digest_hex("sha256:" HEX64), HEX64);
}
END_TEST

START_TEST(a_prefix_has_at_least_four_digits)
{
	ck_assert_ptr_null(digest_prefix("012"));
	ck_assert_ptr_null(digest_prefix("sha256:012"));
	ck_assert_ptr_null(digest_prefix("0123x"));
	ck_assert_ptr_null(digest_prefix("ABCD"));
	ck_assert_ptr_null(digest_prefix(HEX64 "0"));
	ck_assert_str_eq(digest_prefix("0123"), "0123");
	ck_assert_str_eq(digest_prefix("sha256:abcd"), "abcd");
	ck_assert(digest_has_prefix("sha256:" HEX64, "0123"));
	ck_assert(!digest_has_prefix("sha256:" HEX64, "1234"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("digest");

	tcase_add_loop_test(tests, malformed_digests_are_refused, 0,
			    ARRAY_SIZE(malformed));
	tcase_add_test(tests, both_algorithms_are_known);
	tcase_add_test(tests, a_prefix_has_at_least_four_digits);
	return suite_run("digest", tests);
}
