/*
 * cmd/image/image_verbs.h - the verbs of wolffia-image: those that read or
 * write archives
 *
 * "wolffia VERB" runs "wolffia-image VERB" for them: so the launcher of
 * containers does not load libarchive and OpenSSL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "cmd/option_table.h"
#include "core/events.h"
#include "storage/manifest.h"
#include "storage/stage.h"
#include "storage/store.h"
#include "userns/outer.h"

/* Each takes argv from its verb on and returns the exit status. */
int verb_check(int argc, char *const argv[]);
int verb_commit(int argc, char *const argv[]);
int verb_cp(int argc, char *const argv[]);
int verb_diff(int argc, char *const argv[]);
int verb_export(int argc, char *const argv[]);
int verb_import(int argc, char *const argv[]);
int verb_load(int argc, char *const argv[]);
int verb_login(int argc, char *const argv[]);
int verb_logout(int argc, char *const argv[]);
int verb_pull(int argc, char *const argv[]);
int verb_push(int argc, char *const argv[]);
int verb_prune_images(int argc, char *const argv[]); /* prune calls it */
int verb_rmi(int argc, char *const argv[]);
int verb_save(int argc, char *const argv[]);
int verb_sweep(int argc, char *const argv[]); /* images calls it */
int verb_tag(int argc, char *const argv[]);
int verb_unpack(int argc, char *const argv[]);
int verb_untag(int argc, char *const argv[]);

/* What every verb has. */
struct image_options {
	const char *store; /* --store */
	enum flag quiet;
	enum flag help;
};

/*
 * image_parse - options and arguments, in any order; "--" ends the options
 * @usage: the line for --help
 * Return: 0 with the arguments in @ret_arguments; 1 when help was printed;
 * -errno after the error was printed
 */
int image_parse(const struct option_entry *table, const char *usage, int argc,
		char *const argv[], void *options,
		const struct image_options *common, struct strv *ret_arguments);

/* image_parse_with - the same, of options whose --help is at @help */
int image_parse_with(const struct option_entry *table, const char *usage,
		     int argc, char *const argv[], void *options,
		     const enum flag *help, struct strv *ret_arguments);

/* Work on the store of a user: opened, swept, and with that user's ids. */
struct image_work {
	struct store store;
	struct outer_ids outer;
	struct stage_ids ids;
	struct stage stage;
};

/*
 * image_begin - open the store, find the ids, remove what killed ones left
 * @single: unpack for one id, whatever was granted
 * Says in a line what it does without.  Return: 0, -errno
 */
int image_begin(struct image_work *work, const struct image_options *options,
		bool single, struct error *err);

/* image_begin_unswept - but leave what killed ones left; image_sweep() */
int image_begin_unswept(struct image_work *work,
			const struct image_options *options, bool single,
			struct error *err);
int image_sweep(struct image_work *work); /* says what fails; Return: 0 */

/* image_stage - and begin work that changes it */
int image_stage(struct image_work *work, struct error *err);

/* image_end - finish it; Return: 0, -errno from cleaning up */
int image_end(struct image_work *work, struct error *err);

/*
 * image_accept_archive - does the policy accept a file?
 * @transport: of policy_of_archive()
 * @fd:        it, as image_open() opened it
 * @path:      as it was typed; "-": standard input
 */
int image_accept_archive(const char *transport, int fd, const char *path,
			 struct error *err);

/* image_events - for "wolffia events": @action was done to each of @images */
void image_events(const struct store *store, const char *action,
		  const struct image_index *images);

/* image_open_store - open a file of the store for reading */
int image_open_store(const struct store *store, const char *path,
		     struct error *err);

/* image_open - "-" is standard input.  Return: a descriptor, -errno */
int image_open(const char *path, struct error *err);
