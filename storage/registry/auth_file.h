/*
 * storage/registry/auth_file.h - auth.json and ~/.docker/config.json, as text
 *
 * Pure, fuzzed.  Source: containers-auth.json(5); docker-login(1),
 * "Credential stores".
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/credential.h"

#define AUTH_FILE_MAX (1 << 20) /* bytes */

/* Who knows: the file itself, or a program "docker-credential-<helper>". */
struct auth_entry {
	struct credential credential;
	char *helper; /* NULL: the file; [A-Za-z0-9._-]+ */
	char *key;    /* what the helper is to be asked for */
};
void auth_entry_free(struct auth_entry *entry);

#define scoped_auth_entry                                                      \
	__attribute__((cleanup(auth_entry_free))) struct auth_entry

/*
 * auth_file_find - what a file says about @repository in @registry
 * @what:       names the file in messages
 * @registry:   "docker.io", "localhost:5000": only this very host and port
 * @repository: NULL: the registry itself
 *
 * In this order: a helper for the registry ("credHelpers"); "auths" for the
 * repository, then each namespace above it, then the registry, then the
 * registry written as a URL; a helper for all ("credsStore").
 * Return: 1 found; 0 not; -EINVAL the file is malformed.
 */
int auth_file_find(const char *text, size_t size, const char *what,
		   const char *registry, const char *repository,
		   struct auth_entry *ret, struct error *err);

/*
 * auth_file_helper - the helper that keeps the secrets of @registry
 * Return: 1 with ret->helper and ret->key set; 0 the file itself does
 */
int auth_file_helper(const char *text, size_t size, const char *what,
		     const char *registry, struct auth_entry *ret,
		     struct error *err);

/* auth_file_keys - all that "auths" and "credHelpers" have credentials of,
 * appended to @ret; Return: 0, -EINVAL */
int auth_file_keys(const char *text, size_t size, const char *what,
		   struct strv *ret, struct error *err);

/*
 * auth_file_set - @text with another credential for @key in "auths"
 * @key:        a registry, or a registry with a path
 * @credential: NULL: the entries of @key go, also those written as a URL;
 *              an empty one: there is an entry, a helper has the secret
 * @ret:        the caller's to wipe and free
 * Return: 1 something changed, 0 nothing did; -EINVAL
 */
int auth_file_set(const char *text, size_t size, const char *what,
		  const char *key, const struct credential *credential,
		  char **ret, struct error *err);
