#include "storage/trust/key.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/memory.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192 };

struct public_key {
	EVP_PKEY *pkey;
	const EVP_MD *hash; /* NULL: the kind of key has its own */
};

void public_key_free(struct public_key **key)
{
	if (*key)
		EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[64];
	size_t n;

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME,
					      group, sizeof(group), &n) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

static bool is_good_rsa(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	return EVP_PKEY_is_a(pkey, "RSA") && bits >= RSA_BITS_MIN &&
	       bits <= RSA_BITS_MAX;
}

/* Return: is there a second PEM block behind the first? */
static bool has_more(BIO *bio)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long size;
	bool more = PEM_read_bio(bio, &name, &header, &data, &size) == 1;

	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return more;
}

static EVP_PKEY *read_one(const char *text, size_t size)
{
	BIO *bio = size > INT_MAX ? NULL : BIO_new_mem_buf(text, (int)size);
	EVP_PKEY *pkey =
		bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	if (pkey && has_more(bio)) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	BIO_free(bio);
	ERR_clear_error();
	return pkey;
}

int public_key_parse(const char *text, size_t size, const char *what,
		     struct public_key **ret, struct error *err)
{
	scoped_public_key *key = xcalloc(1, sizeof(*key));

	key->pkey = read_one(text, size);
	if (!key->pkey) {
		error_say(err, EINVAL, "%s is not one public key in PEM", what);
		return error_hint(err, "it begins with "
				       "\"-----BEGIN PUBLIC KEY-----\": "
				       "\"cosign public-key\" writes it");
	}
	if (is_p256(key->pkey) || is_good_rsa(key->pkey))
		key->hash = EVP_sha256();
	else if (!EVP_PKEY_is_a(key->pkey, "ED25519"))
		return error_say(err, ENOTSUP,
				 "%s is neither ECDSA on P-256, nor Ed25519, "
				 "nor RSA of %d to %d bits",
				 what, RSA_BITS_MIN, RSA_BITS_MAX);
	*ret = take_ptr(key);
	return 0;
}

bool public_key_checks(const struct public_key *key, const void *data,
		       size_t size, const void *signature,
		       size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool right = context &&
		     EVP_DigestVerifyInit(context, NULL, key->hash, NULL,
					  key->pkey) == 1 &&
		     EVP_DigestVerify(context, signature, signature_size, data,
				      size) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return right;
}
