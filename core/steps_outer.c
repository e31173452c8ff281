/*
 * core/steps_outer.c - what id 0 of the outer user namespace does
 *
 * This process holds the caller's rights over the host's files and all
 * capabilities over the subordinate ids.  It never sees the container's root,
 * and is gone when the workload runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/confine/capabilities.h"
#include "core/confine/seccomp.h"
#include "core/steps.h"
#include "storage/fuse.h"
#include "storage/fuse_host.h"

int step_isolate_mounts(struct launch *l, struct error *err)
{
	(void)l;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	return 0;
}

int step_become_outer_root(struct launch *l, struct error *err)
{
	struct outer_ids ids = { .single = l->spec->userns == USERNS_SINGLE };
	int r = outer_become_root(&ids, err);

	if (r < 0)
		return r;
	process_die_with_parent(l->launcher_pid);
	/* relative to it are all paths of the container's directory; by path,
	 * since a descriptor would lead back into the old mount namespace */
	if (chdir(l->state->path) < 0)
		return error_set(err, errno, "enter %s", l->state->path);
	umask(0022);
	return 0;
}

/*
 * The limit that stands when the inner user namespace is made counts all
 * processes in it, of whatever id, and cannot be raised from inside
 * (Linux 5.14, user_namespaces are charged hierarchically).
 */
int step_limit_processes(struct launch *l, struct error *err)
{
	struct rlimit old, limit;

	if (getrlimit(RLIMIT_NPROC, &old) < 0)
		return error_set(err, errno, "get the process limit");
	limit.rlim_cur = limit.rlim_max = l->spec->pids_limit;
	if (old.rlim_max < limit.rlim_max)
		limit.rlim_cur = limit.rlim_max = old.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		return error_set(err, errno, "set the process limit");
	return 0;
}

/* The one namespace below this one is the container's; there is no other. */
int step_forbid_namespaces(struct launch *l, struct error *err)
{
	(void)l;
	return fd_write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces",
			     "1", err);
}

static int make_if_missing(struct launch *l, const char *name,
			   struct error *err)
{
	if (mkdir(name, 0755) < 0 && !(l->again && errno == EEXIST))
		return error_set(err, errno, "make %s/%s", l->state->path,
				 name);
	return 0;
}

/* does it belong to an id of the container?  Ours, 0, is none. */
static bool has_owner(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && st.st_uid != 0;
}

int step_make_upper(struct launch *l, struct error *err)
{
	uid_t uid = idmap_to_outside(&l->spec->inner_uids, 0);
	gid_t gid = idmap_to_outside(&l->spec->inner_gids, 0);

	if (make_if_missing(l, "upper", err) < 0 ||
	    make_if_missing(l, "work", err) < 0)
		return -err->code;
	/* the server of @host passes through this directory as that id */
	if (l->spec->rootfs == ROOTFS_HOST && chmod(".", 0711) < 0)
		return error_set(err, errno, "open %s", l->state->path);
	/* started before: the container may have given its / away */
	if ((uid == 0 && gid == 0) || (l->again && has_owner("upper")))
		return 0;
	/* a server that translates ids translates those of this layer, too */
	if (l->spec->driver == DRIVER_FUSE_OVERLAYFS &&
	    l->spec->rootfs != ROOTFS_HOST)
		return 0;
	/* root of the container may own an id that is not mapped: none */
	if (uid == ID_NONE || gid == ID_NONE)
		return error_say(err, EINVAL, "the container has no id 0");
	if (chown("upper", uid, gid) < 0 ||
	    (l->spec->rootfs == ROOTFS_HOST && chown("work", uid, gid) < 0))
		return error_set(err, errno, "give %s/upper to id %u",
				 l->state->path, uid);
	return 0;
}

/* Paths as the server sees them, from the store's directory. */
static int describe_server(struct launch *l, struct fuse_server *server,
			   char *const text[2], size_t size, struct error *err)
{
	const struct spec *spec = l->spec;

	server->directory_fd = l->state->store->dirfd;
	if (spec->rootfs == ROOTFS_HOST) {
		strv_add(&server->lower, fuse_host_lower);
		server->host = true;
		server->container = l->state->path;
	} else if (spec->rootfs == ROOTFS_DIR) {
		strv_add(&server->lower, spec->rootfs_dir);
	} else {
		strv_extend(&server->lower, spec->layers.v);
	}
	server->squash = spec->squash || server->host;
	server->squash_uid = idmap_to_outside(&spec->inner_uids, 0);
	server->squash_gid = idmap_to_outside(&spec->inner_gids, 0);
	if (!server->squash && (!idmap_is_identity(&spec->inner_uids) ||
				!idmap_is_identity(&spec->inner_gids))) {
		int r = idmap_fuse_option(&spec->inner_uids, text[0], size,
					  err);
		if (r >= 0)
			r = idmap_fuse_option(&spec->inner_gids, text[1], size,
					      err);
		if (r < 0)
			return r;
		server->uidmapping = text[0];
		server->gidmapping = text[1];
	}
	return 0;
}

/* what serving files takes, of whatever owner */
static const unsigned server_capabilities[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_FSETID, CAP_SETFCAP,      CAP_MKNOD,
};

static int limit_capabilities(struct error *err)
{
	uint64_t keep = 0;

	for (size_t i = 0; i < ARRAY_SIZE(server_capabilities); i++)
		keep |= 1ull << server_capabilities[i];
	/* a server that is not id 0 has dropped them all, CAP_SETPCAP with it
	 */
	return geteuid() == 0 ? capabilities_drop_bounding(keep, err) : 0;
}

/*
 * The server parses what the container sends (R13): it gets the directories
 * that it serves, its own program and libraries, and the system calls of a
 * container.
 */
static int confine_server(const int *lower, size_t n_lower, int writable,
			  struct error *err)
{
	static const struct {
		const char *path;
		enum landlock_access access;
	} system[] = {
		{ "/usr", LANDLOCK_READ_EXECUTE },
		{ "/lib", LANDLOCK_READ_EXECUTE },
		{ "/lib64", LANDLOCK_READ_EXECUTE },
		{ "/etc", LANDLOCK_READ },
		{ "/proc", LANDLOCK_READ },
		{ "/dev/null", LANDLOCK_WRITE },
	};
	struct landlock_tree *trees =
		xcalloc(ARRAY_SIZE(system) + n_lower + 1, sizeof(*trees));
	size_t n = 0;
	int abi = 0;

	for (size_t i = 0; i < ARRAY_SIZE(system); i++) {
		int fd = open(system[i].path, O_PATH | O_CLOEXEC);
		if (fd >= 0)
			trees[n++] =
				(struct landlock_tree){ fd, system[i].access };
	}
	for (size_t i = 0; i < n_lower; i++)
		trees[n++] = (struct landlock_tree){ lower[i], LANDLOCK_READ };
	if (writable >= 0)
		trees[n++] = (struct landlock_tree){ writable, LANDLOCK_WRITE };
	int r = landlock_confine_to(trees, n, &abi, err);
	free(trees);
	/* a kernel without Landlock: the other walls stand */
	if (r < 0 && r != -ENOSYS && r != -EOPNOTSUPP)
		return r;
	r = limit_capabilities(err);
	return r < 0 ? r : seccomp_install(SECCOMP_PROFILE_DEFAULT, false, err);
}

static int become_server(struct launch *l, int connection, struct error *err)
{
	char uids[2048], gids[2048];
	char *const text[] = { uids, gids };
	scoped(char) *upper = xasprintf("%s/upper", l->state->path);
	scoped(char) *work = xasprintf("%s/work", l->state->path);
	struct fuse_server server = { .confine = confine_server };
	int r = describe_server(l, &server, text, sizeof(uids), err);

	if (r < 0)
		return r;
	if (l->spec->driver == DRIVER_FUSE_OVERLAYFS) {
		server.upper = server.host ? fuse_host_upper : upper;
		server.work = server.host ? fuse_host_work : work;
	}
	process_die_with_parent(l->launcher_pid);
	return fuse_become_server(&server, connection, l->server_log[1], err);
}

/*
 * A child of the launcher, which waits for it and outlives us.  The kernel
 * writes its number to @pid on the board before it runs, so that the launcher
 * knows of it even if we are killed in this moment (clone(2)).
 */
static long fork_for_launcher(unsigned long flags, pid_t *pid)
{
	return syscall(SYS_clone,
		       flags | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD,
		       NULL, pid, NULL, NULL);
}

int step_start_file_server(struct launch *l, struct error *err)
{
	bool alone = l->spec->driver == DRIVER_FUSE_OVERLAYFS;
	unsigned long flags = l->spec->no_new_privileges ? MS_NOSUID : 0;
	int r = fuse_check_server(err);

	if (r < 0)
		return r;
	scoped_fd connection =
		fuse_mount(STATE_LOWER, alone ? flags : flags | MS_RDONLY, err);
	if (connection < 0)
		return connection;
	long pid = fork_for_launcher(0, &l->board->server_pid);
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		become_server(l, connection, err);
		dprintf(l->server_log[1], "%s\n", err->text);
		_exit(STATUS_WOLFFIA);
	}
	return 0;
}

int step_fork_init(struct launch *l, struct error *err)
{
	long pid = fork_for_launcher(CLONE_NEWPID, &l->board->init_pid);

	if (pid < 0)
		return error_set(err, errno, "create a pid namespace");
	if (pid > 0) {
		fd_close(&l->peer[OUTER]);
		fd_close(&l->init_to_launcher);
		if (l->spec->pid1)
			l->init_fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (l->spec->pid1 && l->init_fd < 0)
			return error_set(err, errno, "watch PID 1");
		return 0;
	}
	l->me = INIT;
	fd_close(&l->peer[LAUNCHER]);
	fd_close(&l->peer[INIT]);
	l->peer[LAUNCHER] = take_fd(l->init_to_launcher);
	return 0;
}

static int write_map(int proc, const char *file, const struct idmap *map,
		     const struct idmap *parent, struct error *err)
{
	struct idmap split;
	char text[8192];
	int r = idmap_split(&split, map, parent, err);

	if (r == 0)
		r = idmap_text(&split, text, sizeof(text), err);
	return r < 0 ? r : fd_write_file(proc, file, text, err);
}

/*
 * The kernel takes this map only from a process of the parent namespace: the
 * launcher, one further out, may not write it (user_namespaces(7)).
 */
int step_map_inner(struct launch *l, struct error *err)
{
	const struct spec *spec = l->spec;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)l->board->init_pid);
	scoped_fd proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return error_set(err, errno, "open %s", path);
	int r = 0;
	if (spec->userns == USERNS_SINGLE)
		r = fd_write_file(proc, "setgroups", "deny", err);
	if (r == 0)
		r = write_map(proc, "uid_map", &spec->inner_uids,
			      &spec->outer_uids, err);
	if (r == 0)
		r = write_map(proc, "gid_map", &spec->inner_gids,
			      &spec->outer_gids, err);
	return r;
}
