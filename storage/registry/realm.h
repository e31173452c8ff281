/*
 * storage/registry/realm.h - who may issue the tokens of a registry
 *
 * A registry names the server of its tokens ("realm"), and that server gets
 * the user's password.  The rule (R17: credentials go where they belong):
 *
 *   1. The realm is reached by https.  By plain http only when the registry
 *      itself is (loopback, or "insecure" in registries.conf), and then only
 *      on the same host.
 *   2. Its host is the registry's own; or both lie below one registrable
 *      domain of the public suffix list, as registry.example.org and
 *      gitlab.example.org do, and auth.docker.io and registry-1.docker.io; or
 *      the pair is known (realm.c), or configured.
 *
 * The port does not matter for https.  For addresses only 2.'s first part
 * applies.  A registry could ask for the password itself, so rule 2 does not
 * guard against a hostile one, but against answers that somebody put into the
 * mouth of an honest one (CVE-2020-15157).
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"

/*
 * realm_check - may the tokens for @registry_url come from @realm?
 * @configured: "REGISTRY=REALM" pairs of hosts that are trusted; NULL: none
 * Return: 0; -EPERM they may not; -EPROTO the realm is not a URL
 */
int realm_check(const char *registry_url, const char *realm,
		const struct strv *configured, struct error *err);
