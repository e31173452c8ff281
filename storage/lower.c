#include "storage/lower.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

const char overlay_opaque[] = "user.overlay.opaque";
const char overlay_fuse_opaque[] = "user.fuseoverlayfs.opaque";

bool overlay_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool overlay_is_opaque(int fd, const char *name)
{
	char value[2];

	return fgetxattr(fd, name, value, sizeof(value)) == 1 &&
	       value[0] == 'y';
}

void lower_root(const struct lower *lower, struct lower_dir *ret)
{
	*ret = (struct lower_dir){ .n = lower->n };
	ret->layers = xcalloc(lower->n + 1, sizeof(*ret->layers));
	for (size_t i = 0; i < lower->n; i++)
		ret->layers[i] = (uint16_t)i;
}

void lower_dir_free(struct lower_dir *dir)
{
	free(dir->layers);
	*dir = (struct lower_dir){ 0 };
}

/* a layer may have mounts in it: this machine's root has */
static int open_path(int layer_fd, const char *path, int flags)
{
	return path_resolve(layer_fd, *path ? path : ".", flags | O_NOFOLLOW, 0,
			    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static bool is_covered(const struct lower *lower, const char *path)
{
	for (size_t i = 0; i < lower->covered.n; i++) {
		size_t n = strlen(lower->covered.v[i]);
		if (strncmp(path, lower->covered.v[i], n) == 0 &&
		    path[n] == '/')
			return true;
	}
	return false;
}

/* A ".wh.NAME" beside where NAME would be. */
static bool has_whiteout_file(int layer_fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	scoped(char) *mark =
		xasprintf("%.*s.wh.%s", (int)(name - path), path, name);
	scoped_fd fd = open_path(layer_fd, mark, O_PATH);

	return fd >= 0;
}

static bool is_opaque(int layer_fd, const char *path, bool files)
{
	scoped_fd fd = open_path(layer_fd, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return false;
	return overlay_is_opaque(fd, overlay_opaque) ||
	       overlay_is_opaque(fd, overlay_fuse_opaque) ||
	       (files &&
		faccessat(fd, ".wh..wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

int lower_look(const struct lower *lower, const struct lower_dir *dir,
	       const char *path, struct stat *ret_st, struct lower_dir *ret_dir)
{
	struct lower_dir found = { 0 };
	bool any = false;

	if (ret_dir)
		*ret_dir = found;
	if (dir->n == 0 || is_covered(lower, path))
		return 0;
	if (ret_dir)
		found.layers = xcalloc(dir->n, sizeof(*found.layers));
	for (size_t i = 0; i < dir->n; i++) {
		int layer_fd = lower->fds[dir->layers[i]];
		scoped_fd fd = open_path(layer_fd, path, O_PATH);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0) {
			if (lower->whiteout_files &&
			    has_whiteout_file(layer_fd, path))
				break;
			continue;
		}
		if (overlay_is_whiteout(&st) || (any && !S_ISDIR(st.st_mode)))
			break;
		if (!any)
			*ret_st = st;
		any = true;
		if (!ret_dir || !S_ISDIR(st.st_mode))
			break;
		found.layers[found.n++] = dir->layers[i];
		if (i + 1 < dir->n &&
		    is_opaque(layer_fd, path, lower->whiteout_files))
			break;
	}
	if (ret_dir)
		*ret_dir = found;
	return any;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_once(struct strv *list)
{
	size_t n = 0;

	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare);
	for (size_t i = 0; i < list->n; i++) {
		if (n && strcmp(list->v[n - 1], list->v[i]) == 0)
			free(list->v[i]);
		else
			list->v[n++] = list->v[i];
	}
	list->n = n;
	if (list->v)
		list->v[n] = NULL;
}

static int list_layer(int layer_fd, const char *path, struct strv *ret,
		      struct error *err)
{
	int fd = open_path(layer_fd, path, O_RDONLY | O_DIRECTORY);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		error_set(err, errno, "list /%s in a layer", path);
		fd_close(&fd);
		return -err->code;
	}
	for (struct dirent *entry; (entry = readdir(list));)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			strv_add(ret, entry->d_name);
	closedir(list);
	return 0;
}

int lower_list(const struct lower *lower, const struct lower_dir *dir,
	       const char *path, struct strv *ret, struct error *err)
{
	scoped_strv names = { 0 };

	for (size_t i = 0; i < dir->n; i++) {
		int r = list_layer(lower->fds[dir->layers[i]], path, &names,
				   err);
		if (r < 0)
			return r;
	}
	sort_once(&names);
	for (size_t i = 0; i < names.n; i++) {
		scoped(char) *below =
			xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
		struct stat st;
		if (lower->whiteout_files &&
		    text_starts_with(names.v[i], ".wh."))
			continue;
		if (lower_look(lower, dir, below, &st, NULL))
			strv_add(ret, names.v[i]);
	}
	return 0;
}
