/* Bundles, payloads and the manifests that hold them; none is by our key. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "storage/trust/attachment.h"
#include "storage/trust/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* of a key that was thrown away */
static const char pem[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELb3a4zwiPeeTHXxSOe5D8m6ch//S\n"
	"cCXvr5bJrFc1kMgC1xVWxUJJOBOUAUBiNMC7UIH+cd5wVU2eCaOpKtXLzw==\n"
	"-----END PUBLIC KEY-----\n";

static void verify(const struct signature *signature)
{
	scoped_public_key *key = NULL;
	scoped_claim claim = { 0 };
	struct error err;

	if (public_key_parse(pem, strlen(pem), "x", &key, &err) < 0 ||
	    signature_verify(signature, key, "sha256:0", &claim, &err) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	scoped_signature bundle = { 0 }, simple = { 0 };
	scoped_attachment attachment = { 0 };
	struct error err;

	if (signature_from_bundle(text, size, &bundle, &err) == 0)
		verify(&bundle);
	if (signature_from_simple(text, size, "AAAA", &simple, &err) == 0)
		verify(&simple);
	attachment_parse(text, size, &attachment, &err);
	return 0;
}
