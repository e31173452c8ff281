/*
 * storage/trust/attached.h - the signatures that a registry has of an image
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/client.h"
#include "storage/trust/attachment.h"
#include "storage/trust/signature.h"

struct signatures {
	struct signature *v;
	size_t n;           /* ATTACHED_MAX at most */
	struct strv passed; /* why one was passed over that could not be read */
};
void signatures_free(struct signatures *signatures);

#define scoped_signatures                                                      \
	__attribute__((cleanup(signatures_free))) struct signatures

/*
 * attached_simple - append those below the tag sha256-<hex>.sig
 * attached_bundles - append those that refer to @digest
 * @digest: of a manifest or an index
 *
 * Return: 0, also when there are none; -EOVERFLOW too many; errors of the
 * client
 */
int attached_simple(struct client *client, const char *digest,
		    struct signatures *to, struct error *err);
int attached_bundles(struct client *client, const char *digest,
		     struct signatures *to, struct error *err);
