/*
 * storage/registry/referrers.h - what was attached to an image: signatures,
 * lists of contents, attestations
 *
 * Source: distribution-spec 1.1, "Listing Referrers", and its fall-back: a tag
 * "sha256-<hex>" that is an index.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/registry/client.h"

#define REFERRERS_MAX 1000

struct referrer {
	char *media_type;
	char *artifact_type; /* "": not said */
	char *digest;        /* valid by digest_check() */
	uint64_t size;
};

struct referrers {
	struct referrer *v;
	size_t n;
	const char *wanted; /* of the call that fills it */
};
void referrers_free(struct referrers *list);

/*
 * client_list_referrers - manifests whose subject is @digest
 * @artifact_type: only these; NULL: all.  Checked here: servers may not.
 *
 * They are descriptors from a server: whether a manifest does have this
 * subject is to be looked at when it is fetched.
 * Return: 0, also when there are none; -EFBIG more than REFERRERS_MAX
 */
int client_list_referrers(struct client *client, const char *digest,
			  const char *artifact_type, struct referrers *ret,
			  struct error *err);
