/*
 * userns/diagnose.h - why a user namespace could not be created or mapped
 *
 * The kernel says EPERM or ENOSPC for a dozen different causes.  Here each of
 * them has a fact that was read or tried; deciding is a pure function of the
 * facts, so that tests feed machines that nobody has.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "userns/idmap.h"

enum userns_cause {
	USERNS_CAUSE_UNKNOWN,
	USERNS_CAUSE_NOT_BUILT,     /* CONFIG_USER_NS is off */
	USERNS_CAUSE_SYSCTL,        /* kernel.unprivileged_userns_clone = 0 */
	USERNS_CAUSE_NONE_ALLOWED,  /* user.max_user_namespaces = 0 */
	USERNS_CAUSE_LIMIT,         /* that many there are, here or outside */
	USERNS_CAUSE_SECCOMP,       /* a system call filter of who started us */
	USERNS_CAUSE_APPARMOR,      /* Ubuntu 23.10 and later */
	USERNS_CAUSE_UNMAPPED,      /* the caller's own id has no name here */
	USERNS_CAUSE_CHROOT,        /* user_namespaces(7): EPERM in a chroot */
	USERNS_CAUSE_PROCESS_LIMIT, /* no more processes: EAGAIN */
	USERNS_CAUSE_MEMORY,
	N_USERNS_CAUSES,
};

/* A number that a file in /proc/sys has, or: */
#define SYSCTL_MISSING (-1L)

struct userns_facts {
	int code;                       /* the errno of clone(2) */
	bool supported;                 /* there is a /proc/self/ns/user */
	bool proc_there;                /* /proc can be read at all */
	long unprivileged_userns_clone; /* of Debian's and Arch's kernels */
	long max_user_namespaces;       /* of this user namespace */
	long apparmor_restrict; /* apparmor_restrict_unprivileged_userns */
	bool filtered;  /* clone(CLONE_NEWUSER | CLONE_FS), which the kernel
			 * itself always answers with EINVAL, got another answer
			 */
	bool in_chroot; /* the root directory is no mount point */
	bool in_user_namespace;     /* uid_map is not the first namespace's */
	bool id_unmapped;           /* the caller's ids are not in that map */
	char security_modules[128]; /* "lockdown,yama,selinux"; "" unknown */
	char executable[PATH_MAX];  /* our own, for the AppArmor profile */
};

/*
 * userns_facts_collect - read and try everything
 * @code: the errno with which clone(2) failed
 *
 * Starts no process, changes nothing.  Facts that cannot be read have the
 * value that accuses nobody.
 */
void userns_facts_collect(int code, struct userns_facts *ret);

/* userns_cause - which of them explains the errno? pure */
enum userns_cause userns_cause(const struct userns_facts *facts);

/*
 * userns_explain - fill @err with the cause in words, and the remedy as hint
 * Pure.  Return: -facts->code
 */
int userns_explain(const struct userns_facts *facts, struct error *err);

/*
 * userns_apparmor_command - what root types to let @executable have user
 * namespaces: writes and loads a profile (AppArmor 4.0, "userns,")
 * Return: the length, as snprintf(3)
 */
int userns_apparmor_command(const char *executable, char *to, size_t size);

/* Does the text of /proc/self/mountinfo have an entry for "/"?  Without one
 * the root directory is no mount point: a chroot.  pure */
bool mountinfo_has_root(const char *text);

/* Is @id in a map as /proc/self/uid_map shows it?  pure */
bool id_map_text_has(const char *text, uint32_t id);

/* Is it the first user namespace's: "0 0 4294967295"?  pure */
bool id_map_text_is_initial(const char *text);

/*
 * newuidmap(1) and newgidmap(1)
 */
enum helper_cause {
	HELPER_CAUSE_NONE, /* nothing is wrong with the program itself */
	HELPER_CAUSE_MISSING,
	HELPER_CAUSE_NO_NEW_PRIVS, /* we, and so it, can gain no rights */
	HELPER_CAUSE_NO_ROOT,      /* root has no id here, so set-uid root is
				    * nothing */
	HELPER_CAUSE_NO_RIGHTS,    /* neither set-uid root nor capable */
	HELPER_CAUSE_NOSUID,       /* on a file system mounted nosuid */
	HELPER_CAUSE_OUTER_MAP,    /* the user namespace that we live in lacks
				    * the ids that it was to map */
	HELPER_CAUSE_RANGE,        /* it says that the range is not granted */
	N_HELPER_CAUSES,
};

struct helper_facts {
	const char *name; /* "newuidmap", "newgidmap" */
	char *path;       /* NULL: not found */
	bool setuid_root;
	bool capable;         /* has the file capability that it needs */
	bool nosuid;          /* statvfs(3): ST_NOSUID */
	bool no_new_privs;    /* of this process */
	bool no_root;         /* id 0 is not in the user namespace we live in */
	bool ids_unavailable; /* not all ids of the map exist out here */
	const char *said;     /* its stderr, one line; NULL or "": nothing */
};

/*
 * helper_facts_collect - look at @name in PATH
 * @map:  what it was to write, or NULL
 * @said: borrowed
 * ret->path is the caller's to free.
 */
void helper_facts_collect(const char *name, const struct idmap *map,
			  const char *said, struct helper_facts *ret);

enum helper_cause helper_cause(const struct helper_facts *facts); /* pure */

/* helper_explain - say the cause in @err's hint; pure; Return: -err->code */
int helper_explain(const struct helper_facts *facts, struct error *err);

/*
 * file_capability_has - is @capability in the value of security.capability?
 * Source: struct vfs_cap_data of <linux/capability.h>, revisions 2 and 3; it
 * must be permitted, and the effective bit set, for newuidmap knows nothing of
 * capabilities.  pure
 */
bool file_capability_has(const void *value, size_t size, int capability);

/*
 * What was granted is enough for any image?  pure
 * @err: the warning in words, "" when all is well
 * Return: 0; -ERANGE there are fewer than 65536 ids.
 */
int range_explain_size(uint32_t uids, uint32_t gids, struct error *err);

/*
 * proc_hidden - what hides a part of /proc, so that the kernel lets nobody
 * without privilege mount a new one (mount_too_revealing() of fs/namespace.c)
 * @text: of /proc/self/mountinfo
 * Return: 1, with the mount point in @to; 0 nothing does; -ENOENT no proc is
 * mounted on /proc.  A mount on an empty directory hides nothing, but that
 * cannot be seen from outside, so this only explains a failure.  pure
 */
int proc_hidden(const char *text, char *to, size_t size);
