#include "storage/trust/signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "storage/base64.h"
#include "storage/registry/document.h"
#include "storage/trust/members.h"

#define PAYLOAD_TYPE "application/vnd.in-toto+json"

void signature_free(struct signature *signature)
{
	free(signature->message);
	free(signature->bytes);
	*signature = (struct signature){ 0 };
}

static int decode(const char *base64, const char *what, char **ret, size_t *n,
		  struct error *err)
{
	if (base64_decode(base64, ret, n) < 0 || *n == 0)
		return error_say(err, EINVAL, "%s is not base64", what);
	return 0;
}

int signature_from_simple(const char *payload, size_t size, const char *base64,
			  struct signature *ret, struct error *err)
{
	struct signature s = { .form = SIGNATURE_SIMPLE, .size = size };

	if (size > SIMPLE_SIGNING_MAX || strlen(base64) > SIMPLE_SIGNING_MAX)
		return error_say(err, EFBIG, "a signature of more than %d KiB",
				 SIMPLE_SIGNING_MAX >> 10);
	int r = decode(base64, "the signature", &s.bytes, &s.n, err);
	if (r < 0)
		return r;
	s.message = xcalloc(size + 1, 1);
	memcpy(s.message, payload, size);
	*ret = s;
	return 0;
}

/* a member that has to be there */
static int get_text(const json_t *object, const char *key, const char **ret,
		    struct error *err)
{
	int r = json_get_string(object, key, ret, err);

	return r == 0 ? error_say(err, EINVAL, "it has no \"%s\"", key)
		      : (r < 0 ? r : 0);
}

static int get_object(const json_t *object, const char *key, json_t **ret,
		      struct error *err)
{
	int r = json_get_object(object, key, ret, err);

	return r == 0 ? error_say(err, EINVAL, "it has no \"%s\"", key)
		      : (r < 0 ? r : 0);
}

/* "DSSEv1 <size> <type> <size> <body>" */
static void encode_message(const char *body, size_t size, struct signature *to)
{
	scoped(char) *head = xasprintf(
		"DSSEv1 %zu %s %zu ", strlen(PAYLOAD_TYPE), PAYLOAD_TYPE, size);

	to->payload = strlen(head);
	to->size = to->payload + size;
	to->message = xcalloc(to->size + 1, 1);
	memcpy(to->message, head, to->payload);
	memcpy(to->message + to->payload, body, size);
}

/* the only one: of several, which would be the one that counts? */
static int get_only_signature(const json_t *envelope, const char **ret,
			      struct error *err)
{
	static const char *const names[] = { "sig", "keyid" };
	json_t *list = NULL;
	int r = json_get_array(envelope, "signatures", &list, err);

	if (r < 0)
		return r;
	if (json_array_size(list) != 1)
		return error_say(err, EINVAL, "it has %zu signatures, not one",
				 json_array_size(list));
	const json_t *only = json_array_get(list, 0);
	if (!json_is_object(only))
		return error_say(err, EINVAL, "its signature is no object");
	r = members_only(only, "its signature", names, ARRAY_SIZE(names), err);
	return r < 0 ? r : get_text(only, "sig", ret, err);
}

static int parse_envelope(const json_t *envelope, struct signature *to,
			  struct error *err)
{
	static const char *const names[] = { "payload", "payloadType",
					     "signatures" };
	const char *payload, *type, *sig;
	scoped(char) *body = NULL;
	size_t size;
	int r = members_only(envelope, "dsseEnvelope", names, ARRAY_SIZE(names),
			     err);

	if (r == 0)
		r = get_text(envelope, "payloadType", &type, err);
	if (r == 0 && strcmp(type, PAYLOAD_TYPE) != 0)
		r = error_say(err, EINVAL, "it signs a %.100s", type);
	if (r == 0)
		r = get_text(envelope, "payload", &payload, err);
	if (r == 0)
		r = decode(payload, "the payload", &body, &size, err);
	if (r == 0)
		r = get_only_signature(envelope, &sig, err);
	if (r == 0)
		r = decode(sig, "the signature", &to->bytes, &to->n, err);
	if (r == 0)
		encode_message(body, size, to);
	return r;
}

/* a key's signature says so; its hint is of no use, the policy has the key */
static int check_material(const json_t *material, struct error *err)
{
	static const char *const names[] = { "publicKey", "tlogEntries",
					     "timestampVerificationData" };
	json_t *key;

	if (json_object_get(material, "certificate") ||
	    json_object_get(material, "x509CertificateChain"))
		return error_say(err, ENOTSUP,
				 "it is by a certificate, not by a key");
	int r = members_only(material, "verificationMaterial", names,
			     ARRAY_SIZE(names), err);
	return r < 0 ? r : get_object(material, "publicKey", &key, err);
}

static int parse_bundle(const json_t *top, struct signature *to,
			struct error *err)
{
	static const char *const names[] = { "mediaType",
					     "verificationMaterial",
					     "dsseEnvelope" };
	json_t *material, *envelope;
	const char *type;

	if (!json_is_object(top))
		return error_say(err, EINVAL, "it is no object");
	int r = members_only(top, "it", names, ARRAY_SIZE(names), err);
	if (r == 0)
		r = get_text(top, "mediaType", &type, err);
	if (r == 0 && strcmp(type, MEDIA_BUNDLE) != 0)
		r = error_say(err, EINVAL, "it is a %.100s", type);
	if (r == 0)
		r = get_object(top, "verificationMaterial", &material, err);
	if (r == 0)
		r = check_material(material, err);
	if (r == 0)
		r = get_object(top, "dsseEnvelope", &envelope, err);
	return r < 0 ? r : parse_envelope(envelope, to, err);
}

int signature_from_bundle(const char *text, size_t size, struct signature *ret,
			  struct error *err)
{
	scoped_signature signature = { .form = SIGNATURE_BUNDLE };
	scoped_json *top = NULL;

	if (size > BUNDLE_MAX)
		return error_say(err, EFBIG, "a bundle of more than %d KiB",
				 BUNDLE_MAX >> 10);
	int r = document_parse(text, size, "it", &top, err);
	if (r == 0)
		r = parse_bundle(top, &signature, err);
	if (r < 0)
		return r;
	*ret = signature;
	signature = (struct signature){ 0 };
	return 0;
}
