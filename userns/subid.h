/*
 * userns/subid.h - the subordinate ids that a user was granted
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "userns/idmap.h"

#define SUBID_RANGES_MAX 32

enum subid_kind {
	SUBID_UIDS,
	SUBID_GIDS,
};

/*
 * subid_find - the ranges granted to @user
 * @user: login name as in passwd(5)
 * @uid:  its number: subuid(5) may name either
 * @ret:  filled from the start in the order of the file; SUBID_RANGES_MAX long
 *
 * Where nsswitch.conf(5) has a "subid:" line that names more than "files",
 * libsubid is asked (subid_get_uid_ranges(), shadow >= 4.9).  Else the file is
 * read here, as libsubid would: it brings eight more libraries, which every
 * start would load.
 *
 * Ranges below 1000, where root and the services are (-EPERM), and those
 * that overlap another user's, that hold the caller's own id, or that
 * are not all below 2^32-1 are refused (R30).
 *
 * Return: the number of ranges; -ENOENT none; -EEXIST an overlap (the message
 * names both); -EINVAL a malformed line; -E2BIG; -EIO libsubid failed.
 */
int subid_find(enum subid_kind kind, const char *user, uid_t uid,
	       struct idrange *ret, struct error *err);

/*
 * subid_ask_library - what libsubid, which newuidmap uses too, answers
 * Return: as subid_find(), without the overlaps; -EIO it is not installed.
 */
int subid_ask_library(enum subid_kind kind, const char *user,
		      struct idrange *ret, struct error *err);

/* subid_parse - the same for the text of a subuid(5) file; pure */
int subid_parse(const char *text, const char *file, const char *user, uid_t uid,
		struct idrange *ret, struct error *err);

/* subid_is_local - does nsswitch.conf's @text leave subids to files? pure */
bool subid_is_local(const char *text);

/*
 * subid_suggest - the usermod(8) line that would grant @user a free range
 * @text: of a subuid(5) file, whose ranges are left alone: the first 65536 ids
 *        from 100000 on that are nobody's; where there are none, it says so
 */
char *subid_suggest(enum subid_kind kind, const char *text, const char *user);
