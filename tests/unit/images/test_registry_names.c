/* what is typed to login and push: cmd/image/registry_name.h, push_name.h */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/image/push_name.h"
#include "cmd/image/registry_name.h"
#include "tests/unit/images/suite.h"

#define HEX16  "0123456789abcdef"
#define DIGEST "sha256:" HEX16 HEX16 HEX16 HEX16

/* clang-format off */
static const struct {
	const char *typed;
	const char *key; /* NULL: it is none */
	const char *place;
} registries[] = {
	{ "quay.io",                     "quay.io", "quay.io x" },
	{ "quay.io/me",                  "quay.io/me", "quay.io me/x" },
	{ "localhost:5000",              "localhost:5000", "localhost:5000 x" },
	{ "127.0.0.1",                   "127.0.0.1", "127.0.0.1 x" },
	{ "[::1]:5000",                  "[::1]:5000", "[::1]:5000 x" },
	{ "docker.io",                   "docker.io", "docker.io library/x" },
	{ "index.docker.io",             "docker.io", "docker.io library/x" },
	{ "https://index.docker.io/v1/", "docker.io", "docker.io library/x" },
	{ "http://localhost:5000/v2/",   "localhost:5000", "localhost:5000 x" },
	{ NULL,                          "first.example", "first.example x" },
	{ "name",         NULL, NULL },
	{ "",             NULL, NULL },
	{ "/",            NULL, NULL },
	{ "https://",     NULL, NULL },
	{ "me@quay.io",   NULL, NULL },
	{ "quay.io/",     NULL, NULL },
	{ "quay.io/me:1", NULL, NULL },
	{ "quay.io/me@" DIGEST, NULL, NULL },
	{ "quay.io/Me",   NULL, NULL },
	{ "quay.io:x",    NULL, NULL },
	{ "quay.io?x",    NULL, NULL },
	{ "quay.io\n",    NULL, NULL },
	{ "ftp://quay.io", NULL, NULL },
};

static const struct {
	const char *typed;
	const char *name; /* NULL: it is none */
	const char *says;
} destinations[] = {
	{ "quay.io/me/a",            "quay.io/me/a:latest", NULL },
	{ "quay.io/me/a:1",          "quay.io/me/a:1", NULL },
	{ "docker.io/a",             "docker.io/library/a:latest", NULL },
	{ "docker://localhost:1/a",  "localhost:1/a:latest", NULL },
	{ "a",                       NULL, "names no registry" },
	{ "me/a:1",                  NULL, "names no registry" },
	{ "docker://a",              NULL, "names no registry" },
	{ "localhost/a",             NULL, "localhost is not a registry" },
	{ "quay.io/a@" DIGEST,       NULL, "pushed under a tag" },
	{ "a@" DIGEST,               NULL, "pushed under a tag" },
	{ "dir:/tmp/x",              NULL, "not the name of an image" },
	{ "oci-archive:x.tar",       NULL, "names no registry" },
	{ "quay.io/A",               NULL, "not the name of an image" },
	{ "docker://docker://q.io/a", NULL, "not the name of an image" },
	{ "",                        NULL, "not the name of an image" },
};
/* clang-format on */

START_TEST(a_registry_is_a_host_or_what_is_below_it)
{
	struct registries conf = { 0 };
	struct places places = { 0 };
	scoped(char) *key = NULL;
	struct error err;

	strv_add(&conf.search, "first.example");
	int r = registry_name_parse(&conf, registries[_i].typed, &places, &key,
				    &err);
	if (!registries[_i].key) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_ptr_nonnull(strstr(err.hint, "HOST:PORT"));
	} else {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(key, registries[_i].key);
		scoped(char) *place = xasprintf("%s %s", places.v[0].registry,
						places.v[0].repository);
		ck_assert_str_eq(place, registries[_i].place);
	}
	places_free(&places);
	strv_free(&conf.search);
}
END_TEST

START_TEST(an_image_goes_only_where_it_is_typed)
{
	scoped_reference ref = { 0 };
	struct error err;
	int r = push_name_parse(destinations[_i].typed, &ref, &err);

	if (!destinations[_i].name) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, destinations[_i].says));
		return;
	}
	ck_assert_int_eq(r, 0);
	scoped(char) *name = reference_name(&ref, ref.domain);
	ck_assert_str_eq(name, destinations[_i].name);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("registry names");

	tcase_add_loop_test(tests, a_registry_is_a_host_or_what_is_below_it, 0,
			    ARRAY_SIZE(registries));
	tcase_add_loop_test(tests, an_image_goes_only_where_it_is_typed, 0,
			    ARRAY_SIZE(destinations));
	return suite_run("registry names", tests);
}
