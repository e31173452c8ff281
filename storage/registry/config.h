/*
 * storage/registry/config.h - registries.conf: what the administrator and the
 * user say about registries
 *
 * Version 2 of containers-registries.conf(5).  A key that is not known is an
 * error, for it could have been a rule; the keys that concern only other
 * tools are in a table in config.c.  Parsing is pure and fuzzed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strv.h"

enum mirror_for {
	MIRROR_FOR_ALL,
	MIRROR_FOR_DIGESTS,
	MIRROR_FOR_TAGS,
};

struct mirror {
	char *location; /* "HOST[:PORT][/PATH]" */
	bool insecure;  /* plain http may be spoken */
	enum mirror_for for_what;
};

struct registry_entry {
	char *prefix;   /* "HOST[:PORT][/PATH[:TAG|@DIGEST]]", "*.HOST" */
	char *location; /* what takes its place; NULL: the same */
	bool insecure, blocked;
	struct mirror *mirrors;
	size_t n_mirrors;
};

struct alias {
	char *name, *value; /* "debian", "docker.io/library/debian" */
};

enum short_name_mode {
	SHORT_NAMES_PERMISSIVE, /* all of .search in their order */
	SHORT_NAMES_ENFORCING,  /* several of them are an error */
	SHORT_NAMES_DISABLED,   /* as permissive: nobody is asked here */
};

struct registries {
	struct registry_entry *entries;
	size_t n_entries;
	struct alias *aliases;
	size_t n_aliases;
	struct strv search;  /* unqualified-search-registries */
	struct strv helpers; /* credential-helpers; empty: auth files only */
	enum short_name_mode short_names;
};

/*
 * registries_add - read one document into @to, over what is there already
 * @what: the file, for messages
 *
 * As containers-registries.conf.d(5) has it: a [[registry]] of the same
 * prefix is replaced, an alias too (and erased by an empty value), and a
 * global key that is given wins.  On failure @to is as before.
 * Return: 0; -EINVAL with the file and the key; -ENOTSUP it is version 1.
 */
int registries_add(struct registries *to, const char *text, size_t size,
		   const char *what, struct error *err);

/*
 * registries_load - all files of this user and this machine
 *
 * ~/.config/containers/registries.conf and registries.conf.d/ below it; when
 * the first is not there /etc/containers/registries.conf (or, without it,
 * that of /usr/share), the .conf.d/ of /etc and then the user's.  Last the
 * aliases that others recorded, ~/.cache/containers/short-name-aliases.conf.
 * No file at all is fine.  Return: 0, or an error that names the file.
 */
int registries_load(struct registries *ret, struct error *err);
void registries_free(struct registries *registries);

/* registries_alias - what the short name @name stands for, borrowed, or NULL */
const char *registries_alias(const struct registries *registries,
			     const char *name);

#define scoped_registries                                                      \
	__attribute__((cleanup(registries_free))) struct registries
