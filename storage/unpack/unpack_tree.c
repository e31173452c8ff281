#include "storage/unpack/unpack_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"

enum {
	OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
	LINKS_MAX = 40, /* as the kernel follows */
	IMPLIED_MODE = 0755,
};

static int resolve(int root_fd, const char *path, int flags, uint64_t how_far)
{
	return path_resolve(root_fd, *path ? path : ".", flags, 0,
			    how_far | RESOLVE_NO_XDEV);
}

/* Without a link on the way, or, if there is one, with the root as "/" (R2). */
static int open_directory(int root_fd, const char *path)
{
	int fd = resolve(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && errno == ELOOP)
		fd = resolve(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			     RESOLVE_IN_ROOT);
	return fd;
}

int unpack_tree_owner_xattr(int fd, uint32_t uid, uint32_t gid, uint32_t mode,
			    struct error *err)
{
	char text[48];
	int n = snprintf(text, sizeof(text), "%u:%u:0%o", uid, gid, mode);

	if (fsetxattr(fd, "user.containers.override_stat", text, (size_t)n, 0) <
	    0)
		return error_set(err, errno,
				 "keep the owner in an extended "
				 "attribute");
	return 0;
}

/* What a directory that no entry names looks like. */
static int finish_implied(struct unpack_tree *tree, int fd, struct error *err)
{
	if (!tree->single && fchown(fd, 0, 0) < 0)
		return error_set(err, errno, "set the owner of a directory");
	if (tree->single) {
		int r = unpack_tree_owner_xattr(fd, 0, 0, IMPLIED_MODE, err);
		if (r < 0)
			return r;
	}
	if (fchmod(fd, IMPLIED_MODE) < 0)
		return error_set(err, errno, "set the mode of a directory");
	return 0;
}

int unpack_tree_init(struct unpack_tree *tree, int target_fd,
		     const struct unpack_options *options, struct error *err)
{
	*tree = (struct unpack_tree){
		.root_fd = openat(target_fd, ".", OPEN_DIRECTORY),
		.layer = options->layer,
		.single = options->single,
		.max_files = options->max_files ? options->max_files : 4000000,
		.parent_fd = -1,
	};
	if (tree->root_fd < 0)
		return error_set(err, errno, "open the directory to unpack to");
	int r = finish_implied(tree, tree->root_fd, err);
	if (r < 0)
		unpack_tree_free(tree);
	return r;
}

void unpack_tree_free(struct unpack_tree *tree)
{
	fd_close(&tree->parent_fd);
	fd_close(&tree->root_fd);
}

int unpack_tree_count(struct unpack_tree *tree, struct error *err)
{
	if (tree->files >= tree->max_files)
		return error_say(err, EFBIG, "it has more than %llu files",
				 (unsigned long long)tree->max_files);
	tree->files++;
	return 0;
}

static int keep_time(int fd, struct timespec mtime, struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime };

	if (futimens(fd, times) < 0)
		return error_set(err, errno, "set the time of a directory");
	return 0;
}

int unpack_tree_leave(struct unpack_tree *tree, struct error *err)
{
	int r = 0;

	if (tree->parent_fd >= 0)
		r = keep_time(tree->parent_fd, tree->parent_mtime, err);
	fd_close(&tree->parent_fd);
	return r;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Remove ".wh.NAME" if there is one; 1 if there was. */
static int drop_whiteout_file(struct unpack_tree *tree, int dirfd,
			      const char *name, struct error *err)
{
	char file[UNPACK_NAME_MAX + 8];

	if (!tree->whiteout_files ||
	    snprintf(file, sizeof(file), ".wh.%s", name) > UNPACK_NAME_MAX)
		return 0;
	if (unlinkat(dirfd, file, 0) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	return error_set(err, errno, "remove %s", file);
}

int unpack_tree_make_room(struct unpack_tree *tree, int dirfd, const char *name,
			  bool keep_directory, struct error *err)
{
	struct stat st;
	int r = drop_whiteout_file(tree, dirfd, name, err);

	if (r < 0)
		return r;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_set(err, errno, "look at %s", name);
		return r ? UNPACK_WAS_WHITEOUT : UNPACK_WAS_NOTHING;
	}
	if (S_ISDIR(st.st_mode) && keep_directory)
		return UNPACK_IS_DIRECTORY;
	if (S_ISDIR(st.st_mode)) {
		r = path_remove_tree(dirfd, name, err);
		if (r < 0)
			return r;
	} else if (unlinkat(dirfd, name, 0) < 0) {
		return error_set(err, errno, "remove %s", name);
	}
	return is_whiteout(&st) ? UNPACK_WAS_WHITEOUT : UNPACK_WAS_OTHER;
}

int unpack_tree_opaque(int dirfd, struct error *err)
{
	static const char *const names[] = { "user.overlay.opaque",
					     "user.fuseoverlayfs.opaque" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fsetxattr(dirfd, names[i], "y", 1, 0) < 0)
			return error_set(err, errno, "set %s", names[i]);
	return 0;
}

int unpack_tree_directory(struct unpack_tree *tree, int dirfd, const char *name,
			  int *ret_fd, struct error *err)
{
	int before = UNPACK_WAS_NOTHING;

	/* a ".wh." file does not stand in the way, but must go */
	if (tree->whiteout_files || mkdirat(dirfd, name, 0700) < 0) {
		if (!tree->whiteout_files && errno != EEXIST)
			return error_set(err, errno, "make the directory %s",
					 name);
		before = unpack_tree_make_room(tree, dirfd, name, true, err);
		if (before < 0)
			return before;
		if (before != UNPACK_IS_DIRECTORY &&
		    mkdirat(dirfd, name, 0700) < 0)
			return error_set(err, errno, "make the directory %s",
					 name);
	}
	scoped_fd fd = openat(dirfd, name, OPEN_DIRECTORY);
	if (fd < 0)
		return error_set(err, errno, "open the directory %s", name);
	if (before == UNPACK_WAS_WHITEOUT) {
		int r = unpack_tree_opaque(fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = take_fd(fd);
	return before != UNPACK_IS_DIRECTORY;
}

/* A missing directory, made in @dirfd, whose time stays as it was. */
static int make_implied(struct unpack_tree *tree, int dirfd, const char *name,
			int *ret_fd, struct error *err)
{
	struct stat st;
	scoped_fd fd = -1;
	int r = unpack_tree_count(tree, err);

	if (r < 0)
		return r;
	if (fstat(dirfd, &st) < 0)
		return error_set(err, errno, "look at a directory");
	r = unpack_tree_directory(tree, dirfd, name, &fd, err);
	if (r == 1)
		r = finish_implied(tree, fd, err);
	if (r >= 0)
		r = keep_time(dirfd, st.st_mtim, err);
	if (r >= 0)
		*ret_fd = take_fd(fd);
	return r;
}

static int make_directories(struct unpack_tree *tree, const char *path,
			    int links, int *ret_fd, struct error *err);

/*
 * A link as a parent whose goal is not there yet: make the goal.  ".." in it
 * is taken as text here; that may name another directory than the kernel
 * would, but none outside, for it is resolved from the root like any name.
 */
static int make_goal(struct unpack_tree *tree, int dirfd, const char *name,
		     const char *prefix, int links, int *ret_fd,
		     struct error *err)
{
	char goal[UNPACK_PATH_MAX], clean[UNPACK_PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, goal, sizeof(goal) - 1);

	if (n < 0)
		return error_set(err, errno, "read the link %s", prefix);
	if (links >= LINKS_MAX)
		return error_set(err, ELOOP, "%s", prefix);
	goal[n] = '\0';
	scoped(char) *base = xasprintf(
		"/%.*s", (int)(unpack_path_name(prefix) - prefix), prefix);
	scoped(char) *whole = path_normalize(base, goal);
	int r = unpack_path_clean(whole, clean, err);
	if (r < 0)
		return r;
	return make_directories(tree, clean, links + 1, ret_fd, err);
}

/* One step further down, to @name in @dirfd, which is @prefix in the root */
static int step_down(struct unpack_tree *tree, int dirfd, const char *name,
		     const char *prefix, int links, int *ret_fd,
		     struct error *err)
{
	struct stat st;
	int fd = openat(dirfd, name, OPEN_DIRECTORY);

	if (fd < 0 && errno == ENOENT)
		return make_implied(tree, dirfd, name, ret_fd, err);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_set(err, errno, "look at %s", prefix);
		if (is_whiteout(&st))
			return make_implied(tree, dirfd, name, ret_fd, err);
		if (!S_ISLNK(st.st_mode))
			return error_set(err, ENOTDIR, "an entry lies below %s",
					 prefix);
		fd = open_directory(tree->root_fd, prefix);
		if (fd < 0 && errno == ENOENT)
			return make_goal(tree, dirfd, name, prefix, links,
					 ret_fd, err);
	}
	if (fd < 0)
		return error_set(err, errno, "open the directory %s", prefix);
	*ret_fd = fd;
	return 0;
}

static int make_directories(struct unpack_tree *tree, const char *path,
			    int links, int *ret_fd, struct error *err)
{
	char prefix[UNPACK_PATH_MAX];
	scoped_fd dir = openat(tree->root_fd, ".", OPEN_DIRECTORY);
	size_t end = 0;

	if (dir < 0)
		return error_set(err, errno, "open the root");
	while (path[end]) {
		scoped_fd next = -1;
		size_t start = end + (path[end] == '/');

		end = start + strcspn(path + start, "/");
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		int r = step_down(tree, dir, prefix + start, prefix, links,
				  &next, err);
		if (r < 0)
			return r;
		fd_close(&dir);
		dir = take_fd(next);
	}
	*ret_fd = take_fd(dir);
	return 0;
}

/* The path without its last component, into @to. */
static void directory_of(const char *path, char to[UNPACK_PATH_MAX])
{
	size_t n = (size_t)(unpack_path_name(path) - path);

	if (n > 0)
		n--;
	memcpy(to, path, n);
	to[n] = '\0';
}

int unpack_tree_enter(struct unpack_tree *tree, const char *path,
		      struct error *err)
{
	char directory[UNPACK_PATH_MAX];
	struct stat st;

	directory_of(path, directory);
	if (tree->parent_fd >= 0 && strcmp(directory, tree->parent_path) == 0)
		return 0;
	int r = unpack_tree_leave(tree, err);
	if (r < 0)
		return r;
	scoped_fd fd = open_directory(tree->root_fd, directory);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return error_set(err, errno, "open the directory /%s",
				 directory);
	if (fd < 0) {
		r = make_directories(tree, directory, 0, &fd, err);
		if (r < 0)
			return r;
	}
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at %s", directory);
	tree->parent_fd = take_fd(fd);
	tree->parent_mtime = st.st_mtim;
	strcpy(tree->parent_path, directory);
	return 0;
}

bool unpack_tree_hides(const struct unpack_tree *tree, const char *path)
{
	char directory[UNPACK_PATH_MAX];

	directory_of(path, directory);
	scoped_fd fd = resolve(tree->root_fd, directory,
			       O_PATH | O_DIRECTORY | O_CLOEXEC,
			       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return fd < 0 && (errno == ENOTDIR || errno == ELOOP);
}

int unpack_tree_find(struct unpack_tree *tree, const char *path,
		     struct error *err)
{
	char directory[UNPACK_PATH_MAX];

	directory_of(path, directory);
	int fd = open_directory(tree->root_fd, directory);
	if (fd < 0)
		return error_set(err, errno, "open the directory /%s",
				 directory);
	return fd;
}

static int make_whiteout_file(struct unpack_tree *tree, const char *name,
			      struct error *err)
{
	char file[UNPACK_NAME_MAX + 8];

	snprintf(file, sizeof(file), ".wh.%s", name);
	scoped_fd fd = openat(
		tree->parent_fd, file,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return error_set(err, errno, "make the whiteout %s", file);
	tree->whiteouts++;
	return 0;
}

int unpack_tree_whiteout(struct unpack_tree *tree, const char *name,
			 struct error *err)
{
	struct stat st;

	if (fstatat(tree->parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		/* the layer's own entry stays, what is below it is hidden */
		if (!S_ISDIR(st.st_mode))
			return 0;
		scoped_fd fd = openat(tree->parent_fd, name, OPEN_DIRECTORY);
		if (fd < 0)
			return error_set(err, errno, "open %s", name);
		return unpack_tree_opaque(fd, err);
	}
	if (errno != ENOENT)
		return error_set(err, errno, "look at %s", name);
	if (!tree->whiteout_files) {
		if (mknodat(tree->parent_fd, name, S_IFCHR, makedev(0, 0)) == 0)
			return 0;
		/* overlayfs, and all before Linux 5.8: EPERM */
		if (errno != EPERM && errno != EOPNOTSUPP && errno != EINVAL)
			return error_set(err, errno, "make the whiteout of %s",
					 name);
		tree->whiteout_files = true;
	}
	return make_whiteout_file(tree, name, err);
}
