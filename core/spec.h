/*
 * core/spec.h - the one description of a container
 *
 * Filled from the command line (cmd/options.c) and the image's configuration,
 * checked once by spec_check(), and const from then on: every process of a
 * launch holds its copy.  All paths are absolute, all names are numbers, and
 * nothing is parsed again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/log_options.h"
#include "userns/idmap.h"

enum userns_mode {
	USERNS_AUTO,  /* as-me if there is a bind mount or volume, else nomap */
	USERNS_NOMAP, /* the caller is not in the container at all */
	USERNS_AS_ME, /* the user that the workload runs as is the caller */
	USERNS_KEEP_ID, /* the caller, under the caller's own number */
	USERNS_SINGLE,  /* one id: root in the container is the caller */
};

enum driver {
	DRIVER_AUTO,
	DRIVER_FUSE_BELOW_OVERLAY, /* chosen by auto; not by name */
	DRIVER_FUSE_OVERLAYFS,
	DRIVER_OVERLAY,
};

enum rootfs_kind {
	ROOTFS_IMAGE,  /* layers of the store */
	ROOTFS_DIR,    /* a directory, read-only below a throw-away upper */
	ROOTFS_DIR_RW, /* a directory, written in place */
	ROOTFS_HOST,   /* this machine's own / below a throw-away upper */
};

enum network_mode {
	NETWORK_NONE, /* a network of its own with nothing but loopback */
	NETWORK_HOST,
};

enum mount_kind {
	MOUNT_BIND,
	MOUNT_TMPFS,
	MOUNT_VOLUME, /* a named directory of the store; .source is its path */
};

struct spec_mount {
	enum mount_kind kind;
	char *source; /* host path, absolute; NULL for a tmpfs */
	char *target; /* path in the container, absolute */
	bool read_only;
	bool exec;       /* false: noexec */
	bool no_recurse; /* bind only the mount itself, not those in it */
	bool symlinks;   /* false: nosymfollow */
	uint64_t size;   /* bytes, of a tmpfs; 0: half of the memory */
	uint32_t mode;   /* of a tmpfs's root, as for chmod(2) */
};

struct spec_rlimit {
	int resource; /* RLIMIT_* of setrlimit(2) */
	struct rlimit limit;
};

enum seccomp_mode {
	SECCOMP_DEFAULT,
	SECCOMP_OFF,
};

/* The user as it was given, and as it was found in the root file system. */
struct spec_user {
	char *text; /* "", "1000", "root:wheel"; what --user or USER said */
	struct strv groups; /* --group-add: names or numbers */
};

/* What the launcher does when the command has ended. */
enum restart {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
	RESTART_UNLESS_STOPPED, /* as ALWAYS: nothing starts at boot here */
};

struct spec {
	char *id;   /* 64 hexadecimal digits */
	char *name; /* that it was made with; struct state has today's */
	char *hostname;
	struct strv labels;  /* KEY=VALUE */
	uint64_t created_ns; /* CLOCK_REALTIME */

	/* how it ends */
	bool remove;              /* its directory goes when it has ended */
	uint64_t stop_timeout_ms; /* between the stop signal and SIGKILL */
	enum restart restart;
	uint32_t restart_max; /* with ON_FAILURE; 0: no limit */

	/* what it runs */
	struct strv argv;
	uint32_t entrypoint_words; /* so many of argv are the entrypoint; the
				    * rest is the command: told, not used */
	struct strv env;           /* the whole environment, NAME=VALUE */
	char *workdir;             /* absolute */
	struct spec_user user;
	int stop_signal;
	uint64_t timeout_ms; /* 0: none */

	/* how it is attached to who started it */
	bool tty;
	bool interactive; /* stdin is connected */
	bool stdin_once;  /* and ends with the first who was attached */
	struct log_options log;
	bool pid1; /* the workload is PID 1 itself */
	bool keep; /* goes on when the parent of the launcher dies */
	bool quiet;
	int status_fd; /* -1: none */
	bool debug;    /* the steps are said on stderr when it is started */

	/* its root */
	enum rootfs_kind rootfs;
	enum driver driver; /* never AUTO after spec_resolve_driver() */
	char *image;        /* reference as given, or NULL */
	char *image_digest; /* sha256:..., or NULL */
	char *rootfs_dir;   /* for ROOTFS_DIR*, absolute */
	struct strv
		layers; /* for ROOTFS_IMAGE: directories, the top one first */
	bool whiteout_files; /* in the layers: only fuse-overlayfs reads them */
	bool squash; /* the lower files are another's: shown as root's */
	bool read_only;
	struct spec_mount *mounts; /* in the order in which they are made */
	size_t n_mounts;
	uint64_t shm_size; /* bytes */

	/* who it is on the host */
	enum userns_mode userns; /* never AUTO after spec_resolve_ids() */
	struct idmap outer_uids,
		outer_gids; /* container's outer ids on the host */
	struct idmap inner_uids,
		inner_gids; /* container's own ids in the outer */

	/* what it may do */
	uint64_t capabilities; /* bit N: CAP_N of <linux/capability.h> */
	bool no_new_privileges;
	enum seccomp_mode seccomp;
	bool landlock;
	bool masks;       /* masked and read-only paths in /proc and /sys */
	struct strv mask; /* more of them, absolute: --security-opt mask= */
	struct strv unmask;
	enum network_mode network;
	uint32_t pids_limit; /* processes in the whole container; 0: no limit */
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
};

/* spec_free - free what @spec holds, not @spec itself */
void spec_free(struct spec *spec);

/*
 * spec_check - is it complete, consistent, and within bounds?
 * Return: 0; -EINVAL with what is wrong and, in the hint, what would be right.
 */
int spec_check(const struct spec *spec, struct error *err);

/* spec_check_name - can a container have this name?  Return: 0, -EINVAL */
int spec_check_name(const char *name, struct error *err);

/*
 * spec_inner_owns_namespaces - do the network, IPC, UTS and cgroup namespaces
 * belong to the container's own user namespace?  Only when it has a
 * capability beyond the default ones, which could be of use there.
 */
bool spec_inner_owns_namespaces(const struct spec *spec);

/* The names that users type and read; NULL / -1 when there is none. */
const char *userns_mode_name(enum userns_mode mode);
int userns_mode_from_name(const char *name);
const char *driver_name(enum driver driver);
int driver_from_name(const char *name);
extern const char *const restart_names[]; /* by enum restart; up to a NULL */
