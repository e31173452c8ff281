/*
 * cmd/options.h - the command line of "wolffia run", exactly as it was typed
 *
 * Shared by run, explain run, and create.  Nothing is interpreted here: that
 * is spec_from_options(), once.  Strings are borrowed from argv; the lists own
 * theirs.  NULL and FLAG_UNSET mean that the option was not given.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/strv.h"
#include "cmd/option_table.h"

/* Given before the verb or behind it: "wolffia --debug run", "run --debug". */
struct global_options {
	enum flag help;
	enum flag version;
	enum flag debug;
	const char *log_level;
	const char *store;
	struct strv imagestores;
};

struct options {
	struct global_options global;
	bool create; /* the verb is "create": nobody waits for it, ever */
	enum flag help;

	/* what it runs */
	const char *image;    /* the first positional; NULL with --rootfs */
	char *const *command; /* what follows, up to a NULL; never NULL */
	const char *entrypoint;
	struct strv env;
	struct strv env_files;
	const char *workdir;
	const char *user;
	struct strv group_add;
	enum flag init;
	enum flag pid1;
	const char *stop_signal;
	const char *timeout;

	/* how it is attached, named and told apart */
	enum flag interactive;
	enum flag tty;
	enum flag detach;
	enum flag remove;
	const char *restart;
	const char *stop_timeout;
	const char *cidfile;
	const char *pidfile;
	const char *log_driver;
	struct strv log_opts;
	const char *detach_keys;
	enum flag die_with_parent;
	enum flag keep;
	enum flag quiet;
	const char *status_fd;
	const char *name;
	const char *hostname;
	struct strv labels;
	struct strv label_files;

	/* its root and its files */
	const char *rootfs;
	const char *pull;
	const char *platform;
	const char *driver;
	enum flag read_only;
	struct strv volumes;
	struct strv mounts;
	struct strv tmpfs;
	const char *shm_size;

	/* what it may do */
	const char *profile;
	enum flag i_know;
	const char *userns;
	const char *network;
	struct strv cap_add;
	struct strv cap_drop;
	struct strv security_opts;
	const char *pids_limit;
	struct strv ulimits;
	enum flag strict;
};

/* The values that are offered; the order is that of the enums in the .c. */
#define CHOICES_USERNS     "auto|nomap|as-me|keep-id|single"
#define CHOICES_DRIVER     "auto|fuse-overlayfs|overlay"
#define CHOICES_NETWORK    "none|host"
#define CHOICES_PULL       "always|missing|never"
#define CHOICES_PROFILE    "default|setuid|nested|debug|none"
#define CHOICES_RESTART    "no|on-failure|always|unless-stopped"
#define CHOICES_LOG_DRIVER "k8s-file|json-file|local|none"
#define CHOICES_LOG_LEVEL  "error|warning|info|debug"

/* The tables, for completions and for the check of the man page. */
extern const struct option_entry options_table[];
extern const struct option_entry global_options_table[];

/*
 * options_parse - read the arguments behind the verb "run"
 * @argv: argv[0] is the verb; has to outlive @ret
 * @ret:  zeroed by the caller; .global may hold what stood before the verb,
 *        .create that it is that verb
 *
 * With ret->help nothing else was asked for.
 * Return: 0; -EINVAL, -EOPNOTSUPP as option_table_parse().  options_free()
 * afterwards, in any case.
 */
int options_parse(int argc, char *const argv[], struct options *ret,
		  struct error *err);
void options_free(struct options *options);

/*
 * global_options_parse - read the arguments before the verb
 * Return: the index of the verb in @argv, @argc if there is none; or an error.
 */
int global_options_parse(int argc, char *const argv[],
			 struct global_options *ret, struct error *err);

/*
 * options_want_image - is .image to be found in the store?
 * Not for @host, not with --rootfs, and not when nothing was named.
 */
bool options_want_image(const struct options *options);

/* Usage, the options by group, and where to read more: 80 columns. */
void options_print_help(FILE *to);
