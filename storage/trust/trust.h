/*
 * storage/trust/trust.h - is an image accepted?
 *
 * Theory of operation.  The policy has a rule for the name of the image, and a
 * rule has requirements.  When one of them is a signature, those that the
 * registry has of the image are fetched and checked with the keys of the
 * policy; the network is asked for nothing else, and nobody else is asked.
 *
 * A signature of an index is one of all the manifests in it, for it names
 * their digests; so one of the index or one of the manifest will do.  It is
 * checked before the first layer is fetched.
 */
#pragma once

#include "base/error.h"
#include "storage/registry/source.h"
#include "storage/trust/policy.h"

/*
 * trust_ask - what the policy says of a name, before anything is fetched
 * @name: in full; whatever mirror has it
 * Return: 1 it asks for signatures: trust_check(); 0 the image is accepted as
 * it is; -EPERM it is rejected; -ENOTSUP the policy asks for something that
 * is not checked here
 */
int trust_ask(const struct policy *policy, const char *name, struct error *err);

/*
 * trust_check - has the image of a source the signatures that are asked for?
 * @source:  of source_find(), with its documents
 * @ret_who: whose they are: "KEY, KEY", the caller's to free; NULL: none were
 *           asked for
 *
 * Return: 0; -EKEYREJECTED it has not; errors of trust_ask(); -ECANCELED;
 * what else keeps a key from being read
 */
int trust_check(const struct policy *policy, const char *name,
		const struct source *source, char **ret_who, struct error *err);

/*
 * trust_check_archive - the same for a file, which has no signatures
 * @transport, @path: of policy_of_archive()
 */
int trust_check_archive(const struct policy *policy, const char *transport,
			const char *path, struct error *err);
