/*
 * core/confine/identity.h - become the user that the workload runs as
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * identity_become - take on exactly these ids, and keep no way back
 * @uid, @gid: of the container; real, effective, saved and file system ids
 * @groups:    all supplementary groups, in any order, @n of them
 * @can_set_groups: false where the user namespace says setgroups=deny
 *             (a single id): then the groups stay as they are, which are the
 *             caller's and shown as the overflow group; @n must be 0 or
 *             @groups only @gid
 *
 * In the order of setgroups, setresgid, setresuid, for the first two need a
 * right that the last one ends (R7).  Clears the effective capabilities of a
 * process that was root, the parent-death signal, and dumpable.
 * Return: 0 and everything was read back; -EINVAL an id is not in the map of
 * the user namespace, and which; -EPERM; -EPROTO read back something else.
 */
int identity_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n,
		    bool can_set_groups, struct error *err);
