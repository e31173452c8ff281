/*
 * storage/registry/name.h - from what was typed to the images it may mean
 *
 * Pure.  A short name ("debian", "user/image") is looked for in this order:
 * the aliases of registries.conf, then its unqualified-search-registries,
 * then docker.io.  Source: containers-registries.conf(5), "Short-Name
 * Aliasing"; the last as docker(1) has it.
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/config.h"

/*
 * name_resolve - the names in full that @typed may mean
 * @ret: each has a registry and a tag or digest: "docker.io/library/debian:12";
 *       in the order in which to try them, at least one.  To be shown before
 *       the first byte is fetched.
 *
 * Return: 0; -EINVAL it is no name; -ENOTUNIQ several registries are searched,
 * and short-name-mode is "enforcing": nobody is asked which.
 */
int name_resolve(const struct registries *registries, const char *typed,
		 struct strv *ret, struct error *err);

/*
 * name_candidates - the same for what is in the store already: all of the
 * search list, whatever short-name-mode says
 */
int name_candidates(const struct registries *registries, const char *typed,
		    struct strv *ret, struct error *err);
