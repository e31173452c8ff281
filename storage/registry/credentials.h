/*
 * storage/registry/credentials.h - finding, keeping and forgetting them
 *
 * Files, the first that has something for the registry wins:
 *   $REGISTRY_AUTH_FILE alone, when it is set; else
 *   $XDG_RUNTIME_DIR/containers/auth.json         written by login
 *   $XDG_CONFIG_HOME/containers/auth.json         (~/.config)
 *   $DOCKER_CONFIG/config.json                    (~/.docker)
 * A file that is not there is passed over, one that is malformed is an error.
 * Source: containers-auth.json(5).
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/credential.h"

/*
 * credentials_find - what the user has for @repository in @registry
 * @helpers:    of registries.conf ("credential-helpers"); {0}: the files
 * @registry:   as it is named, "docker.io"; never its other names
 * @repository: NULL: the registry as a whole
 *
 * Return: 1 found; 0 none, so the request goes out without; -EINVAL a file is
 * malformed; errors of credential_helper_get().
 */
int credentials_find(const struct strv *helpers, const char *registry,
		     const char *repository, struct credential *ret,
		     struct error *err);

/*
 * credentials_store - keep @credential for @key, for login
 * @helpers: as of credentials_find(): the first of them gets it, or the files
 * @key: "docker.io", "localhost:5000", or with a path: "quay.io/me"
 * @ret_where: what has it now, for a message: a file or a helper's name;
 *             the caller's to free
 *
 * Into the first of the files above; through its helper when it names one for
 * the registry.  The file is replaced as a whole, and is 0600; all else in it
 * stays.  Who changes it at the same time waits.
 * Return: 0; -EINVAL the file is malformed, or a helper is to keep something
 * for a path, or what is not UTF-8.
 */
int credentials_store(const struct strv *helpers, const char *key,
		      const struct credential *credential, char **ret_where,
		      struct error *err);

/* credentials_erase - from all of @helpers, and the first of the files: the
 * others are not ours to write.  Return: 1 gone, 0 there was none */
int credentials_erase(const struct strv *helpers, const char *key,
		      char **ret_where, struct error *err);

/* credentials_keys - all that the first of the files keeps, or its helpers,
 * appended to @ret */
int credentials_keys(const struct strv *helpers, struct strv *ret,
		     struct error *err);
