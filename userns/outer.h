/*
 * userns/outer.h - the outer user namespace: the caller is 0, the caller's
 * subordinate ids are 1 and up
 *
 * In it lie the layers on disk, fuse-overlayfs runs, and files of containers
 * are removed.  Source: user_namespaces(7), newuidmap(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "userns/idmap.h"

/* The ids of an outer namespace, on the host. */
struct outer_ids {
	struct idmap uids, gids;
	bool single;   /* one id only: there are no subordinate ids, or none
			  wanted */
	bool nameless; /* single, and so because passwd(5) has no name for the
			  caller: there may be some under it */
};

/*
 * outer_find_ids - what the calling user may map
 * @single: map one id, whatever was granted
 *
 * Started by uid 0, the caller's place is taken by root's first subordinate
 * id: host id 0 is never mapped.
 * Return: 0, with ret->single when nothing was granted and @err saying why and
 * what would help; -EPERM for uid 0 without subordinate ids.
 */
int outer_find_ids(bool single, struct outer_ids *ret, struct error *err);

/*
 * outer_call - run @function in a child process that is id 0 in a new outer
 * user namespace, with a mount namespace of its own, and wait for it
 * @function: its result is the result of outer_call(), its error crosses
 *
 * The child keeps the caller's descriptors, so @function may work on them.
 */
int outer_call(const struct outer_ids *ids,
	       int (*function)(void *argument, struct error *err),
	       void *argument, struct error *err);

/*
 * outer_exec - like outer_call(), for a @function that does not return
 * Return: the wait status of the child, see wait(2); -errno.
 */
int outer_exec(const struct outer_ids *ids,
	       int (*function)(void *argument, struct error *err),
	       void *argument, struct error *err);

/*
 * The two halves of mapping, for a process @pid that has just unshared its
 * user namespace: newuidmap(1) and newgidmap(1) run at the same time.
 */
struct outer_mapping {
	pid_t uidmap, gidmap;       /* running helpers, 0: none */
	int uid_output, gid_output; /* what they say on stderr */
};
int outer_map_begin(struct outer_mapping *mapping, pid_t pid,
		    const struct outer_ids *ids, struct error *err);
int outer_map_await(struct outer_mapping *mapping, struct error *err);

/* outer_become_root - setgroups, setresgid and setresuid to 0, read back */
int outer_become_root(const struct outer_ids *ids, struct error *err);

/*
 * outer_clone - fork with CLONE_NEWUSER and more
 * @flags: CLONE_NEW* of clone(2)
 *
 * Return: as fork(2); on failure the message says the tested cause: a sysctl,
 * AppArmor, the limit of namespaces, a seccomp filter of an outer container.
 */
int outer_clone(unsigned long flags, struct error *err);
