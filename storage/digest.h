/*
 * storage/digest.h - digests as text: "sha256:<64 hex>", "sha512:<128 hex>"
 *
 * Pure.  A digest becomes part of a path only after digest_check(): nothing
 * that passes it has a slash, a dot, or an upper-case letter.
 * Source: image-spec 1.1, descriptor.md "Registered algorithms".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define DIGEST_MAX 136 /* bytes of the longest one with its NUL */

bool digest_is_valid(const char *text);

/* digest_check - Return: 0; -EINVAL with the digest quoted and what is wrong */
int digest_check(const char *text, struct error *err);

/* digest_hex - the digits of a valid digest; borrowed from @digest */
const char *digest_hex(const char *digest);

/* digest_blob_path - "blobs/sha256/<hex>", the caller's to free */
char *digest_blob_path(const char *digest);

/*
 * digest_prefix - does @text look like the beginning of a digest?
 * Either "sha256:" and 4 or more digits, or 4 to 64 digits alone.
 * Return: the digits, borrowed from @text, or NULL.
 */
const char *digest_prefix(const char *text);

/* digest_has_prefix - do the digits of @digest begin with @hex? */
bool digest_has_prefix(const char *digest, const char *hex);
