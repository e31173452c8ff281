#include "storage/fuse_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/mountfd.h"
#include "base/path.h"

/* /run is there on every machine, and nothing of it is of use here. */
#define STAGE "/run"

const char fuse_host_lower[] = STAGE "/host";
const char fuse_host_upper[] = STAGE "/container/upper";
const char fuse_host_work[] = STAGE "/container/work";

static int attach(int mount_fd, const char *path, struct error *err)
{
	scoped_fd target =
		open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (target < 0)
		return error_set(err, errno, "open %s", path);
	return mountfd_attach(mount_fd, target, err);
}

static int make_stage(int container, int root, struct error *err)
{
	static const struct mount_option options[] = { { "mode", "0755" },
						       { 0 } };
	scoped_fd stage = mountfd_new(
		"tmpfs", options,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
	if (stage < 0)
		return stage;
	int r = attach(stage, STAGE, err);
	if (r == 0 && (mkdir(STAGE "/host", 0755) < 0 ||
		       mkdir(STAGE "/container", 0755) < 0))
		r = error_set(err, errno, "make a directory in " STAGE);
	if (r == 0)
		r = attach(root, STAGE "/host", err);
	return r < 0 ? r : attach(container, STAGE "/container", err);
}

/* what belongs to people, to sessions, and to services that run */
static int cover(const char *path, const char *mode, struct error *err)
{
	const struct mount_option options[] = { { "mode", mode },
						{ "size", "4k" },
						{ 0 } };
	scoped(char) *there = xasprintf("%s%s", fuse_host_lower, path);
	struct stat st;

	if (lstat(there, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	scoped_fd empty = mountfd_new(
		"tmpfs", options,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, err);
	return empty < 0 ? empty : attach(empty, there, err);
}

/* clang-format off */
static const struct {
	const char *path, *mode;
} places[] = {
	{ "/home",    "0755" },
	{ "/root",    "0700" },
	{ "/run",     "0755" },
	{ "/tmp",     "1777" },
	{ "/var/tmp", "1777" },
};
/* clang-format on */

/* one that does not lie in a place that is covered anyway; or NULL */
static const char *home_elsewhere(void)
{
	const char *home = getenv("HOME");

	return home && home[0] == '/' && home[1] &&
			       !path_is_below(home, "/home")
		       ? home
		       : NULL;
}

static int cover_all(struct error *err)
{
	const char *home = home_elsewhere();
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++)
		r = cover(places[i].path, places[i].mode, err);
	return r == 0 && home ? cover(home, "0755", err) : r;
}

void fuse_host_covered(struct strv *ret)
{
	const char *home = home_elsewhere();

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		strv_add(ret, places[i].path);
	if (home)
		strv_add(ret, home);
}

/*
 * No capability is left behind the coming exec: each of them would reach the
 * caller's own files as well, since the caller is an id of this namespace.
 * Nor is any needed: the server owns all that is written, and fuse-overlayfs
 * goes on when a copied file cannot be given its old owner.
 */
static int become(uint32_t uid, uint32_t gid, struct error *err)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
	     cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return error_set(err, errno, "drop a capability");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set(err, errno, "become id %u", uid);
	return 0;
}

int fuse_host_enter(const struct fuse_host *host, struct error *err)
{
	scoped_fd root = mountfd_clone(AT_FDCWD, "/", AT_RECURSIVE, err);
	scoped_fd container =
		root < 0 ? -1
			 : mountfd_clone(AT_FDCWD, host->container, 0, err);
	if (root < 0 || container < 0)
		return -err->code;
	int r = make_stage(container, root, err);
	if (r == 0)
		r = cover_all(err);
	return r < 0 ? r : become(host->uid, host->gid, err);
}
