/*
 * storage/trust/identity.h - is a signature for an image of this name?
 *
 * Pure.  Source: containers-policy.json(5), "signedIdentity".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "storage/reference.h"

enum identity_kind {
	/* the same tag; of an image by digest, the same repository */
	IDENTITY_DIGEST_OR_EXACT,
	IDENTITY_EXACT,
	IDENTITY_REPOSITORY,
	IDENTITY_GIVEN_REFERENCE,
	IDENTITY_GIVEN_REPOSITORY,
	IDENTITY_REMAPPED, /* another name for the image, then the first */
};

struct identity {
	enum identity_kind kind;
	char *name;          /* of the given ones */
	char *prefix, *with; /* of the remapped one */
};
void identity_free(struct identity *identity);

/* identity_parse - the member "signedIdentity"; Return: 0; -EINVAL */
int identity_parse(const json_t *object, struct identity *ret,
		   struct error *err);

/*
 * identity_accepts - Return: may what was signed for @signed_name be @image?
 * @signed_name: as the signature has it; "": it names nothing but a digest,
 *               which is enough for matchRepository alone
 */
bool identity_accepts(const struct identity *identity,
		      const struct reference *image, const char *signed_name);
