/* Where requests go on to, and who may issue tokens. */
#include "storage/registry/url.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/registry/realm.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *url, *host, *port; /* NULL: refused */
	bool tls;
} origins[] = {
	{ "https://a.io/v2/", "a.io", "443", true },
	{ "HTTPS://A.IO:5000/v2/", "a.io", "5000", true },
	{ "http://127.0.0.1:5000", "127.0.0.1", "5000", false },
	{ "http://[::1]:5000/", "[::1]", "5000", false },
	{ "http://a.io", "a.io", "80", false },
	{ "ftp://a.io/", NULL, NULL, false },
	{ "file:///etc/passwd", NULL, NULL, false },
	{ "gopher://a.io/", NULL, NULL, false },
	{ "https://user@a.io/", NULL, NULL, false },
	{ "https://user:pw@a.io/", NULL, NULL, false },
	{ "https://a.io/\r\nX: y", NULL, NULL, false },
	{ "https://a.io/ x", NULL, NULL, false },
	{ "https://", NULL, NULL, false },
	{ "https://a.io:99999/", NULL, NULL, false },
	{ "a.io", NULL, NULL, false },
	{ "//a.io/", NULL, NULL, false },
	{ "", NULL, NULL, false },
};

static const struct {
	const char *base, *location;
	const char *result; /* NULL: refused */
} locations[] = {
	{ "https://a.io/v2/x", "https://b.io/y?z=1#f", "https://b.io/y?z=1" },
	{ "https://a.io/v2/x", "/y?z=%2F", "https://a.io/y?z=%2F" },
	{ "https://a.io/v2/x", "y", "https://a.io/v2/y" },
	{ "https://a.io/v2/x", "//b.io/y", "https://b.io/y" },
	{ "http://a.io:5000/v2/x", "/y", "http://a.io:5000/y" },
	{ "https://a.io/", "file:///etc/passwd", NULL },
	{ "https://a.io/", "gopher://b.io/", NULL },
	{ "https://a.io/", "ftp://b.io/", NULL },
	{ "https://a.io/", "https://u:p@b.io/", NULL },
	{ "https://a.io/", "https://b.io/\r\nAuthorization: x", NULL },
	{ "https://a.io/", "https://b.io/ ", NULL },
	{ "https://a.io/", "javascript:x", NULL },
};

static const struct {
	const char *from, *to;
	int result;
} steps[] = {
	{ "https://a.io/x", "https://b.io/y", 0 },
	{ "https://a.io/x", "https://a.io:8443/y", 0 },
	{ "https://a.io/x", "http://a.io/x", -EPERM },
	{ "https://a.io/x", "http://b.io/x", -EPERM },
	{ "http://127.0.0.1:1/x", "http://127.0.0.1:1/y", 0 },
	{ "http://127.0.0.1:1/x", "http://127.0.0.1:2/y", -EPERM },
	{ "http://127.0.0.1:1/x", "http://localhost:1/y", -EPERM },
	{ "http://127.0.0.1:1/x", "https://b.io/y", 0 },
};

static const struct {
	const char *registry, *realm;
	int result;
} realms[] = {
	{ "https://ghcr.io/v2/", "https://ghcr.io/token", 0 },
	{ "https://registry-1.docker.io/v2/", "https://auth.docker.io/token", 0 },
	{ "https://registry.gitlab.com/v2/", "https://gitlab.com/jwt/auth", 0 },
	{ "https://registry.example.co.uk/", "https://git.example.co.uk/", 0 },
	{ "https://a.example.org:5000/", "https://a.example.org/token", 0 },
	{ "https://lscr.io/v2/", "https://ghcr.io/token", 0 },
	{ "https://rg.fr-par.scw.cloud/v2/", "https://api.scaleway.com/x", 0 },
	{ "https://10.0.0.1:5000/v2/", "https://10.0.0.1/token", 0 },
	/* somebody else */
	{ "https://ghcr.io/v2/", "https://evil.io/token", -EPERM },
	{ "https://ghcr.io/v2/", "https://ghcr.io.evil.io/token", -EPERM },
	{ "https://a.co.uk/v2/", "https://b.co.uk/token", -EPERM },
	{ "https://a.github.io/v2/", "https://b.github.io/token", -EPERM },
	{ "https://10.0.0.1/v2/", "https://10.0.0.2/token", -EPERM },
	{ "https://localhost/v2/", "https://other/token", -EPERM },
	{ "https://evil.io/v2/", "https://ghcr.io/token", -EPERM },
	/* not encrypted */
	{ "https://ghcr.io/v2/", "http://ghcr.io/token", -EPERM },
	{ "http://127.0.0.1:5000/v2/", "http://127.0.0.1:5001/token", 0 },
	{ "http://127.0.0.1:5000/v2/", "http://10.0.0.1/token", -EPERM },
	{ "http://r.example.org/v2/", "http://t.example.org/token", -EPERM },
	{ "http://r.example.org/v2/", "https://t.example.org/token", 0 },
	/* no URL */
	{ "https://ghcr.io/v2/", "file:///etc/passwd", -EPROTO },
	{ "https://ghcr.io/v2/", "https://u:p@ghcr.io/token", -EPROTO },
	{ "https://ghcr.io/v2/", "/token", -EPROTO },
	{ "https://ghcr.io/v2/", "", -EPROTO },
	{ "https://ghcr.io/v2/", "https://ghcr.io/\r\nX: y", -EPROTO },
};
/* clang-format on */

START_TEST(an_origin_is_scheme_host_and_port)
{
	struct origin origin = { 0 };
	struct error err = { 0 };
	int r = origin_of(origins[_i].url, &origin, &err);

	if (!origins[_i].host) {
		ck_assert_msg(r == -EPROTO, "%s was taken", origins[_i].url);
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", origins[_i].url, err.text);
	ck_assert_str_eq(origin.host, origins[_i].host);
	ck_assert_str_eq(origin.port, origins[_i].port);
	ck_assert_int_eq(origin.tls, origins[_i].tls);
}
END_TEST

START_TEST(a_location_is_a_url_of_http_or_nothing)
{
	scoped(char) *url = NULL;
	struct error err = { 0 };
	int r = url_resolve(locations[_i].base, locations[_i].location, &url,
			    &err);

	ck_assert_msg(r == (locations[_i].result ? 0 : -EPROTO), "%s: %s",
		      locations[_i].location, url ? url : err.text);
	ck_assert_pstr_eq(url, locations[_i].result);
}
END_TEST

START_TEST(nothing_goes_on_to_plain_http)
{
	struct error err = { 0 };

	ck_assert_int_eq(url_check_next(steps[_i].from, steps[_i].to, &err),
			 steps[_i].result);
}
END_TEST

START_TEST(tokens_come_from_the_registry_s_own_people)
{
	struct error err = { 0 };
	int r = realm_check(realms[_i].registry, realms[_i].realm, NULL, &err);

	ck_assert_msg(r == realms[_i].result, "%s for %s: %d %s",
		      realms[_i].realm, realms[_i].registry, r, err.text);
}
END_TEST

START_TEST(a_pair_can_be_configured)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };

	strv_add(&pairs, "a.io=tokens.b.io");
	ck_assert_int_eq(realm_check("https://a.io/v2/",
				     "https://tokens.b.io/x", &pairs, &err),
			 0);
	ck_assert_int_eq(realm_check("https://c.io/v2/",
				     "https://tokens.b.io/x", &pairs, &err),
			 -EPERM);
	ck_assert_int_eq(realm_check("https://a.io/v2/", "http://tokens.b.io/x",
				     &pairs, &err),
			 -EPERM);
}
END_TEST

START_TEST(a_message_shows_no_path_and_no_query)
{
	scoped(char) *origin = url_origin("https://s3.io:1/SECRET/x?sig=S");
	scoped(char) *none = url_origin("https://s3.io?sig=S");

	ck_assert_str_eq(origin, "https://s3.io:1");
	ck_assert_str_eq(none, "https://s3.io");
}
END_TEST

START_TEST(a_value_in_a_query_is_escaped)
{
	scoped(char) *url = url_add_query(
		url_add_query(xstrdup("https://a.io/t"), "service", "a b&c=d"),
		"scope", "repository:x/y:pull,push");

	ck_assert_str_eq(url, "https://a.io/t?service=a%20b%26c%3Dd&scope="
			      "repository%3Ax%2Fy%3Apull%2Cpush");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("url");

	tcase_add_loop_test(tests, an_origin_is_scheme_host_and_port, 0,
			    ARRAY_SIZE(origins));
	tcase_add_loop_test(tests, a_location_is_a_url_of_http_or_nothing, 0,
			    ARRAY_SIZE(locations));
	tcase_add_loop_test(tests, nothing_goes_on_to_plain_http, 0,
			    ARRAY_SIZE(steps));
	tcase_add_loop_test(tests, tokens_come_from_the_registry_s_own_people,
			    0, ARRAY_SIZE(realms));
	tcase_add_test(tests, a_pair_can_be_configured);
	tcase_add_test(tests, a_message_shows_no_path_and_no_query);
	tcase_add_test(tests, a_value_in_a_query_is_escaped);
	return suite_run("url", tests);
}
