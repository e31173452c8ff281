#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/digest.h"

static const char *const directories[] = {
	"oci",   "oci/blobs", "oci/blobs/sha256", "layers",      "containers",
	"names", "mounts",    "mounts/lower",     "mounts/root", "volumes",
	"tmp",   "partial",
};

/* a variable counts when it is an absolute path: basedir-spec 0.8 */
static const char *absolute_from_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

int store_default_path(const char *option, char **ret, struct error *err)
{
	const char *own = getenv("WOLFFIA_STORE");
	const char *data = absolute_from_env("XDG_DATA_HOME");
	const char *home = absolute_from_env("HOME");

	if (option && !*option)
		return error_say(err, EINVAL, "the path of the store is empty");
	if (option)
		*ret = xstrdup(option);
	else if (own && *own)
		*ret = xstrdup(own);
	else if (data)
		*ret = xasprintf("%s/wolffia", data);
	else if (home)
		*ret = xasprintf("%s/.local/share/wolffia", home);
	else {
		error_say(err, ENOENT,
			  "there is no place for the store: HOME "
			  "is not set");
		return error_hint(err,
				  "set HOME, or name one with --store DIR");
	}
	return 0;
}

static int open_directory(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		int r = path_mkdir_parents(path, 0700, err);
		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd >= 0 ? fd : error_set(err, errno, "open %s", path);
}

static int check_owner(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (st.st_uid != geteuid()) {
		error_say(err, EPERM,
			  "the store %s belongs to user %u, not "
			  "to you (%u)",
			  path, st.st_uid, geteuid());
		return error_hint(err, "choose another one with --store DIR");
	}
	if (st.st_mode & 022) {
		error_say(err, EPERM,
			  "others may write the store %s (mode "
			  "%04o)",
			  path, st.st_mode & 07777);
		return error_hint(err, "chmod 700 '%s'", path);
	}
	return 0;
}

/* EEXIST comes before EROFS, so a store that is there may be read-only */
static int make_directories(int fd, const char *path, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdirat(fd, directories[i], 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make %s/%s", path,
					 directories[i]);
	return 0;
}

int store_open(struct store *ret, const char *path, struct error *err)
{
	scoped(char) *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	if (path[0] != '/' && !cwd)
		return error_set(err, errno, "find the working directory");
	scoped(char) *absolute = path_normalize(cwd ? cwd : "/", path);
	scoped_fd fd = open_directory(absolute, err);
	int r = fd;

	if (r >= 0)
		r = check_owner(fd, absolute, err);
	if (r >= 0)
		r = make_directories(fd, absolute, err);
	if (r < 0)
		return error_prefix(err, "cannot open the store");
	ret->path = take_ptr(absolute);
	ret->dirfd = take_fd(fd);
	return 0;
}

void store_close(struct store *store)
{
	/* {0} is a store that was never opened: 0 is not its descriptor */
	if (store->path)
		fd_close(&store->dirfd);
	free(store->path);
	for (size_t i = 0; i < store->n_images; i++)
		store_close(&store->images[i]);
	free(store->images);
	*store = (struct store){ .dirfd = -1 };
}

static int set_lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = length,
	};
	int r;

	do
		r = fcntl(fd, command, &lock);
	while (r < 0 && errno == EINTR);
	return r;
}

static int open_lock(const struct store *store, const char *name,
		     struct error *err)
{
	int fd = openat(store->dirfd, name,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* reading needs no more, and a store may be on a read-only disk */
	if (fd < 0 && errno == EROFS)
		fd = openat(store->dirfd, name,
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(err, errno, "open %s/%s", store->path, name);
	return fd;
}

int store_lock(const struct store *store, struct error *err)
{
	scoped_fd fd = open_lock(store, "lock", err);

	if (fd < 0)
		return fd;
	if (set_lock(fd, F_OFD_SETLKW, F_WRLCK, 0, 0) < 0)
		return error_set(err, errno, "lock %s/lock", store->path);
	return take_fd(fd);
}

int store_open_holds(const struct store *store, struct error *err)
{
	return open_lock(store, "layers.lock", err);
}

static off_t layer_offset(const char *name)
{
	char digits[16];

	strncpy(digits, name, sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	return (off_t)strtoll(digits, NULL, 16);
}

int store_hold_layer(const struct store *store, int holds_fd, const char *name,
		     struct error *err)
{
	scoped(char) *path = xasprintf("layers/%s", name);
	struct stat st;

	if (set_lock(holds_fd, F_OFD_SETLKW, F_RDLCK, layer_offset(name), 1) <
	    0)
		return error_set(err, errno, "lock layer %s", name);
	/* looked for only now: before, somebody could have removed it */
	if (fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "layer %s", name);
	return 0;
}

/* the store may have been named in another way when @path was written down */
static bool is_in(const struct store *store, const char *path, const char *name)
{
	scoped(char) *ours = xasprintf("%s/layers/%s", store->path, name);
	scoped(char) *below = xasprintf("layers/%s", name);
	struct stat a, b;

	if (strcmp(ours, path) == 0)
		return true;
	return stat(path, &a) < 0 ||
	       (fstatat(store->dirfd, below, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

int store_hold_path(const struct store *store, int holds_fd, const char *path,
		    struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return is_in(store, path, name)
		       ? store_hold_layer(store, holds_fd, name, err)
		       : 0;
}

int store_seize_layer(int holds_fd, const char *name, struct error *err)
{
	if (set_lock(holds_fd, F_OFD_SETLK, F_WRLCK, layer_offset(name), 1) ==
	    0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return error_say(err, EBUSY, "layer %s is in use", name);
	return error_set(err, errno, "lock layer %s", name);
}

char *store_layer_name(const char *diff_id, bool single)
{
	return xasprintf("%s%s", digest_hex(diff_id), single ? ".single" : "");
}

int store_sync_dir(const struct store *store, const char *path,
		   struct error *err)
{
	scoped_fd fd =
		openat(store->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open %s/%s", store->path, path);
	if (fsync(fd) < 0)
		return error_set(err, errno, "sync %s/%s", store->path, path);
	return 0;
}
