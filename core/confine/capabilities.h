/*
 * core/confine/capabilities.h - the capabilities of a container
 *
 * A set is a uint64_t whose bit N is CAP_N of <linux/capability.h>.  They are
 * capabilities over the container's own user namespace.
 * Source: capabilities(7); the names are libcap's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

/*
 * capabilities_default - CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID
 * SYS_CHROOT SETFCAP: what installing packages and running services takes
 */
uint64_t capabilities_default(void);

/* capabilities_all - all that the running kernel has */
uint64_t capabilities_all(void);

/*
 * capabilities_parse - the set that one word means
 * @word: with or without "CAP_", in any case; ALL is capabilities_all()
 * Return: 0; -EINVAL for a name that there is not, with a near one as hint.
 */
int capabilities_parse(const char *word, uint64_t *ret, struct error *err);

/* capabilities_names - "CAP_CHOWN" and so on, by number; NULL behind the last
 */
const char *const *capabilities_names(void);

/* capabilities_list - append the names of those in @set to @ret */
void capabilities_list(uint64_t set, struct strv *ret);

/*
 * capabilities_drop_bounding - leave no more than @keep in the bounding set
 *
 * Needs CAP_SETPCAP, so it comes before the change of user.  What is not in
 * the bounding set cannot come back by a file with capabilities, nor by
 * set-uid root: for a user other than root @keep is 0 unless set-uid
 * programs are meant to work.
 * Return: 0 and it was read back; -EPERM.
 */
int capabilities_drop_bounding(uint64_t keep, struct error *err);

/*
 * capabilities_apply - the last word: permitted and effective are @set, the
 * inheritable and ambient sets are empty (CVE-2022-29162)
 * @root: the process is user 0 of the container; any other gets none at all
 *
 * After the change of user, just before exec; execve(2) then gives root what
 * is in the bounding set.
 * Return: 0 and the sets were read back; -EPERM when something in @set
 * is not there to keep; -EPROTO the kernel says something else, or the bounding
 * set has more than @set.
 */
int capabilities_apply(uint64_t set, bool root, struct error *err);
