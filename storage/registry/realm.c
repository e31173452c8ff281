#include "storage/registry/realm.h"

#include <errno.h>
#include <string.h>

#include <libpsl.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/url.h"

/* clang-format off */
/* registries whose tokens come from somebody else; "*." is any host below */
static const struct {
	const char *registry, *realm;
} known[] = {
	{ "lscr.io",   "ghcr.io" },
	{ "*.scw.cloud", "api.scaleway.com" },
};
/* clang-format on */

static bool matches(const char *pattern, const char *host)
{
	if (text_starts_with(pattern, "*."))
		return text_ends_with(host, pattern + 1);
	return strcmp(pattern, host) == 0;
}

static bool is_known(const char *registry, const char *realm)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (matches(known[i].registry, registry) &&
		    strcmp(known[i].realm, realm) == 0)
			return true;
	return false;
}

static bool is_configured(const struct strv *pairs, const char *registry,
			  const char *realm)
{
	scoped(char) *pair = xasprintf("%s=%s", registry, realm);

	return pairs && strv_contains(pairs, pair);
}

static bool is_address(const char *host)
{
	return host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
}

/* below one registrable domain, "example.org" or "example.co.uk" */
static bool same_owner(const char *a, const char *b)
{
	const psl_ctx_t *list = psl_builtin();
	const char *one, *other;

	if (!list || is_address(a) || is_address(b))
		return false;
	one = psl_registrable_domain(list, a);
	other = psl_registrable_domain(list, b);
	return one && other && strcmp(one, other) == 0;
}

static int refused(const struct origin *registry, const struct origin *realm,
		   const char *why, struct error *err)
{
	error_say(err, EPERM,
		  "the registry %s wants tokens from %s, which is %s",
		  registry->host, realm->host, why);
	return error_hint(err, "nothing was sent there; if that server is "
			       "meant, the registry's operator has to name it "
			       "under its own domain, with https");
}

int realm_check(const char *registry_url, const char *realm,
		const struct strv *configured, struct error *err)
{
	struct origin home, there;
	int r = origin_of(registry_url, &home, err);

	if (r == 0)
		r = origin_of(realm, &there, err);
	if (r < 0)
		return error_prefix(err, "the registry's realm");
	bool same_host = strcmp(home.host, there.host) == 0;
	if (!there.tls && (home.tls || !same_host))
		return refused(&home, &there, "not encrypted", err);
	if (same_host || same_owner(home.host, there.host) ||
	    is_known(home.host, there.host) ||
	    is_configured(configured, home.host, there.host))
		return 0;
	return refused(&home, &there, "somebody else's", err);
}
