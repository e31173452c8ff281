#include "storage/copy/copy_send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/copy/copy_spot.h"
#include "storage/tree_confine.h"
#include "storage/tree_walk.h"

/* of kernels younger than the header of the machine we are built on */
#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif

/* Their files have no size and no end, or do something when they are read. */
static bool is_of_kernel(int fd)
{
	static const unsigned long magic[] = {
		PROC_SUPER_MAGIC,    SYSFS_MAGIC,      CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,    TRACEFS_MAGIC,
		BPF_FS_MAGIC,        SECURITYFS_MAGIC, DEVPTS_SUPER_MAGIC,
		EFIVARFS_MAGIC,      PSTOREFS_MAGIC,   MQUEUE_MAGIC,
		CONFIGFS_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(magic); i++)
		if ((unsigned long)fs.f_type == magic[i])
			return true;
	return false;
}

char *copy_source_name(const char *path)
{
	struct copy_path split;

	copy_path_split(path, &split);
	char *name = xstrdup(split.content ? "." : split.name);
	copy_path_free(&split);
	return name;
}

static int check(const struct copy_spot *spot, struct error *err)
{
	if (!spot->exists)
		return error_say(err, ENOENT, "there is no such file");
	if (is_of_kernel(spot->fd >= 0 ? spot->fd : spot->dirfd)) {
		error_say(
			err, ENOTSUP,
			"it is not a stored file, but made by the kernel when "
			"it is read");
		return error_hint(err, "cat(1) reads it, in a container by "
				       "\"wolffia exec\"");
	}
	if (S_ISSOCK(spot->st.st_mode))
		return error_say(err, ENOTSUP,
				 "it is a socket, which is nothing without its "
				 "server");
	if (S_ISCHR(spot->st.st_mode) || S_ISBLK(spot->st.st_mode))
		return error_say(err, ENOTSUP,
				 "it is a device, and devices are not copied");
	return 0;
}

/*
 * A mount that is no part of a container's files: the kernel's, and those that
 * a start puts into the root.
 */
static bool is_not_entered(const struct tree_entry *entry,
			   const struct stat *top, bool root)
{
	static const char *const names[] = { "proc", "sys", "dev" };

	if (entry->st.st_dev == top->st_dev)
		return false;
	for (size_t i = 0; root && entry->depth == 0 && i < ARRAY_SIZE(names);
	     i++)
		if (strcmp(entry->name, names[i]) == 0)
			return true;
	return is_of_kernel(entry->fd);
}

static bool is_root(const struct stat *st)
{
	struct stat root;

	return stat("/", &root) == 0 && root.st_dev == st->st_dev &&
	       root.st_ino == st->st_ino;
}

static int add_below(const struct copy_source *source, struct tree_walk *walk,
		     const struct stat *top, bool root, struct tarball *tarball,
		     struct error *err)
{
	struct tree_entry entry;
	int r;

	while ((r = tree_walk_next(walk, &entry, err)) > 0) {
		char path[UNPACK_NAME_MAX + 1 + TREE_PATH_MAX];
		if (r != TREE_ENTRY)
			continue;
		snprintf(path, sizeof(path), "%s/%s", source->as, entry.path);
		bool empty = entry.fd >= 0 && is_not_entered(&entry, top, root);
		r = tarball_add(tarball, &entry, path, err);
		if (r < 0)
			return r;
		if (empty)
			tree_walk_skip(walk);
	}
	return r;
}

static int add_directory(const struct copy_source *source,
			 const struct copy_spot *spot, bool root,
			 struct tarball *tarball, struct error *err)
{
	struct tree_walk *walk = NULL;
	struct tree_entry top = {
		.path = source->as,
		.name = source->as,
		.dirfd = -1,
		.fd = spot->fd,
		.st = spot->st,
	};
	int r = tree_walk_new(spot->fd, &walk, err);

	if (r == 0) {
		tree_walk_enter_mounts(walk);
		r = tarball_add(tarball, &top, source->as, err);
	}
	if (r == 0)
		r = add_below(source, walk, &spot->st, root, tarball, err);
	tree_walk_free(walk);
	return r;
}

static int add_file(const struct copy_source *source,
		    const struct copy_spot *spot, struct tarball *tarball,
		    struct error *err)
{
	struct tree_entry entry = {
		.path = source->path + strspn(source->path, "/"),
		.name = spot->name,
		.dirfd = spot->dirfd,
		.fd = -1,
		.crosses = true,
		.st = spot->st,
	};

	return tarball_add(tarball, &entry, source->as, err);
}

/* from O_PATH to what can be read, before the system calls are cut down */
static int open_directory(struct copy_spot *spot, const char *path,
			  struct error *err)
{
	int fd = openat(spot->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open the directory %s", path);
	fd_close(&spot->dirfd);
	fd_close(&spot->fd);
	spot->fd = fd;
	return 0;
}

static int send_spot(const struct copy_source *source, struct copy_spot *spot,
		     int out_fd, struct tarball *tarball, struct error *err)
{
	bool directory = spot->fd >= 0;
	int r = check(spot, err);

	if (r == 0 && directory)
		r = open_directory(spot, source->path, err);
	bool root = r == 0 && directory && source->flags & COPY_INSIDE &&
		    is_root(&spot->st);
	int tree = directory ? spot->fd : spot->dirfd;
	if (r == 0)
		r = tree_confine(&tree, 1, out_fd, err);
	if (r < 0)
		return r;
	r = directory ? add_directory(source, spot, root, tarball, err)
		      : add_file(source, spot, tarball, err);
	/* its own words begin where the walk does */
	if (r < 0)
		return directory && r != -EPIPE
			       ? error_prefix(err, "in %s", source->path)
			       : r;
	return tarball_finish(tarball, err);
}

int copy_send(const struct copy_source *source, int out_fd,
	      struct tarball *tarball, struct error *err)
{
	struct copy_spot spot = COPY_SPOT_NONE;
	int r = copy_spot_find(source->path, source->flags, &spot, err);

	if (r == 0 && !(source->flags & COPY_INSIDE))
		r = copy_spot_check(&spot, source->path, source->writable, err);
	if (r == 0)
		r = send_spot(source, &spot, out_fd, tarball, err);
	copy_spot_close(&spot);
	return r;
}
