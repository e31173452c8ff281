/*
 * storage/trust/signature.h - signatures of images, in the forms of sigstore
 *
 * Pure, fuzzed.  Two forms:
 *
 *   simple   the layer "application/vnd.dev.cosign.simplesigning.v1+json" of
 *            the tag sha256-<hex>.sig is signed as it is, and the signature is
 *            an annotation of the layer
 *   bundle   "application/vnd.dev.sigstore.bundle.v0.3+json": a DSSE envelope
 *            around an in-toto statement; the signature is over its
 *            pre-authentication encoding
 *
 * What is signed is parsed only when the signature is right, and from the very
 * bytes that it was right of.  What a signature says of itself (hints,
 * certificates, times) is not believed and not needed: the policy has the key.
 *
 * Sources: cosign's SIGNATURE_SPEC and BUNDLE_SPEC; sigstore_bundle.proto;
 * DSSE, protocol.md; in-toto attestation, statement.md.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "storage/digest.h"
#include "storage/trust/key.h"

#define MEDIA_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define MEDIA_BUNDLE         "application/vnd.dev.sigstore.bundle.v0.3+json"

#define SIMPLE_SIGNING_MAX   (64 << 10) /* bytes */
#define BUNDLE_MAX           (1 << 20)

struct signature {
	enum { SIGNATURE_SIMPLE, SIGNATURE_BUNDLE } form;
	char *message; /* all that is signed */
	size_t size;
	size_t payload; /* where in it what it says begins; it ends with it */
	char *bytes;    /* the signature */
	size_t n;
};
void signature_free(struct signature *signature);

#define scoped_signature                                                       \
	__attribute__((cleanup(signature_free))) struct signature

/*
 * signature_from_simple - @base64: the annotation
 * Return: 0; -EINVAL; -EFBIG
 */
int signature_from_simple(const char *payload, size_t size, const char *base64,
			  struct signature *ret, struct error *err);

/*
 * signature_from_bundle - a bundle of exactly one signature by a key
 * Return: 0; -EINVAL; -EFBIG; -ENOTSUP it has a certificate, no key
 */
int signature_from_bundle(const char *text, size_t size, struct signature *ret,
			  struct error *err);

/* What a signature says. */
struct claim {
	char digest[DIGEST_MAX]; /* of a manifest or an index; sha256 */
	char *name;              /* "": it names none */
};
void claim_free(struct claim *claim);

#define scoped_claim __attribute__((cleanup(claim_free))) struct claim

/*
 * signature_verify - is it by @key, and what does it say?
 * @digest: of several subjects this one is returned, if it is there
 * Return: 0; -EKEYREJECTED it is not by this key; -EINVAL it is, and is no
 * signature of an image
 */
int signature_verify(const struct signature *signature,
		     const struct public_key *key, const char *digest,
		     struct claim *ret, struct error *err);
