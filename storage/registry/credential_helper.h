/*
 * storage/registry/credential_helper.h - programs that keep secrets
 *
 * "docker-credential-NAME get|store|erase", found in PATH and started without
 * a shell; what they are asked goes to their standard input, what they say is
 * read from their standard output.  Source: the protocol of
 * docker-credential-helpers, as docker-login(1) describes it.
 */
#pragma once

#include "base/error.h"
#include "storage/registry/credential.h"

/* long enough for somebody to unlock a keyring */
#define CREDENTIAL_HELPER_MS 120000

/*
 * @name:       checked by auth_file_find(): no slash in it
 * @key:        the registry, or the URL under which it was stored
 * @timeout_ms: then the program is killed: -ETIMEDOUT
 *
 * credential_helper_get - Return: 1 found; 0 it has none; -ENOENT there is no
 * such program; -EIO it failed; -EPROTO it says something else
 */
int credential_helper_get(const char *name, const char *key,
			  unsigned int timeout_ms, struct credential *ret,
			  struct error *err);
int credential_helper_store(const char *name, const char *key,
			    unsigned int timeout_ms,
			    const struct credential *credential,
			    struct error *err);
int credential_helper_erase(const char *name, const char *key,
			    unsigned int timeout_ms, struct error *err);
