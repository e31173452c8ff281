/*
 * storage/trust/policy.h - policy.json: which images are accepted
 *
 * Pure, fuzzed.  Source: containers-policy.json(5).  A member that is not
 * known is an error, for it could have been a rule.  What is known there and
 * cannot be checked here (OpenPGP, certificates, transparency logs) is read,
 * and rejects what it stands for.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/reference.h"
#include "storage/trust/identity.h"

#define POLICY_MAX (1 << 20) /* bytes */

enum require {
	REQUIRE_NOTHING,     /* insecureAcceptAnything */
	REQUIRE_REJECT,      /* reject */
	REQUIRE_SIGNED,      /* sigstoreSigned, by one of the keys */
	REQUIRE_UNSUPPORTED, /* something that is not checked here */
};

struct requirement {
	enum require kind;
	struct strv key_paths; /* absolute; one file, one key */
	struct strv key_texts; /* PEM */
	struct identity identity;
	char *unsupported; /* "signedBy", "fulcio" */
};

/* The requirements of a scope; all of them have to be met. */
struct policy_rule {
	char *transport; /* "docker"; NULL: the default of the file */
	char *scope;     /* "": of the transport */
	struct requirement *v;
	size_t n; /* at least one */
};

struct policy {
	char *file; /* for messages; NULL: there is none, all is accepted */
	struct policy_rule *rules;
	size_t n;
};
void policy_free(struct policy *policy);

#define scoped_policy __attribute__((cleanup(policy_free))) struct policy

/* policy_parse - @what: the file.  Return: 0; -EINVAL, -EFBIG */
int policy_parse(const char *text, size_t size, const char *what,
		 struct policy *ret, struct error *err);

/*
 * policy_load - the file that counts
 * @path: NULL: ~/.config/containers/policy.json, or when there is none
 *        /etc/containers/policy.json, or when there is none either: no policy
 */
int policy_load(const char *path, struct policy *ret, struct error *err);

/*
 * policy_of_image - the rule for an image of a registry
 * @ref: in full, with a tag or a digest
 *
 * The most specific one: for the image, its repository, each namespace above
 * it, its registry, "*." and the domains above that, then the transport's, and
 * the file's.  Return: borrowed; NULL: there is no policy
 */
const struct policy_rule *policy_of_image(const struct policy *policy,
					  const struct reference *ref);

/*
 * policy_of_archive - the rule for a file
 * @transport: "docker-archive", "oci-archive", "tarball"
 * @path:      absolute; NULL: it has none, as a pipe
 */
const struct policy_rule *policy_of_archive(const struct policy *policy,
					    const char *transport,
					    const char *path);

/* policy_where - "scope docker.io of FILE", the caller's to free */
char *policy_where(const struct policy *policy, const struct policy_rule *rule);
