#include "storage/registry/document.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define TYPED(type, rest) "{\"mediaType\":\"" type "\"," rest "}"

/* clang-format off */
static const struct {
	const char *type, *text;
	int result; /* a kind, or -errno */
} table[] = {
	{ MEDIA_MANIFEST, "{\"layers\":[]}", MEDIA_IS_MANIFEST },
	{ MEDIA_MANIFEST, TYPED(MEDIA_MANIFEST, "\"layers\":[]"),
	  MEDIA_IS_MANIFEST },
	{ MEDIA_INDEX, "{\"manifests\":[]}", MEDIA_IS_INDEX },
	{ MEDIA_DOCKER_V2, TYPED(MEDIA_DOCKER_V2, "\"layers\":[]"),
	  MEDIA_IS_MANIFEST },
	{ MEDIA_DOCKER_LIST, TYPED(MEDIA_DOCKER_LIST, "\"manifests\":[]"),
	  MEDIA_IS_INDEX },
	{ "APPLICATION/vnd.oci.image.index.v1+json; charset=utf-8",
	  "{\"manifests\":[]}", MEDIA_IS_INDEX },
	/* what the answer says is not what it is */
	{ MEDIA_MANIFEST, TYPED(MEDIA_INDEX, "\"manifests\":[]"), -EBADMSG },
	{ MEDIA_MANIFEST, TYPED(MEDIA_DOCKER_V2, "\"layers\":[]"), -EBADMSG },
	{ MEDIA_INDEX, TYPED(MEDIA_MANIFEST, "\"layers\":[]"), -EBADMSG },
	{ MEDIA_DOCKER_V2, "{\"layers\":[]}", -EBADMSG },
	{ MEDIA_MANIFEST, "{\"mediaType\":5}", -EINVAL },
	/* two readers */
	{ MEDIA_MANIFEST, "{\"layers\":[],\"manifests\":[]}", -EBADMSG },
	{ MEDIA_INDEX, "{\"layers\":[],\"manifests\":[]}", -EBADMSG },
	{ MEDIA_INDEX, "{\"config\":{},\"manifests\":[]}", -EBADMSG },
	{ MEDIA_MANIFEST, "{\"fsLayers\":[],\"layers\":[]}", -EBADMSG },
	{ MEDIA_MANIFEST, "{\"layers\":[],\"layers\":[]}", -EINVAL },
	/* not documents */
	{ MEDIA_MANIFEST, "{\"layers\":[", -EINVAL },
	{ MEDIA_MANIFEST, "[]", -EINVAL },
	{ MEDIA_MANIFEST, "", -EINVAL },
	{ MEDIA_MANIFEST, "{} {}", -EINVAL },
	{ "text/html", "<html>", -EPROTO },
	{ "application/json", "{\"layers\":[]}", -EPROTO },
	{ "application/octet-stream", "{\"layers\":[]}", -EPROTO },
	{ "", "{\"layers\":[]}", -EPROTO },
	{ NULL, "{\"layers\":[]}", -EPROTO },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws",
	  "{\"fsLayers\":[]}", -ENOTSUP },
	{ "application/vnd.docker.distribution.manifest.v1+json",
	  "{\"fsLayers\":[]}", -ENOTSUP },
};
/* clang-format on */

START_TEST(a_document_is_one_thing_to_everybody)
{
	const char *type = NULL;
	struct error err = { 0 };
	int r = document_check(table[_i].text, strlen(table[_i].text),
			       table[_i].type, &type, &err);

	ck_assert_msg(r == table[_i].result, "%s as %s: %d %s", table[_i].text,
		      table[_i].type, r, err.text);
	ck_assert_int_eq(type != NULL, r > 0);
}
END_TEST

/* a few bytes each, hundreds in memory: refused before there is one */
START_TEST(values_without_number_are_refused)
{
	static const char *const pieces[] = { "0,", "{},", "[],", "\"\"," };
	enum { SIZE = 4 << 20 };
	scoped(char) *text = xcalloc(SIZE + 1, 1);
	size_t n = strlen(pieces[_i]), at = 0;
	json_t *document = NULL;
	struct error err = { 0 };

	text[at++] = '[';
	for (; at + n + 2 < SIZE; at += n)
		memcpy(text + at, pieces[_i], n);
	memcpy(text + at, "0]", 2);
	ck_assert_int_eq(document_parse(text, at + 2, "x", &document, &err),
			 -EFBIG);
}
END_TEST

START_TEST(an_index_of_five_thousand_images_is_read)
{
	enum { N = 5000 };
	scoped(char) *text = xcalloc(N, 64);
	scoped_json *document = NULL;
	struct error err = { 0 };
	char *to = text + sprintf(text, "{\"manifests\":[");

	for (int i = 0; i < N; i++)
		to += sprintf(to, "%s{\"a\":1,\"b\":{\"c\":\"x\",\"d\":2}}",
			      i ? "," : "");
	to += sprintf(to, "]}");
	int r = document_parse(text, (size_t)(to - text), "x", &document, &err);
	ck_assert_msg(r == 0, "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("document");

	tcase_add_loop_test(tests, a_document_is_one_thing_to_everybody, 0,
			    ARRAY_SIZE(table));
	tcase_add_loop_test(tests, values_without_number_are_refused, 0, 4);
	tcase_add_test(tests, an_index_of_five_thousand_images_is_read);
	return suite_run("document", tests);
}
