/*
 * core/steps_root.c - the container's root, and what is mounted in it: the
 * stage's directories and files, and the volumes
 *
 * Still in the outer user namespace, so all of it is locked for the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/mountfd.h"
#include "base/path.h"
#include "core/masking.h"
#include "core/steps.h"

/* Without room for its work directory the kernel makes it read-only, and says
 * so only in its log. */
static int check_writable(struct error *err)
{
	struct statvfs fs;

	if (statvfs(STATE_ROOT, &fs) < 0)
		return error_set(err, errno, "look at the root");
	return fs.f_flag & ST_RDONLY
		       ? error_set(err, ENOSPC,
				   "make the work directory of the overlay")
		       : 0;
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
		const char *path = served                ? STATE_LOWER
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
	 * umount writes the whole file system of the store.  An upper can be
	 * mounted so only once (overlayfs.rst, "Volatile mount"). */
	bool last = spec->remove && !l->visit;
	scoped(char) *all =
		xasprintf("%s,upperdir=upper,workdir=work,userxattr%s", options,
			  last ? ",volatile" : "");
	unsigned long flags =
		MS_NODEV | (spec->no_new_privileges ? MS_NOSUID : 0);
	if (r == 0 && mount("overlay", STATE_ROOT, "overlay", flags, all) < 0) {
		r = error_set(err, errno, "mount an overlay");
		if (r == -EINVAL || r == -ENODEV)
			error_hint(err,
				   "the kernel's overlayfs cannot use this "
				   "store or this lower directory (dmesg "
				   "may tell): try --driver "
				   "fuse-overlayfs");
	}
	if (r == 0)
		r = check_writable(err);
	while (n > 0)
		fd_close(&fds[--n]);
	return r;
}

static int bind_root(struct launch *l, struct error *err)
{
	scoped_fd tree =
		mountfd_clone(AT_FDCWD, l->spec->rootfs_dir, AT_RECURSIVE, err);
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (tree < 0)
		return tree;
	if (target < 0)
		return error_set(err, errno,
				 "open the mount point of the root");
	int r = mountfd_set(
		tree,
		MOUNT_ATTR_NODEV |
			(l->spec->no_new_privileges ? MOUNT_ATTR_NOSUID : 0),
		AT_RECURSIVE, err);
	return r < 0 ? r : mountfd_attach(tree, target, err);
}

/* fuse-overlayfs alone serves the whole root */
static int bind_served_root(struct error *err)
{
	scoped_fd target = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return error_set(err, errno,
				 "open the mount point of the root");
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
				 "directory",
				 name);
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
		scoped_fd ready = path_open_beneath(
			l->stage_fd, names[i], O_PATH | O_DIRECTORY, 0, err);
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
	scoped_fd dir =
		path_mkdir_in_root(root_fd, *parent ? parent : "/", 0755, err);
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
	struct id_text root = launch_root_ids(l);
	char size[32], mode[16];
	struct mount_option options[] = {
		{ "mode", mode },
		{ "uid", root.uid },
		{ "gid", root.gid },
		{ "size", size },
		{ 0 },
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
			error_hint(err,
				   "%s has other mounts in it: leave out "
				   "the option \"bind\"",
				   m->source);
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
	scoped_fd target =
		open_target(l->root_fd, m->target, S_ISDIR(st.st_mode), err);
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
		if (!path_is_below(path, "/proc") &&
		    !path_is_below(path, "/sys"))
			r = masking_hide(l, l->root_fd, path + 1, &empty, err);
	}
	if (r < 0 || !l->spec->read_only)
		return r;
	return mountfd_set(l->root_fd, MOUNT_ATTR_RDONLY, 0, err);
}
