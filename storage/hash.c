#include "storage/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"

enum { BUFFER = 256 * 1024 };

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

#define scoped_context __attribute__((cleanup(free_context))) EVP_MD_CTX

static int failed(struct error *err)
{
	return error_say(err, EIO, "OpenSSL cannot compute a digest");
}

static int begin(EVP_MD_CTX **ret, const char *algorithm, struct error *err)
{
	bool sha512 = text_starts_with(algorithm, "sha512");
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	*ret = context;
	if (!context ||
	    EVP_DigestInit_ex(context, sha512 ? EVP_sha512() : EVP_sha256(),
			      NULL) != 1)
		return failed(err);
	return 0;
}

static int finish(EVP_MD_CTX *context, char ret_digest[DIGEST_MAX],
		  struct error *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(context, bytes, &n) != 1)
		return failed(err);
	char *to = ret_digest;
	to += sprintf(to, "%s:", n == 64 ? "sha512" : "sha256");
	for (unsigned int i = 0; i < n; i++)
		to += sprintf(to, "%02x", bytes[i]);
	return 0;
}

int hash_stream(int from_fd, int to_fd, const char *algorithm, uint64_t max,
		char ret_digest[DIGEST_MAX], uint64_t *ret_size,
		struct error *err)
{
	scoped_context *context = NULL;
	scoped(char) *buffer = xcalloc(1, BUFFER);
	uint64_t size = 0;
	int r = begin(&context, algorithm, err);

	while (r == 0) {
		ssize_t n = read(from_fd, buffer, BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read");
		if (n == 0)
			break;
		size += (uint64_t)n;
		if (size > max)
			return error_say(err, EFBIG,
					 "it is longer than %llu bytes",
					 (unsigned long long)max);
		if (EVP_DigestUpdate(context, buffer, (size_t)n) != 1)
			return failed(err);
		if (to_fd >= 0)
			r = fd_write_all(to_fd, buffer, (size_t)n, err);
	}
	if (r == 0)
		r = finish(context, ret_digest, err);
	if (r == 0)
		*ret_size = size;
	return r;
}

int hash_text(const void *text, size_t size, char ret_digest[DIGEST_MAX],
	      struct error *err)
{
	scoped_context *context = NULL;
	int r = begin(&context, "sha256", err);

	if (r == 0 && EVP_DigestUpdate(context, text, size) != 1)
		r = failed(err);
	return r < 0 ? r : finish(context, ret_digest, err);
}

struct hash {
	EVP_MD_CTX *context;
};

int hash_begin(const char *algorithm, struct hash **ret, struct error *err)
{
	scoped_hash *hash = xcalloc(1, sizeof(*hash));
	int r = begin(&hash->context, algorithm, err);

	if (r == 0)
		*ret = take_ptr(hash);
	return r;
}

int hash_add(struct hash *hash, const void *data, size_t size,
	     struct error *err)
{
	if (EVP_DigestUpdate(hash->context, data, size) != 1)
		return failed(err);
	return 0;
}

int hash_end(struct hash *hash, char ret_digest[DIGEST_MAX], struct error *err)
{
	return finish(hash->context, ret_digest, err);
}

void hash_free(struct hash **hash)
{
	if (*hash)
		EVP_MD_CTX_free((*hash)->context);
	free(*hash);
	*hash = NULL;
}
