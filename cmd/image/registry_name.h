/*
 * cmd/image/registry_name.h - a registry, as one types it
 *
 * Pure.
 */
#pragma once

#include "base/error.h"
#include "storage/registry/config.h"
#include "storage/registry/place.h"

/*
 * registry_name_parse - HOST[:PORT][/NAMESPACE], and as docker(1) has it with
 * "https://" before it and anything behind the host
 * @text: NULL: where short names go: the first of the search list, docker.io
 * @ret:  with a repository in the namespace, so that its credentials are found;
 *        insecure as registries.conf says
 * @ret_key: what the credentials are kept under; the caller's to free
 * Return: 0; -EINVAL it is none; -EPERM it is blocked
 */
int registry_name_parse(const struct registries *registries, const char *text,
			struct places *ret, char **ret_key, struct error *err);
