/* Signatures are made here, by keys of all kinds, and then spoilt. */
#include "storage/trust/signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/memory.h"
#include "storage/base64.h"
#include "tests/unit/images/suite.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define OTHER                                                                  \
	"sha256:"                                                              \
	"f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define SIMPLE(digest, name)                                                   \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"" name            \
	"\"},\"image\":{\"docker-manifest-digest\":\"" digest                  \
	"\"},\"type\":\"cosign container image signature\"},"                  \
	"\"optional\":null}"
#define STATEMENT(subjects)                                                    \
	"{\"_type\":\"https://in-toto.io/Statement/"                           \
	"v1\",\"subject\":[" subjects                                          \
	"],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\""          \
	",\"predicate\":{}}"
#define SUBJECT "{\"digest\":{\"sha256\":\"" HEX "\"}}"
#define IN_TOTO "application/vnd.in-toto+json"

static EVP_PKEY *make_key(const char *kind)
{
	if (!strcmp(kind, "P-256") || !strcmp(kind, "P-384"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	if (!strcmp(kind, "RSA-1024"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	if (!strcmp(kind, "RSA-2048"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

/* the public half, as the caller's PEM */
static char *pem_of(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, pkey), 1);
	char *text = xstrndup(data, (size_t)BIO_get_mem_data(bio, &data));
	BIO_free(bio);
	return text;
}

static struct public_key *public_half(EVP_PKEY *pkey)
{
	scoped(char) *pem = pem_of(pkey);
	struct public_key *key = NULL;
	struct error err;

	ck_assert_int_eq(public_key_parse(pem, strlen(pem), "k", &key, &err),
			 0);
	return key;
}

static char *base64(const void *data, size_t n)
{
	char *text = xcalloc(n / 3 * 4 + 8, 1);

	EVP_EncodeBlock((unsigned char *)text, data, (int)n);
	return text;
}

static char *sign(EVP_PKEY *pkey, const char *text)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[1024];
	size_t n = sizeof(bytes);
	const EVP_MD *hash =
		EVP_PKEY_is_a(pkey, "ED25519") ? NULL : EVP_sha256();

	ck_assert_int_eq(EVP_DigestSignInit(context, NULL, hash, NULL, pkey),
			 1);
	ck_assert_int_eq(EVP_DigestSign(context, bytes, &n,
					(const unsigned char *)text,
					strlen(text)),
			 1);
	EVP_MD_CTX_free(context);
	return base64(bytes, n);
}

static char *sign_statement(EVP_PKEY *pkey, const char *type, const char *body)
{
	scoped(char) *message = xasprintf("DSSEv1 %zu %s %zu %s", strlen(type),
					  type, strlen(body), body);
	return sign(pkey, message);
}

static char *bundle_of(const char *body, const char *type, const char *sig)
{
	scoped(char) *payload = base64(body, strlen(body));

	return xasprintf("{\"mediaType\":\"" MEDIA_BUNDLE "\","
			 "\"verificationMaterial\":{\"publicKey\":{\"hint\":"
			 "\"x\"}},\"dsseEnvelope\":{\"payload\":\"%s\","
			 "\"payloadType\":\"%s\",\"signatures\":[{\"sig\":"
			 "\"%s\"}]}}",
			 payload, type, sig);
}

static int verify_simple(EVP_PKEY *pkey, const char *payload, const char *sig,
			 struct claim *ret, struct error *err)
{
	scoped_public_key *key = public_half(pkey);
	scoped_signature signature = { 0 };
	int r = signature_from_simple(payload, strlen(payload), sig, &signature,
				      err);

	return r < 0 ? r : signature_verify(&signature, key, DIGEST, ret, err);
}

static int verify_bundle(EVP_PKEY *pkey, const char *text, struct claim *ret,
			 struct error *err)
{
	scoped_public_key *key = public_half(pkey);
	scoped_signature signature = { 0 };
	int r = signature_from_bundle(text, strlen(text), &signature, err);

	return r < 0 ? r : signature_verify(&signature, key, DIGEST, ret, err);
}

static const char *const kinds[] = { "P-256", "ED25519", "RSA-2048" };

START_TEST(both_forms_are_verified_with_each_kind_of_key)
{
	EVP_PKEY *pkey = make_key(kinds[_i]);
	scoped_claim one = { 0 }, two = { 0 };
	struct error err = { 0 };
	static const char simple[] = SIMPLE(DIGEST, "a.io/r");
	static const char statement[] = STATEMENT(SUBJECT);
	scoped(char) *sig = sign(pkey, simple);
	scoped(char) *dsse = sign_statement(pkey, IN_TOTO, statement);
	scoped(char) *bundle = bundle_of(statement, IN_TOTO, dsse);

	ck_assert_msg(verify_simple(pkey, simple, sig, &one, &err) == 0, "%s",
		      err.text);
	ck_assert_str_eq(one.digest, DIGEST);
	ck_assert_str_eq(one.name, "a.io/r");
	ck_assert_msg(verify_bundle(pkey, bundle, &two, &err) == 0, "%s",
		      err.text);
	ck_assert_str_eq(two.digest, DIGEST);
	ck_assert_str_eq(two.name, "");
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(other_keys_and_other_bytes_are_rejected)
{
	EVP_PKEY *pkey = make_key("P-256"), *other = make_key("P-256");
	scoped_claim claim = { 0 };
	struct error err;
	static const char simple[] = SIMPLE(DIGEST, "a.io/r");
	static const char changed[] = SIMPLE(OTHER, "a.io/r");
	static const char spaced[] = " " SIMPLE(DIGEST, "a.io/r");
	static const char statement[] = STATEMENT(SUBJECT);
	scoped(char) *sig = sign(pkey, simple);
	/* the same bytes without their pre-authentication encoding */
	scoped(char) *raw = sign(pkey, statement);
	scoped(char) *typed = sign_statement(pkey, "text/plain", statement);
	scoped(char) *bundle = bundle_of(statement, IN_TOTO, raw);
	scoped(char) *retyped = bundle_of(statement, IN_TOTO, typed);

	ck_assert_int_eq(verify_simple(other, simple, sig, &claim, &err),
			 -EKEYREJECTED);
	ck_assert_int_eq(verify_simple(pkey, changed, sig, &claim, &err),
			 -EKEYREJECTED);
	ck_assert_int_eq(verify_simple(pkey, spaced, sig, &claim, &err),
			 -EKEYREJECTED);
	ck_assert_int_eq(verify_simple(pkey, simple, "AAAA", &claim, &err),
			 -EKEYREJECTED);
	ck_assert_int_eq(verify_bundle(pkey, bundle, &claim, &err),
			 -EKEYREJECTED);
	ck_assert_int_eq(verify_bundle(pkey, retyped, &claim, &err),
			 -EKEYREJECTED);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}
END_TEST

/* clang-format off */
/* rightly signed, and still no signature of an image */
static const char *const payloads[] = {
	"",
	"[]",
	"{}",
	"{\"critical\":{}}",
	SIMPLE("sha256:x", "a.io/r"),
	SIMPLE("sha512:" HEX HEX, "a.io/r"),
	"{\"critical\":{\"identity\":{\"docker-reference\":\"a.io/r\"},"
	"\"image\":{\"docker-manifest-digest\":\"" DIGEST "\"},"
	"\"type\":\"atomic container signature\"},\"optional\":null}",
	"{\"critical\":{\"identity\":{\"docker-reference\":\"a.io/r\"},"
	"\"image\":{\"docker-manifest-digest\":\"" OTHER "\","
	"\"docker-manifest-digest\":\"" DIGEST "\"},"
	"\"type\":\"cosign container image signature\"},\"optional\":null}",
	"{\"critical\":{\"identity\":{\"docker-reference\":\"a.io/r\"},"
	"\"image\":{\"docker-manifest-digest\":\"" DIGEST "\"},"
	"\"type\":\"cosign container image signature\",\"more\":1}}",
	SIMPLE(DIGEST, "a.io/r") "x",
};

static const char *const statements[] = {
	"[]",
	"{}",
	STATEMENT(""),
	STATEMENT("5"),
	STATEMENT("{}"),
	STATEMENT("{\"digest\":{\"sha512\":\"" HEX HEX "\"}}"),
	STATEMENT("{\"digest\":{\"sha256\":\"" HEX "\",\"sha256\":\"\"}}"),
	STATEMENT("{\"digest\":{\"sha256\":5}}"),
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[" SUBJECT
	"],\"predicateType\":\"https://slsa.dev/provenance/v1\"}",
	"{\"_type\":\"https://in-toto.io/Statement/v2\",\"subject\":[" SUBJECT
	"],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\"}",
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":" SUBJECT
	",\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\"}",
};

/* @P: a payload, @S: its signature; the last one is right */
static const char *const bundles[] = {
	"", "[]", "{}",
	/* another version, none, several, junk */
	"{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json;version=0.1\","
	"\"verificationMaterial\":{\"publicKey\":{}},\"dsseEnvelope\":{"
	"\"payload\":\"@P\",\"payloadType\":\"" IN_TOTO "\","
	"\"signatures\":[{\"sig\":\"@S\"}]}}",
#define BUNDLE(material, envelope)                                             \
	"{\"mediaType\":\"" MEDIA_BUNDLE "\",\"verificationMaterial\":"        \
	material ",\"dsseEnvelope\":" envelope "}"
#define KEYED     "{\"publicKey\":{\"hint\":\"x\"}}"
#define ENVELOPE(type, signatures)                                             \
	"{\"payload\":\"@P\",\"payloadType\":\"" type                        \
	"\",\"signatures\":" signatures "}"
#define ONE "[{\"sig\":\"@S\"}]"
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"sig\":\"@S\"},"
					"{\"sig\":\"@S\"}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"keyid\":\"x\"}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"sig\":\"@S\",\"x\":1}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"sig\":\" @S\"}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"sig\":\"@S@S\"}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[{\"sig\":\"\"}]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "[5]")),
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, "{}")),
	BUNDLE(KEYED, ENVELOPE("text/plain", ONE)),
	BUNDLE(KEYED, "{\"payload\":\"@P!\",\"payloadType\":\"" IN_TOTO "\","
		      "\"signatures\":" ONE "}"),
	BUNDLE(KEYED, "{\"payload\":\"@P\",\"payloadType\":\"" IN_TOTO "\","
		      "\"signatures\":" ONE ",\"x\":1}"),
	BUNDLE("{}", ENVELOPE(IN_TOTO, ONE)),
	BUNDLE("{\"publicKey\":{},\"x\":1}", ENVELOPE(IN_TOTO, ONE)),
	BUNDLE("{\"publicKey\":{},\"publicKey\":{}}", ENVELOPE(IN_TOTO, ONE)),
	"{\"mediaType\":\"" MEDIA_BUNDLE "\",\"verificationMaterial\":" KEYED
	",\"messageSignature\":{\"signature\":\"@S\"}}",
	"{\"mediaType\":\"" MEDIA_BUNDLE "\",\"verificationMaterial\":" KEYED
	",\"dsseEnvelope\":" ENVELOPE(IN_TOTO, ONE) ",\"x\":1}",
	BUNDLE(KEYED, ENVELOPE(IN_TOTO, ONE)),
};
/* clang-format on */

START_TEST(a_right_signature_of_something_else_is_none)
{
	EVP_PKEY *pkey = make_key("ED25519");
	scoped_claim claim = { 0 };
	struct error err;
	scoped(char) *sig = sign(pkey, payloads[_i]);
	int r = verify_simple(pkey, payloads[_i], sig, &claim, &err);

	ck_assert_msg(r == -EINVAL, "%s: %d", payloads[_i], r);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(a_right_envelope_of_something_else_is_none)
{
	EVP_PKEY *pkey = make_key("ED25519");
	scoped_claim claim = { 0 };
	struct error err;
	scoped(char) *sig = sign_statement(pkey, IN_TOTO, statements[_i]);
	scoped(char) *bundle = bundle_of(statements[_i], IN_TOTO, sig);
	int r = verify_bundle(pkey, bundle, &claim, &err);

	ck_assert_msg(r == -EINVAL, "%s: %d", statements[_i], r);
	EVP_PKEY_free(pkey);
}
END_TEST

/* @P and @S in @format become the two texts; the caller's to free */
static char *fill(const char *format, const char *payload, const char *sig)
{
	char *text = xstrdup("");

	while (*format) {
		size_t n = strcspn(format, "@");
		const char *with = format[n] == '\0'      ? ""
				   : format[n + 1] == 'P' ? payload
							  : sig;
		char *longer =
			xasprintf("%s%.*s%s", text, (int)n, format, with);
		free(text);
		text = longer;
		format += format[n] ? n + 2 : n;
	}
	return text;
}

START_TEST(a_bundle_of_another_form_is_refused)
{
	EVP_PKEY *pkey = make_key("ED25519");
	scoped_claim claim = { 0 };
	struct error err;
	static const char statement[] = STATEMENT(SUBJECT);
	scoped(char) *sig = sign_statement(pkey, IN_TOTO, statement);
	scoped(char) *payload = base64(statement, strlen(statement));
	scoped(char) *bundle = fill(bundles[_i], payload, sig);
	int r = verify_bundle(pkey, bundle, &claim, &err);
	bool is_right = _i == (int)ARRAY_SIZE(bundles) - 1;

	ck_assert_msg(r == (is_right ? 0 : -EINVAL), "%s: %d", bundle, r);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(one_by_a_certificate_is_another_matter)
{
	struct signature signature = { 0 };
	struct error err;
	static const char text[] = BUNDLE("{\"certificate\":{\"rawBytes\":"
					  "\"AAAA\"}}",
					  "{}");

	ck_assert_int_eq(
		signature_from_bundle(text, strlen(text), &signature, &err),
		-ENOTSUP);
}
END_TEST

START_TEST(of_several_subjects_ours_is_found)
{
	EVP_PKEY *pkey = make_key("ED25519");
	scoped_claim claim = { 0 };
	struct error err;
	static const char statement[] =
		STATEMENT("{\"name\":\"x\",\"digest\":{\"sha256\":\"f12345678"
			  "9abcdef0123456789abcdef0123456789abcdef0123456789"
			  "abcdef\"}}," SUBJECT);
	scoped(char) *sig = sign_statement(pkey, IN_TOTO, statement);
	scoped(char) *bundle = bundle_of(statement, IN_TOTO, sig);

	ck_assert_int_eq(verify_bundle(pkey, bundle, &claim, &err), 0);
	ck_assert_str_eq(claim.digest, DIGEST);
	ck_assert_str_eq(claim.name, "");
	EVP_PKEY_free(pkey);
}
END_TEST

static const char *const weak[] = { "P-384", "RSA-1024", "X25519" };

START_TEST(keys_of_other_kinds_are_refused)
{
	EVP_PKEY *pkey = make_key(weak[_i]);
	scoped(char) *pem = pem_of(pkey);
	struct public_key *key = NULL;
	struct error err;

	ck_assert_int_eq(public_key_parse(pem, strlen(pem), "k", &key, &err),
			 -ENOTSUP);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(a_file_with_other_than_one_key_is_refused)
{
	EVP_PKEY *pkey = make_key("P-256");
	scoped(char) *pem = pem_of(pkey);
	scoped(char) *two = xasprintf("%s%s", pem, pem);
	scoped(char) *half = xstrndup(pem, 100);
	const char *texts[] = { two, half, "", "ssh-ed25519 AAAA" };
	struct public_key *key = NULL;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_int_eq(public_key_parse(texts[i], strlen(texts[i]),
						  "k", &key, &err),
				 -EINVAL);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(base64_is_strict)
{
	static const char *const bad[] = { "A",      "AA",   "AAA",     "AA=A",
					   "AAAA=",  "=AAA", "A===",    "AA A",
					   "AAAA\n", "AA-_", "AA==AAAA" };
	char *plain = NULL;
	size_t size = 9;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(base64_decode(bad[i], &plain, &size) == -EINVAL,
			      "%s", bad[i]);
	ck_assert_int_eq(base64_decode("eHl6", &plain, &size), 0);
	ck_assert_str_eq(plain, "xyz");
	ck_assert_uint_eq(size, 3);
	free(plain);
	ck_assert_int_eq(base64_decode("eA==", &plain, &size), 0);
	ck_assert_uint_eq(size, 1);
	free(plain);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("signature");

	/* making a key of RSA takes as long as it takes */
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests,
			    both_forms_are_verified_with_each_kind_of_key, 0,
			    ARRAY_SIZE(kinds));
	tcase_add_test(tests, other_keys_and_other_bytes_are_rejected);
	tcase_add_loop_test(tests, a_right_signature_of_something_else_is_none,
			    0, ARRAY_SIZE(payloads));
	tcase_add_loop_test(tests, a_right_envelope_of_something_else_is_none,
			    0, ARRAY_SIZE(statements));
	tcase_add_loop_test(tests, a_bundle_of_another_form_is_refused, 0,
			    ARRAY_SIZE(bundles));
	tcase_add_test(tests, one_by_a_certificate_is_another_matter);
	tcase_add_test(tests, of_several_subjects_ours_is_found);
	tcase_add_loop_test(tests, keys_of_other_kinds_are_refused, 0,
			    ARRAY_SIZE(weak));
	tcase_add_test(tests, a_file_with_other_than_one_key_is_refused);
	tcase_add_test(tests, base64_is_strict);
	return suite_run("signature", tests);
}
