/*
 * storage/trust/key.h - public keys that sign images
 *
 * What cosign(1) makes and imports: ECDSA on P-256 and RSA (PKCS #1 v1.5,
 * 2048 to 8192 bits), both with SHA-256, and Ed25519.  The kind of a key says
 * how it signs: a signature can't choose.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define KEY_FILE_MAX (64 << 10) /* bytes of a file with a key */

struct public_key;

/*
 * public_key_parse - one "PUBLIC KEY" in PEM, and nothing else that is PEM
 * @what: names it in messages
 * Return: 0; -EINVAL it is no public key; -ENOTSUP one of another kind
 */
int public_key_parse(const char *text, size_t size, const char *what,
		     struct public_key **ret, struct error *err);
void public_key_free(struct public_key **key);

#define scoped_public_key                                                      \
	__attribute__((cleanup(public_key_free))) struct public_key

/* public_key_checks - is @signature of @key, over exactly these bytes? */
bool public_key_checks(const struct public_key *key, const void *data,
		       size_t size, const void *signature,
		       size_t signature_size);
