#include "storage/registry/place.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define HEX16  "0123456789abcdef"
#define DIGEST "sha256:" HEX16 HEX16 HEX16 HEX16

static const char conf[] = "[[registry]]\n"
			   "prefix = 'example.com/foo'\n"
			   "location = 'internal.example.net/bar'\n"
			   "[[registry.mirror]]\n"
			   "location = 'm0.local:5000/for-foo'\n"
			   "[[registry.mirror]]\n"
			   "location = 'm1.local/mirrors/foo'\n"
			   "insecure = true\n"
			   "[[registry]]\n"
			   "location = 'docker.io'\n"
			   "mirror-by-digest-only = true\n"
			   "[[registry.mirror]]\n"
			   "location = 'hub.local'\n"
			   "[[registry]]\n"
			   "prefix = 'docker.io/library'\n"
			   "location = 'docker.io/library'\n"
			   "[[registry.mirror]]\n"
			   "location = 'tags.local/x'\n"
			   "pull-from-mirror = 'tag-only'\n"
			   "[[registry.mirror]]\n"
			   "location = 'digests.local'\n"
			   "pull-from-mirror = 'digest-only'\n"
			   "[[registry]]\n"
			   "location = 'plain.local'\n"
			   "insecure = true\n"
			   "[[registry]]\n"
			   "prefix = 'bad.io'\n"
			   "blocked = true\n"
			   "[[registry]]\n"
			   "prefix = 'bad.io/but/this'\n"
			   "location = 'bad.io/but/this'\n"
			   "[[registry]]\n"
			   "prefix = '*.wild.io'\n"
			   "insecure = true\n"
			   "[[registry]]\n"
			   "prefix = '*.moved.io'\n"
			   "location = 'new.io/all'\n";

/* clang-format off */
static const struct {
	const char *name;
	const char *places; /* "*" insecure, "~" mirror */
} table[] = {
	{ "example.com/foo/image:latest",
	  "~m0.local:5000/for-foo/image ~*m1.local/mirrors/foo/image "
	  "internal.example.net/bar/image" },
	{ "example.com/foo:1",
	  "~m0.local:5000/for-foo ~*m1.local/mirrors/foo "
	  "internal.example.net/bar" },
	/* a prefix ends where a component does */
	{ "example.com/foobar:1", "example.com/foobar" },
	{ "example.com/fo:1",     "example.com/fo" },
	{ "example.com:80/foo:1", "example.com:80/foo" },
	{ "sub.example.com/foo:1", "sub.example.com/foo" },
	/* the longest prefix */
	{ "docker.io/library/debian:12",
	  "~tags.local/x/debian docker.io/library/debian" },
	{ "docker.io/library/debian@" DIGEST,
	  "~digests.local/debian docker.io/library/debian" },
	{ "docker.io/user/x:1", "docker.io/user/x" },
	{ "docker.io/user/x@" DIGEST, "~hub.local/user/x docker.io/user/x" },
	{ "docker.io/user/x:1@" DIGEST, "~hub.local/user/x docker.io/user/x" },
	{ "plain.local/x:1", "*plain.local/x" },
	{ "plain.local:5000/x:1", "plain.local:5000/x" },
	{ "bad.io/but/this:1", "bad.io/but/this" },
	{ "a.wild.io/x:1", "*a.wild.io/x" },
	{ "a.b.wild.io:5000/x:1", "*a.b.wild.io:5000/x" },
	{ "wild.io/x:1", "wild.io/x" },
	{ "evilwild.io/x:1", "evilwild.io/x" },
	{ "a.moved.io/x:1", "new.io/all/x" },
	/* what never leaves the machine may be plain */
	{ "localhost/x:1", "*localhost/x" },
	{ "localhost:5000/x:1", "*localhost:5000/x" },
	{ "127.0.0.1:5000/x:1", "*127.0.0.1:5000/x" },
	{ "127.9.9.9/x:1", "*127.9.9.9/x" },
	{ "[::1]:5000/x:1", "*[::1]:5000/x" },
	{ "127.0.0.1.evil.io/x:1", "127.0.0.1.evil.io/x" },
	{ "localhost.evil.io/x:1", "localhost.evil.io/x" },
	{ "[::2]/x:1", "[::2]/x" },
};
/* clang-format on */

static char *describe(const struct places *places)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < places->n; i++) {
		const struct place *p = &places->v[i];
		char *longer =
			xasprintf("%s%s%s%s%s/%s", text, i ? " " : "",
				  p->mirror ? "~" : "", p->insecure ? "*" : "",
				  p->registry, p->repository);
		free(text);
		text = longer;
	}
	return text;
}

static int find(const char *name, bool push, struct places *ret,
		struct error *err)
{
	scoped_registries all = { 0 };
	scoped_reference ref = { 0 };
	int r = registries_add(&all, conf, strlen(conf), "x", err);

	if (r == 0)
		r = reference_parse(name, &ref, err);
	return r < 0 ? r : places_find(&all, &ref, push, ret, err);
}

START_TEST(images_are_looked_for_where_the_configuration_says)
{
	scoped_places places = { 0 };
	struct error err = { 0 };
	int r = find(table[_i].name, false, &places, &err);

	ck_assert_msg(r == 0, "%s: %s", table[_i].name, err.text);
	scoped(char) *text = describe(&places);
	ck_assert_str_eq(text, table[_i].places);
}
END_TEST

START_TEST(a_blocked_registry_is_refused)
{
	scoped_places places = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(find("bad.io/x:1", false, &places, &err), -EPERM);
	ck_assert(strstr(err.text, "bad.io/x:1 is blocked") != NULL);
	ck_assert(strstr(err.hint, "registries.conf") != NULL);
	ck_assert_int_eq(find("bad.io/x:1", true, &places, &err), -EPERM);
}
END_TEST

START_TEST(mirrors_are_not_pushed_to)
{
	scoped_places places = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(find("example.com/foo/x:1", true, &places, &err), 0);
	scoped(char) *text = describe(&places);
	ck_assert_str_eq(text, "example.com/foo/x");
}
END_TEST

START_TEST(docker_hub_lives_at_another_name)
{
	ck_assert_str_eq(place_host("docker.io"), "registry-1.docker.io");
	ck_assert_str_eq(place_host("quay.io:443"), "quay.io:443");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("place");

	tcase_add_loop_test(tests,
			    images_are_looked_for_where_the_configuration_says,
			    0, ARRAY_SIZE(table));
	tcase_add_test(tests, a_blocked_registry_is_refused);
	tcase_add_test(tests, mirrors_are_not_pushed_to);
	tcase_add_test(tests, docker_hub_lives_at_another_name);
	return suite_run("place", tests);
}
