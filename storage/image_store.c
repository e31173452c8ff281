#include "storage/image_store.h"

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

/* who may write one of these decides what runs */
static const char *const guarded[] = { ".", "oci", "oci/blobs",
				       "oci/blobs/sha256", "layers" };

static int refuse(int code, const char *path, const char *part,
		  struct error *err)
{
	error_set(err, code, "the image store %s: %s", path, part);
	if (code == EACCES)
		return error_hint(err,
				  "its owner can let others read it: chmod "
				  "go+rx '%s' '%s/layers'; chmod -R go+rX "
				  "'%s/oci'",
				  path, path, path);
	return error_hint(err, "it must be a store of wolffia's, with images "
			       "in it; see wolffia(1)");
}

static int check_directory(int fd, const char *path, const char *part,
			   struct error *err)
{
	struct stat st;

	if (fstatat(fd, part, &st, 0) < 0)
		return refuse(errno, path, part, err);
	if (!S_ISDIR(st.st_mode))
		return refuse(ENOTDIR, path, part, err);
	if (!(st.st_mode & 022))
		return 0;
	error_say(err, EPERM, "others may write %s/%s (mode %04o)", path, part,
		  st.st_mode & 07777);
	return error_hint(err, "chmod go-w '%s/%s'", path, part);
}

static int check(int fd, const char *path, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(guarded); i++)
		r = check_directory(fd, path, guarded[i], err);
	if (r == 0 && faccessat(fd, "oci/index.json", R_OK, 0) < 0)
		return refuse(errno, path, "oci/index.json", err);
	if (r == 0 && faccessat(fd, "layers", X_OK, 0) < 0)
		return refuse(errno, path, "layers", err);
	return r;
}

static bool is_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static int open_one(struct store *store, const char *text, struct error *err)
{
	scoped(char) *cwd = text[0] == '/' ? NULL : getcwd(NULL, 0);

	if (text[0] != '/' && !cwd)
		return error_set(err, errno, "find the working directory");
	scoped(char) *path = path_normalize(cwd ? cwd : "/", text);
	scoped_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(errno, path, "open it", err);
	if (is_same(fd, store->dirfd))
		return 0;
	int r = check(fd, path, err);
	if (r < 0)
		return r;
	store->images = xreallocarray(store->images, store->n_images + 1,
				      sizeof(*store->images));
	store->images[store->n_images++] = (struct store){
		.path = take_ptr(path),
		.dirfd = take_fd(fd),
	};
	return 0;
}

int store_open_images(struct store *store, struct error *err)
{
	const char *list = getenv("WOLFFIA_IMAGESTORE");
	int r = 0;

	while (r == 0 && list && *list) {
		size_t n = strcspn(list, ":");
		scoped(char) *path = xstrndup(list, n);
		if (*path)
			r = open_one(store, path, err);
		list += n + (list[n] == ':');
	}
	return r;
}

char *image_store_layer(const struct store *store, const char *name)
{
	scoped(char) *below = xasprintf("layers/%s", name);

	for (size_t i = 0; i < store->n_images; i++)
		if (faccessat(store->images[i].dirfd, below, F_OK, 0) == 0)
			return xasprintf("%s/%s", store->images[i].path, below);
	return NULL;
}

int image_store_blob(const struct store *store, const char *digest)
{
	scoped(char) *place = digest_blob_path(digest);
	scoped(char) *path = xasprintf("oci/%s", place);

	for (size_t i = 0; i < store->n_images; i++) {
		int fd = openat(store->images[i].dirfd, path,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

bool image_store_has_blob(const struct store *store, const char *digest)
{
	scoped_fd fd = image_store_blob(store, digest);

	return fd >= 0;
}
