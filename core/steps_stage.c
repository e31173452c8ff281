/*
 * core/steps_stage.c - /proc, /dev, /sys and the network's files, made ready by
 * PID 1 on a stage, a tmpfs, while the file system server starts
 *
 * It is still root of the outer user namespace: what is mounted here the
 * container can neither unmount nor remount (mount_namespaces(7), "locked").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/mountfd.h"
#include "base/path.h"
#include "core/masking.h"
#include "core/steps.h"

/* a new file system on @path below @base */
static int mount_new(int base, const char *path, const char *type,
		     const struct mount_option *options, uint64_t attributes,
		     struct error *err)
{
	scoped_fd target =
		path_open_beneath(base, path, O_PATH | O_DIRECTORY, 0, err);
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
	static const struct mount_option options[] = { { "mode", "0755" },
						       { "size", "1m" },
						       { 0 } };
	scoped_fd stage = mountfd_new("tmpfs", options, MASKING_SYSTEM, err);
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (stage < 0)
		return -err->code;
	if (target < 0)
		return error_set(err, errno,
				 "open the mount point of the root");
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
	int r = mount_new(l->stage_fd, "proc", "proc", NULL, MASKING_SYSTEM,
			  err);

	if (r == -EPERM)
		error_hint(err,
			   "this machine, or the container that wolffia "
			   "itself runs in, hides parts of /proc: the "
			   "kernel then lets nobody mount a new one. Start "
			   "the outer container with --security-opt "
			   "unmask=ALL (podman) or "
			   "systempaths=unconfined (docker)");
	return r;
}

int step_mask_proc(struct launch *l, struct error *err)
{
	return masking_cover(l, l->stage_fd, "/proc", err);
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
	scoped_fd target = openat(
		stage, path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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
		{ "newinstance", NULL },
		{ "ptmxmode", "0666" },
		{ "mode", "0620" },
		{ "gid", gid },
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
	struct id_text root = launch_root_ids(l);
	const struct mount_option dev_options[] = {
		{ "mode", "0755" },
		{ "size", "64k" },
		{ "uid", root.uid },
		{ "gid", root.gid },
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
		{ "mode", "1777" },
		{ "size", size },
		{ "uid", root.uid },
		{ "gid", root.gid },
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
			      MASKING_SYSTEM, err);
	if (r == 0)
		r = make_directory(l->stage_fd, "dev/mqueue", 0755, err);
	return r;
}

/* no cgroup2 on this machine is no reason not to start */
static int mount_cgroups(int base, struct error *err)
{
	int r = mount_new(base, "sys/fs/cgroup", "cgroup2", NULL,
			  MASKING_SYSTEM | MOUNT_ATTR_RDONLY, err);

	return r == -ENODEV || r == -EBUSY || r == -ENOENT ? 0 : r;
}

/*
 * File systems that show a namespace: sysfs the network's, mqueue the IPC's,
 * cgroup2 the cgroup's.  They can be mounted only by the namespaces' owner.
 */
int step_mount_system(struct launch *l, struct error *err)
{
	/* before the root is in place they go to the stage, else into it */
	int base = l->stage_fd >= 0 ? l->stage_fd : l->root_fd;
	int r = mount_new(base, "dev/mqueue", "mqueue", NULL, MASKING_SYSTEM,
			  err);

	/* without a network namespace of its own it gets none of the host's */
	if (r < 0 || l->spec->network == NETWORK_HOST)
		return r;
	r = mount_new(base, "sys", "sysfs", NULL, MASKING_SYSTEM, err);
	if (r == 0)
		r = mount_cgroups(base, err);
	if (r == 0)
		r = masking_cover(l, base, "/sys", err);
	if (r == 0 && !masking_is_lifted(l->spec, "/sys"))
		r = masking_freeze(base, "sys", err);
	return r;
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

	/* with the host's network the host's name servers answer; without one
	 * there is nobody to ask */
	ssize_t n = l->spec->network != NETWORK_HOST
			    ? -ENOENT
			    : fd_read_file(AT_FDCWD, "/etc/resolv.conf",
					   1 << 16, &resolv, err);
	if (n < 0 && n != -ENOENT)
		return (int)n;
	if (n < 0)
		resolv = xstrdup("# this container has no network\n");
	int r = write_staged(l, "hosts", hosts, err);
	if (r == 0)
		r = write_staged(l, "resolv.conf", resolv, err);
	return r < 0 ? r : write_staged(l, "hostname", hostname, err);
}
