/*
 * storage/hash.h - digests of bytes, through OpenSSL's EVP
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/digest.h"

/*
 * hash_stream - the digest of all that @from_fd has from here to its end
 * @to_fd:     a copy is written there; -1: none
 * @algorithm: "sha256" or "sha512", or a digest that begins so
 * @max:       more bytes than that are -EFBIG
 */
int hash_stream(int from_fd, int to_fd, const char *algorithm, uint64_t max,
		char ret_digest[DIGEST_MAX], uint64_t *ret_size,
		struct error *err);

/* hash_text - the sha256 digest of @size bytes */
int hash_text(const void *text, size_t size, char ret_digest[DIGEST_MAX],
	      struct error *err);

/*
 * A digest that is computed piece by piece: begin, add what comes, end.
 * @algorithm: as for hash_stream()
 */
struct hash;
int hash_begin(const char *algorithm, struct hash **ret, struct error *err);
int hash_add(struct hash *hash, const void *data, size_t size,
	     struct error *err);

/* hash_end - the digest of all that was added; afterwards only hash_free() */
int hash_end(struct hash *hash, char ret_digest[DIGEST_MAX], struct error *err);
void hash_free(struct hash **hash);

#define scoped_hash __attribute__((cleanup(hash_free))) struct hash
