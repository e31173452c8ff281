/*
 * core/steps_mounts.c - the container's file systems, made by PID 1 while it
 * is still root of the outer user namespace: what is mounted here the
 * container can neither unmount nor remount (mount_namespaces(7), "locked").
 *
 * The system's directories are made ready on a stage, a tmpfs, while the file
 * system server starts; then the root is mounted and they move into it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/confine/masks.h"
#include "base/mountfd.h"
#include "core/steps.h"

enum {
	ATTR_SYSTEM = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

/* a new file system on @path below @base */
static int mount_new(int base, const char *path, const char *type,
                     const struct mount_option *options, uint64_t attributes,
                     struct error *err)
{
	scoped_fd target = path_open_beneath(base, path, O_PATH | O_DIRECTORY,
	                                     0, err);
	if (target < 0)
		return target;
	scoped_fd mount = mountfd_new(type, options, attributes, err);
	if (mount < 0)
		return mount;
	int r = mountfd_attach(mount, target, err);
	return r < 0 ? error_prefix(err, "/%s", path) : 0;
}

static int make_directory(int base, const char *path, mode_t mode,
                          struct error *err)
{
	if (mkdirat(base, path, mode) < 0 && errno != EEXIST)
		return error_set(err, errno, "make /%s", path);
	return 0;
}

/* the host's, and checked to be what its name says (R5) */
static int open_null(struct error *err)
{
	struct stat st;
	scoped_fd fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_say(err, ENODEV,
		                 "/dev/null of this machine is not the null "
		                 "device (1:3)");
	return take_fd(fd);
}

int step_make_stage(struct launch *l, struct error *err)
{
	static const struct mount_option options[] = {
		{ "mode", "0755" }, { "size", "1m" }, { 0 }
	};
	scoped_fd stage = mountfd_new("tmpfs", options, ATTR_SYSTEM, err);
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (stage < 0)
		return -err->code;
	if (target < 0)
		return error_set(err, errno, "open the mount point of the root");
	/* below where the root will be: found by its descriptor only */
	int r = mountfd_attach(stage, target, err);
	for (size_t i = 0; r == 0 && i < 3; i++) {
		static const char *const names[] = { "proc", "dev", "sys" };
		r = make_directory(stage, names[i], 0755, err);
	}
	if (r < 0)
		return r;
	l->null_fd = open_null(err);
	if (l->null_fd < 0)
		return l->null_fd;
	l->stage_fd = take_fd(stage);
	return 0;
}

int step_mount_proc(struct launch *l, struct error *err)
{
	int r = mount_new(l->stage_fd, "proc", "proc", NULL, ATTR_SYSTEM, err);

	if (r == -EPERM)
		error_hint(err, "this machine, or the container that wolffia "
		                "itself runs in, hides parts of /proc: the "
		                "kernel then lets nobody mount a new one. Start "
		                "the outer container with --security-opt "
		                "unmask=ALL (podman) or "
		                "systempaths=unconfined (docker)");
	return r;
}

/* hide @path: nothing is in it; what is not there needs no hiding */
static int hide(struct launch *l, int base, const char *path, int *empty_fd,
                struct error *err)
{
	struct stat st;
	struct error ignored;
	scoped_fd target = path_open_beneath(base, path, O_PATH, 0, &ignored);

	if (target < 0)
		return ignored.code == ENOENT ? 0
		                              : (*err = ignored, -err->code);
	if (fstat(target, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode) && *empty_fd < 0) {
		*empty_fd = mountfd_new("tmpfs", NULL,
		                        ATTR_SYSTEM | MOUNT_ATTR_RDONLY, err);
		if (*empty_fd < 0)
			return *empty_fd;
	}
	struct fd_path null = fd_link(l->null_fd);
	scoped_fd cover = S_ISDIR(st.st_mode)
	                          ? mountfd_clone(*empty_fd, "", AT_EMPTY_PATH,
	                                          err)
	                          : mountfd_clone(AT_FDCWD, null.text, 0, err);
	if (cover < 0)
		return cover;
	int r = S_ISDIR(st.st_mode)
	                ? 0
	                : mountfd_set(cover,
	                              MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
	                                      MOUNT_ATTR_RDONLY,
	                              0, err);
	return r < 0 ? r : mountfd_attach(cover, target, err);
}

/* make @path read-only, with all mounts in it */
static int freeze(int base, const char *path, struct error *err)
{
	struct error ignored;
	scoped_fd target = path_open_beneath(base, path, O_PATH, 0, &ignored);

	if (target < 0)
		return ignored.code == ENOENT ? 0
		                              : (*err = ignored, -err->code);
	scoped_fd copy = mountfd_clone(target, "",
	                               AT_EMPTY_PATH | AT_RECURSIVE, err);
	if (copy < 0)
		return copy;
	int r = mountfd_set(copy, MOUNT_ATTR_RDONLY | ATTR_SYSTEM, AT_RECURSIVE,
	                    err);
	return r < 0 ? r : mountfd_attach(copy, target, err);
}

static bool is_unmasked(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->unmask.n; i++)
		if (path_is_below(path, spec->unmask.v[i]))
			return true;
	return false;
}

/* the masks of one of the system's directories, given as "/proc" or "/sys" */
static int mask_directory(struct launch *l, int base, const char *top,
                          struct error *err)
{
	bool masks = l->spec->masks;
	scoped_fd empty = -1;
	int r = 0;

	for (size_t i = 0; r == 0 && masks && masks_read_only[i]; i++)
		if (path_is_below(masks_read_only[i], top) &&
		    !is_unmasked(l->spec, masks_read_only[i]))
			r = freeze(base, masks_read_only[i] + 1, err);
	for (size_t i = 0; r == 0 && masks && masks_hidden[i]; i++)
		if (path_is_below(masks_hidden[i], top) &&
		    !is_unmasked(l->spec, masks_hidden[i]))
			r = hide(l, base, masks_hidden[i] + 1, &empty, err);
	for (size_t i = 0; r == 0 && i < l->spec->mask.n; i++)
		if (path_is_below(l->spec->mask.v[i], top))
			r = hide(l, base, l->spec->mask.v[i] + 1, &empty, err);
	return r;
}

int step_mask_proc(struct launch *l, struct error *err)
{
	return mask_directory(l, l->stage_fd, "/proc", err);
}

struct id_text {
	char uid[16], gid[16];
};

/* the container's root, as this namespace calls it: for uid= and gid= */
static struct id_text root_ids(const struct launch *l)
{
	struct id_text ids;

	snprintf(ids.uid, sizeof(ids.uid), "%u",
	         idmap_to_outside(&l->spec->inner_uids, 0));
	snprintf(ids.gid, sizeof(ids.gid), "%u",
	         idmap_to_outside(&l->spec->inner_gids, 0));
	return ids;
}

static int bind_device(int stage, const char *name, unsigned major_number,
                       unsigned minor_number, struct error *err)
{
	scoped(char) *host = xasprintf("/dev/%s", name);
	scoped(char) *path = xasprintf("dev/%s", name);
	struct stat st;
	scoped_fd source = open(host, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (source < 0 || fstat(source, &st) < 0)
		return error_set(err, errno, "open %s", host);
	if (!S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(major_number, minor_number))
		return error_say(err, ENODEV,
		                 "%s of this machine is not the device %u:%u",
		                 host, major_number, minor_number);
	scoped_fd target = openat(stage, path,
	                          O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (target < 0)
		return error_set(err, errno, "make /%s", path);
	scoped_fd node = mountfd_clone(source, "", AT_EMPTY_PATH, err);
	if (node < 0)
		return node;
	return mountfd_attach(node, target, err);
}

static int mount_pts(struct launch *l, struct error *err)
{
	char gid[16];
	gid_t tty = idmap_to_outside(&l->spec->inner_gids, 5);
	struct mount_option options[] = {
		{ "newinstance", NULL }, { "ptmxmode", "0666" },
		{ "mode", "0620" },      { "gid", gid },
		{ 0 },
	};

	snprintf(gid, sizeof(gid), "%u", tty);
	if (tty == ID_NONE)
		options[3] = (struct mount_option){ 0 };
	return mount_new(l->stage_fd, "dev/pts", "devpts", options,
	                 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
}

int step_mount_dev(struct launch *l, struct error *err)
{
	struct id_text root = root_ids(l);
	const struct mount_option dev_options[] = {
		{ "mode", "0755" }, { "size", "64k" },
		{ "uid", root.uid }, { "gid", root.gid },
		{ 0 },
	};
	static const struct {
		const char *name;
		unsigned major_number, minor_number; /* Linux devices.txt */
	} devices[] = {
		{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
		{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
	};
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "dev/fd", "/proc/self/fd" },
		{ "dev/stdin", "/proc/self/fd/0" },
		{ "dev/stdout", "/proc/self/fd/1" },
		{ "dev/stderr", "/proc/self/fd/2" },
		{ "dev/ptmx", "pts/ptmx" },
	};
	char size[32];
	struct mount_option shm_options[] = {
		{ "mode", "1777" },  { "size", size },
		{ "uid", root.uid }, { "gid", root.gid },
		{ 0 },
	};
	int r = mount_new(l->stage_fd, "dev", "tmpfs", dev_options,
	                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(devices); i++)
		r = bind_device(l->stage_fd, devices[i].name,
		                devices[i].major_number,
		                devices[i].minor_number, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, l->stage_fd, links[i].name) < 0)
			r = error_set(err, errno, "make /%s", links[i].name);
	if (r == 0)
		r = make_directory(l->stage_fd, "dev/pts", 0755, err);
	if (r == 0)
		r = mount_pts(l, err);
	if (r == 0)
		r = make_directory(l->stage_fd, "dev/shm", 0755, err);
	snprintf(size, sizeof(size), "%llu",
	         (unsigned long long)l->spec->shm_size);
	if (r == 0)
		r = mount_new(l->stage_fd, "dev/shm", "tmpfs", shm_options,
		              ATTR_SYSTEM, err);
	if (r == 0)
		r = make_directory(l->stage_fd, "dev/mqueue", 0755, err);
	return r;
}

/*
 * File systems that show a namespace: sysfs the network's, mqueue the IPC's,
 * cgroup2 the cgroup's.  They can be mounted only by the namespaces' owner.
 */
int step_mount_system(struct launch *l, struct error *err)
{
	/* before the root is in place they go to the stage, else into it */
	int base = l->stage_fd >= 0 ? l->stage_fd : l->root_fd;
	int r = mount_new(base, "dev/mqueue", "mqueue", NULL, ATTR_SYSTEM, err);

	/* without a network namespace of its own it gets none of the host's */
	if (r < 0 || l->spec->network == NETWORK_HOST)
		return r;
	r = mount_new(base, "sys", "sysfs", NULL, ATTR_SYSTEM, err);
	if (r == 0) {
		struct error ignored;
		/* no cgroup2 on this machine is no reason not to start */
		mount_new(base, "sys/fs/cgroup", "cgroup2", NULL,
		          ATTR_SYSTEM | MOUNT_ATTR_RDONLY, &ignored);
	}
	if (r == 0)
		r = mask_directory(l, base, "/sys", err);
	if (r == 0 && !is_unmasked(l->spec, "/sys"))
		r = freeze(base, "sys", err);
	return r;
}

/* the layers, or the file system server's mount, with the upper above them */
static int mount_overlay(struct launch *l, struct error *err)
{
	const struct spec *spec = l->spec;
	bool served = spec->driver == DRIVER_FUSE_BELOW_OVERLAY;
	scoped(char) *options = xstrdup("lowerdir=");
	int fds[512];
	size_t n = 0;
	int r = 0;

	if (spec->layers.n > ARRAY_SIZE(fds))
		return error_say(err, E2BIG, "an image of %zu layers",
		                 spec->layers.n);
	for (size_t i = 0; i < (served ? 1 : spec->layers.n + !spec->layers.n);
	     i++) {
		const char *path = served               ? STATE_LOWER
		                   : spec->layers.n == 0 ? spec->rootfs_dir
		                                         : spec->layers.v[i];
		fds[n] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fds[n] < 0) {
			r = error_set(err, errno, "open %s", path);
			break;
		}
		/* by descriptor: no character of a path has a meaning */
		char *next = xasprintf("%s%s%s", options, i ? ":" : "",
		                       fd_link(fds[n++]).text);
		free(options);
		options = next;
	}
	/* volatile: what is thrown away need not reach the disk, and else the
	 * umount writes the whole file system of the store */
	scoped(char) *all = xasprintf("%s,upperdir=upper,workdir=work,userxattr,"
	                              "volatile", options);
	unsigned long flags = MS_NODEV | (spec->no_new_privileges ? MS_NOSUID : 0);
	if (r == 0 && mount("overlay", STATE_ROOT, "overlay", flags, all) < 0) {
		r = error_set(err, errno, "mount an overlay");
		if (r == -EINVAL || r == -ENODEV)
			error_hint(err, "the kernel's overlayfs cannot use this "
			                "store or this lower directory (dmesg "
			                "may tell): try --driver "
			                "fuse-overlayfs");
	}
	while (n > 0)
		fd_close(&fds[--n]);
	return r;
}

static int bind_root(struct launch *l, struct error *err)
{
	scoped_fd tree = mountfd_clone(AT_FDCWD, l->spec->rootfs_dir,
	                               AT_RECURSIVE, err);
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (tree < 0)
		return tree;
	if (target < 0)
		return error_set(err, errno, "open the mount point of the root");
	int r = mountfd_set(tree,
	                    MOUNT_ATTR_NODEV | (l->spec->no_new_privileges
	                                                ? MOUNT_ATTR_NOSUID
	                                                : 0),
	                    AT_RECURSIVE, err);
	return r < 0 ? r : mountfd_attach(tree, target, err);
}

/* fuse-overlayfs alone serves the whole root */
static int bind_served_root(struct error *err)
{
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return error_set(err, errno, "open the mount point of the root");
	scoped_fd tree = mountfd_clone(AT_FDCWD, STATE_LOWER, 0, err);
	return tree < 0 ? tree : mountfd_attach(tree, target, err);
}

int step_mount_root(struct launch *l, struct error *err)
{
	int r;

	if (l->spec->rootfs == ROOTFS_DIR_RW)
		r = bind_root(l, err);
	else if (l->spec->driver == DRIVER_FUSE_OVERLAYFS)
		r = bind_served_root(err);
	else
		r = mount_overlay(l, err);
	if (r < 0)
		return r;
	l->root_fd = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->root_fd < 0)
		return error_set(err, errno, "open the root file system");
	return 0;
}

/*
 * An image in which /proc, /dev or /sys is anything but a directory wants
 * something; what, we need not find out (CVE-2019-19921, CVE-2026-41579).
 */
static int system_directory(int root_fd, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(root_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_set(err, errno, "/%s", name);
		if (mkdirat(root_fd, name, 0755) < 0)
			return error_set(err, errno, "make /%s", name);
	} else if (!S_ISDIR(st.st_mode)) {
		return error_say(err, ENOTDIR,
		                 "/%s of this root file system is not a "
		                 "directory", name);
	}
	return path_open_beneath(root_fd, name, O_PATH | O_DIRECTORY, 0, err);
}

int step_attach_stage(struct launch *l, struct error *err)
{
	static const char *const names[] = { "proc", "dev", "sys" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_fd target = system_directory(l->root_fd, names[i], err);
		if (target < 0)
			return target;
		scoped_fd ready = path_open_beneath(l->stage_fd, names[i],
		                                    O_PATH | O_DIRECTORY, 0,
		                                    err);
		if (ready < 0)
			return ready;
		struct stat here, stage;
		if (fstat(ready, &here) < 0 || fstat(l->stage_fd, &stage) < 0)
			return error_set(err, errno, "/%s", names[i]);
		if (here.st_dev == stage.st_dev)
			continue; /* nothing was mounted there */
		int r = mountfd_attach(ready, target, err);
		if (r < 0)
			return error_prefix(err, "/%s", names[i]);
	}
	fd_close(&l->stage_fd);
	return 0;
}

/*
 * A target in the container's root.  Made if it is missing; resolved so that
 * no link leads out of the root.
 */
static int open_target(int root_fd, const char *path, bool directory,
                       struct error *err)
{
	struct error ignored;
	int fd = path_open_in_root(root_fd, path,
	                           O_PATH | (directory ? O_DIRECTORY : 0), 0,
	                           &ignored);

	if (fd >= 0 || ignored.code != ENOENT)
		return fd >= 0 ? fd : (*err = ignored, -err->code);
	if (directory)
		return path_mkdir_in_root(root_fd, path, 0755, err);

	scoped(char) *parent = xstrdup(path);
	char *name = strrchr(parent, '/');
	*name++ = '\0';
	scoped_fd dir = path_mkdir_in_root(root_fd, *parent ? parent : "/",
	                                   0755, err);
	if (dir < 0)
		return dir;
	/* O_EXCL: a dangling link is not followed */
	fd = openat(dir, name,
	            O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd >= 0 ? fd : error_set(err, errno, "make %s", path);
}

/*
 * /etc/hosts and the like are ours: files of the stage, bound over those of
 * the image.  Where the image has none, or a link or something strange, an
 * empty file is put there first, in the upper: never written through.
 */
static int bind_file(struct launch *l, int etc, const char *name,
                     struct error *err)
{
	struct stat st;
	bool exists = fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!exists || !S_ISREG(st.st_mode)) {
		if (l->spec->rootfs == ROOTFS_DIR_RW)
			return 0; /* the user's own directory: left as it is */
		if (exists && S_ISDIR(st.st_mode))
			return error_say(err, EISDIR, "/etc/%s is a directory",
			                 name);
		if (exists && unlinkat(etc, name, 0) < 0)
			return error_set(err, errno, "replace /etc/%s", name);
		scoped_fd made = openat(etc, name,
		                        O_RDONLY | O_CREAT | O_EXCL |
		                                O_CLOEXEC | O_NOFOLLOW,
		                        0644);
		if (made < 0)
			return error_set(err, errno, "make /etc/%s", name);
	}
	scoped_fd target = path_open_beneath(etc, name, O_PATH, 0, err);
	if (target < 0)
		return target;
	scoped_fd file = mountfd_clone(l->stage_fd, name, 0, err);
	if (file < 0)
		return file;
	int r = l->spec->read_only
	                ? mountfd_set(file, MOUNT_ATTR_RDONLY, 0, err)
	                : 0;
	return r < 0 ? r : mountfd_attach(file, target, err);
}

static int write_staged(struct launch *l, const char *name, const char *text,
                        struct error *err)
{
	scoped_fd fd = openat(l->stage_fd, name,
	                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_set(err, errno, "write /etc/%s", name);
	if (fchown(fd, idmap_to_outside(&l->spec->inner_uids, 0),
	           idmap_to_outside(&l->spec->inner_gids, 0)) < 0)
		return error_set(err, errno, "/etc/%s", name);
	int r = fd_write_all(fd, text, strlen(text), err);
	return r < 0 ? error_prefix(err, "/etc/%s", name) : 0;
}

int step_write_files(struct launch *l, struct error *err)
{
	scoped(char) *resolv = NULL;
	scoped(char) *hosts = xasprintf("127.0.0.1\tlocalhost\n"
	                                "::1\tlocalhost ip6-localhost\n"
	                                "127.0.1.1\t%s\n",
	                                l->spec->hostname);
	scoped(char) *hostname = xasprintf("%s\n", l->spec->hostname);
	struct error ignored;

	/* with the host's network the host's name servers answer; without one
	 * there is nobody to ask */
	if (l->spec->network != NETWORK_HOST ||
	    fd_read_file(AT_FDCWD, "/etc/resolv.conf", 1 << 16, &resolv,
	                 &ignored) < 0)
		resolv = xstrdup("# this container has no network\n");
	int r = write_staged(l, "hosts", hosts, err);
	if (r == 0)
		r = write_staged(l, "resolv.conf", resolv, err);
	return r < 0 ? r : write_staged(l, "hostname", hostname, err);
}

int step_bind_files(struct launch *l, struct error *err)
{
	static const char *const names[] = { "hosts", "resolv.conf",
		                             "hostname" };
	scoped_fd etc = path_mkdir_in_root(l->root_fd, "/etc", 0755, err);
	int r = etc < 0 ? etc : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		r = bind_file(l, etc, names[i], err);
	return r;
}

static uint64_t mount_attributes(const struct spec_mount *m)
{
	return MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	       (m->read_only ? MOUNT_ATTR_RDONLY : 0) |
	       (m->exec ? 0 : MOUNT_ATTR_NOEXEC) |
	       (m->symlinks ? 0 : MOUNT_ATTR_NOSYMFOLLOW);
}

/* a tmpfs belongs to the container's root */
static int tmpfs_for(const struct launch *l, const struct spec_mount *m,
                     struct error *err)
{
	struct id_text root = root_ids(l);
	char size[32], mode[16];
	struct mount_option options[] = {
		{ "mode", mode }, { "uid", root.uid }, { "gid", root.gid },
		{ "size", size }, { 0 },
	};

	snprintf(size, sizeof(size), "%llu", (unsigned long long)m->size);
	snprintf(mode, sizeof(mode), "%04o", m->mode);
	if (m->size == 0)
		options[3] = (struct mount_option){ 0 };
	return mountfd_new("tmpfs", options, mount_attributes(m), err);
}

static int source_for(const struct launch *l, const struct spec_mount *m,
                      struct error *err)
{
	if (m->kind == MOUNT_TMPFS)
		return tmpfs_for(l, m, err);
	scoped_fd tree = mountfd_clone(AT_FDCWD, m->source,
	                               m->no_recurse ? 0 : AT_RECURSIVE, err);
	if (tree < 0) {
		/* a mount with mounts in it can only be bound with them */
		if (m->no_recurse && err->code == EINVAL)
			error_hint(err, "%s has other mounts in it: leave out "
			                "the option \"bind\"", m->source);
		return tree;
	}
	int r = mountfd_set(tree, mount_attributes(m),
	                    m->no_recurse ? 0 : AT_RECURSIVE, err);
	return r < 0 ? r : take_fd(tree);
}

static int mount_volume(struct launch *l, const struct spec_mount *m,
                        struct error *err)
{
	struct stat st;
	scoped_fd source = source_for(l, m, err);

	if (source < 0)
		return source;
	if (fstat(source, &st) < 0)
		return error_set(err, errno, "%s", m->target);
	scoped_fd target = open_target(l->root_fd, m->target,
	                               S_ISDIR(st.st_mode), err);
	if (target < 0)
		return target;
	struct stat there;
	if (fstat(target, &there) == 0 &&
	    S_ISDIR(there.st_mode) != S_ISDIR(st.st_mode))
		return error_say(err, S_ISDIR(st.st_mode) ? ENOTDIR : EISDIR,
		                 "a directory and a file cannot be mounted on "
		                 "one another");
	return mountfd_attach(source, target, err);
}

int step_mount_volumes(struct launch *l, struct error *err)
{
	for (size_t i = 0; i < l->spec->n_mounts; i++) {
		const struct spec_mount *m = &l->spec->mounts[i];
		int r = mount_volume(l, m, err);
		if (r < 0)
			return error_prefix(err, "%s%s%s",
			                    m->source ? m->source : "tmpfs",
			                    " on ", m->target);
	}
	return 0;
}

int step_protect_root(struct launch *l, struct error *err)
{
	scoped_fd empty = -1;
	int r = 0;

	/* masks that the user asked for, outside /proc and /sys */
	for (size_t i = 0; r == 0 && i < l->spec->mask.n; i++) {
		const char *path = l->spec->mask.v[i];
		if (!path_is_below(path, "/proc") && !path_is_below(path, "/sys"))
			r = hide(l, l->root_fd, path + 1, &empty, err);
	}
	if (r < 0 || !l->spec->read_only)
		return r;
	return mountfd_set(l->root_fd, MOUNT_ATTR_RDONLY, 0, err);
}
