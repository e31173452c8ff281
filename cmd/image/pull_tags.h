/*
 * cmd/image/pull_tags.h - all images of a repository
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/client.h"
#include "storage/registry/config.h"

/*
 * pull_list_tags - a name in full for each tag of the repository
 * @full: one of name_resolve(), whose tag is passed over
 * @ret: appended to
 * Return: 0; -ENOENT no place has it, or it has no tags; -EPROTO a tag is
 * none; errors of client_list_tags()
 */
int pull_list_tags(const struct registries *registries,
		   const struct client_options *options, const char *full,
		   struct strv *ret, struct error *err);
