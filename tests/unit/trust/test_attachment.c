#include "storage/trust/attachment.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define DIGEST                                                                 \
	"sha256:"                                                              \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER(rest)                                                            \
	"{\"mediaType\":\"t\",\"digest\":\"" DIGEST "\",\"size\":5" rest "}"
#define KEY "\"dev.cosignproject.cosign/signature\""

/* clang-format off */
static const struct {
	const char *text;
	int result;
	size_t n;
} table[] = {
	{ "{\"layers\":[]}", 0, 0 },
	{ "{}", 0, 0 },
	{ "{\"layers\":[" LAYER("") "," LAYER("") "]}", 0, 2 },
	{ "{\"layers\":[" LAYER(",\"annotations\":null") "]}", 0, 1 },
	{ "[]", -EINVAL, 0 },
	{ "{\"layers\":{}}", -EINVAL, 0 },
	{ "{\"layers\":[5]}", -EINVAL, 0 },
	{ "{\"layers\":[{}]}", -EINVAL, 0 },
	{ "{\"layers\":[{\"mediaType\":\"t\",\"digest\":\"sha256:../x\","
	  "\"size\":5}]}", -EINVAL, 0 },
	{ "{\"layers\":[{\"mediaType\":\"t\",\"digest\":\"" DIGEST "\","
	  "\"size\":-5}]}", -EINVAL, 0 },
	{ "{\"layers\":[" LAYER(",\"annotations\":[]") "]}", -EINVAL, 0 },
	{ "{\"layers\":[" LAYER(",\"annotations\":{" KEY ":5}") "]}",
	  -EINVAL, 0 },
	{ "{\"subject\":{\"digest\":\"x\"}}", -EINVAL, 0 },
	{ "{\"subject\":5}", -EINVAL, 0 },
};
/* clang-format on */

START_TEST(a_manifest_is_read_or_refused)
{
	scoped_attachment attachment = { 0 };
	struct error err;
	const char *text = table[_i].text;
	int r = attachment_parse(text, strlen(text), &attachment, &err);

	ck_assert_msg(r == table[_i].result, "%s: %d", text, r);
	ck_assert_uint_eq(attachment.n, table[_i].n);
}
END_TEST

START_TEST(subject_and_signature_are_found)
{
	static const char text[] =
		"{\"subject\":{\"digest\":\"" DIGEST "\"},\"layers\":[" LAYER(
			",\"annotations\":{" KEY ":\"c2ln\"}") "]}";
	scoped_attachment attachment = { 0 };
	struct error err;

	ck_assert_int_eq(
		attachment_parse(text, strlen(text), &attachment, &err), 0);
	ck_assert_str_eq(attachment.subject, DIGEST);
	ck_assert_str_eq(attachment.v[0].signature, "c2ln");
	ck_assert_uint_eq(attachment.v[0].size, 5);
}
END_TEST

START_TEST(too_many_are_refused)
{
	scoped_attachment attachment = { 0 };
	scoped(char) *text = xstrdup("{\"layers\":[" LAYER(""));
	struct error err;

	for (int i = 0; i < ATTACHED_MAX; i++) {
		char *longer = xasprintf("%s,%s", text, LAYER(""));
		free(text);
		text = longer;
	}
	scoped(char) *whole = xasprintf("%s]}", text);
	ck_assert_int_eq(
		attachment_parse(whole, strlen(whole), &attachment, &err),
		-EFBIG);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("attachment");

	tcase_add_loop_test(tests, a_manifest_is_read_or_refused, 0,
			    ARRAY_SIZE(table));
	tcase_add_test(tests, subject_and_signature_are_found);
	tcase_add_test(tests, too_many_are_refused);
	return suite_run("attachment", tests);
}
