#include "storage/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "storage/collect.h"
#include "storage/layout.h"
#include "storage/store_fit.h"

/* Return: 0, or -EAGAIN when somebody holds it, or it is gone by now */
static int try_lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;

	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return -EAGAIN;
	/* who removes a lock file holds it: a locked one with a name is ours */
	return fstat(fd, &st) == 0 && st.st_nlink > 0 ? 0 : -EAGAIN;
}

static int make_lock(struct stage *stage, struct error *err)
{
	uint64_t number = 0;
	char path[48];

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return error_set(err, errno, "get random numbers");
	snprintf(stage->name, sizeof(stage->name), "%016llx",
		 (unsigned long long)number);
	snprintf(path, sizeof(path), "tmp/%s.lock", stage->name);
	scoped_fd fd = openat(stage->store->dirfd, path,
			      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "make %s/%s", stage->store->path,
				 path);
	/* a sweeper may have been quicker, and then it has removed it */
	if (try_lock(fd) < 0)
		return -EAGAIN;
	stage->lock_fd = take_fd(fd);
	return 0;
}

static int make_directory(struct stage *stage, struct error *err)
{
	static const char *const names[] = { "", "/blobs", "/layers",
					     "/removed" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "tmp/%s%s", stage->name, names[i]);
		if (mkdirat(stage->store->dirfd, path, 0700) < 0)
			return error_set(err, errno, "make %s/%s",
					 stage->store->path, path);
	}
	snprintf(path, sizeof(path), "tmp/%s", stage->name);
	stage->dirfd = openat(stage->store->dirfd, path,
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->dirfd < 0)
		return error_set(err, errno, "open %s", path);
	return 0;
}

int stage_open(struct stage *ret, const struct store *store,
	       const struct stage_ids *ids, struct error *err)
{
	struct stage stage = { .store = store,
			       .ids = ids,
			       .dirfd = -1,
			       .lock_fd = -1,
			       .holds_fd = -1 };
	struct error ignored;
	int r;

	do
		r = make_lock(&stage, err);
	while (r == -EAGAIN);
	if (r == 0)
		r = make_directory(&stage, err);
	if (r == 0)
		r = stage.holds_fd = store_open_holds(store, err);
	if (r < 0) {
		stage_discard(&stage, &ignored);
		return r;
	}
	*ret = stage;
	return 0;
}

int stage_fit(const struct stage *stage, uint64_t bytes, struct error *err)
{
	return store_fit(stage->dirfd, stage->store->path, stage->ids->single,
			 bytes, err);
}

void stage_say(const struct stage *stage, const char *format, ...)
{
	char text[256];
	va_list ap;

	if (!stage->ids->progress)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	text_escape(text, sizeof(text), text);
	stage->ids->progress(text);
}

struct removal {
	int dirfd;
	const struct strv *names;
};

static int remove_trees(void *argument, struct error *err)
{
	const struct removal *removal = argument;

	for (size_t i = 0; i < removal->names->n; i++) {
		int r = path_remove_tree(removal->dirfd, removal->names->v[i],
					 err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_locks(int dirfd, const struct strv *names, struct error *err)
{
	for (size_t i = 0; i < names->n; i++) {
		scoped(char) *lock = xasprintf("%s.lock", names->v[i]);
		if (unlinkat(dirfd, lock, 0) < 0 && errno != ENOENT)
			return error_set(err, errno, "remove %s", lock);
	}
	return 0;
}

/* the trees, and then the lock files, so that nothing is ever without one */
static int remove_stages(const struct store *store, const struct stage_ids *ids,
			 bool foreign_files, bool keep_locks,
			 const struct strv *names, struct error *err)
{
	scoped_fd dir =
		openat(store->dirfd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct removal removal = { dir, names };

	if (dir < 0)
		return error_set(err, errno, "open %s/tmp", store->path);
	int r = foreign_files
			? ids->call(ids->context, remove_trees, &removal, err)
			: remove_trees(&removal, err);
	if (r < 0)
		return error_prefix(err, "clean up %s/tmp", store->path);
	return keep_locks ? 0 : remove_locks(dir, names, err);
}

int stage_discard(struct stage *stage, struct error *err)
{
	scoped_strv names = { 0 };
	int r = 0;

	if (!stage->store)
		return 0;
	if (stage->lock_fd >= 0) {
		strv_add(&names, stage->name);
		r = remove_stages(stage->store, stage->ids,
				  stage->foreign_files, stage->half_done,
				  &names, err);
	}
	fd_close(&stage->dirfd);
	fd_close(&stage->holds_fd);
	fd_close(&stage->lock_fd);
	strv_free(&stage->blobs);
	strv_free(&stage->layers);
	strv_free(&stage->pairs);
	*stage = (struct stage){ .dirfd = -1, .lock_fd = -1, .holds_fd = -1 };
	return r;
}

struct sweep {
	struct strv names;
	int locks[64]; /* as many at once; the next command takes the rest */
};

static void sweep_close(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->names.n; i++)
		fd_close(&sweep->locks[i]);
	strv_free(&sweep->names);
}

static void find_abandoned(DIR *list, struct sweep *sweep)
{
	for (struct dirent *entry; (entry = readdir(list));) {
		if (!text_ends_with(entry->d_name, ".lock") ||
		    sweep->names.n == ARRAY_SIZE(sweep->locks))
			continue;
		scoped_fd fd = openat(dirfd(list), entry->d_name,
				      O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || try_lock(fd) < 0)
			continue;
		sweep->locks[sweep->names.n] = take_fd(fd);
		strv_take(&sweep->names,
			  xstrndup(entry->d_name,
				   strlen(entry->d_name) - strlen(".lock")));
	}
}

/* what a commit or a removal left that was killed in the middle */
static int collect_all(const struct store *store, const struct stage_ids *ids,
		       struct error *err)
{
	scoped_garbage garbage = GARBAGE_NONE;
	scoped_index index = { 0 };
	struct stage stage = { 0 };
	struct error second;
	int r = stage_open(&stage, store, ids, err);

	if (r < 0)
		return r;
	scoped_fd lock = store_lock(store, err);
	r = lock;
	if (r >= 0)
		r = layout_read_index(store, &index, err);
	if (r >= 0)
		r = collect_find(store, &index, &garbage, err);
	if (r >= 0)
		r = collect_remove(&stage, &garbage, err);
	fd_close(&lock);
	int s = stage_discard(&stage, r < 0 ? &second : err);
	return r < 0 ? r : s;
}

int stage_sweep(const struct store *store, const struct stage_ids *ids,
		struct error *err)
{
	__attribute__((cleanup(sweep_close))) struct sweep sweep = { 0 };
	int fd =
		openat(store->dirfd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!list) {
		error_set(err, errno, "open %s/tmp", store->path);
		fd_close(&fd);
		return -err->code;
	}
	find_abandoned(list, &sweep);
	closedir(list);
	if (sweep.names.n == 0)
		return 0;
	/* first what may be visible: until then the abandoned stage stays */
	r = collect_all(store, ids, err);
	/* nobody knows what a damaged image needs: the next rmi will see */
	if (r == 0 || r == -EUCLEAN)
		r = remove_stages(store, ids, true, false, &sweep.names, err);
	return r < 0 ? r : (int)sweep.names.n;
}

/* a layer that is in use is never replaced, not even by its twin */
static int move(int from_fd, int to_fd, const char *path)
{
	if (renameat2(from_fd, path, to_fd, path, RENAME_NOREPLACE) == 0)
		return 0;
	/* the file system cannot; what is not empty is safe all the same */
	if (errno == EINVAL && renameat(from_fd, path, to_fd, path) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
}

static int move_layers(void *argument, struct error *err)
{
	const struct stage *stage = argument;

	for (size_t i = 0; i < stage->layers.n; i++) {
		scoped(char) *path = xasprintf("layers/%s", stage->layers.v[i]);
		int r = move(stage->dirfd, stage->store->dirfd, path);
		if (r < 0)
			return error_set(err, -r, "rename %s", path);
	}
	return 0;
}

static int link_blobs(const struct stage *stage, struct error *err)
{
	const struct store *store = stage->store;

	for (size_t i = 0; i < stage->blobs.n; i++) {
		scoped(char) *from = xasprintf("blobs/%s", stage->blobs.v[i]);
		scoped(char) *blob = digest_blob_path(stage->blobs.v[i]);
		scoped(char) *to = xasprintf("oci/%s", blob);
		if (linkat(stage->dirfd, from, store->dirfd, to, 0) < 0 &&
		    errno != EEXIST)
			return error_set(err, errno, "link %s", to);
	}
	int r = store_sync_dir(store, "oci/blobs/sha256", err);
	return r < 0 ? r : store_sync_dir(store, "oci/blobs/sha512", err);
}

static int extend_index(const struct store *store,
			const struct image_index *images, struct error *err)
{
	scoped_index index = { 0 };
	int r = layout_read_index(store, &index, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < images->n; i++)
		index_add(&index, &images->entries[i]);
	return layout_write_index(store, &index, err);
}

static int publish(struct stage *stage, const struct image_index *images,
		   struct error *err)
{
	int r = 0;

	stage->half_done = true;
	if (stage->layers.n) {
		r = stage->ids->call(stage->ids->context, move_layers, stage,
				     err);
		if (r == 0)
			r = store_sync_dir(stage->store, "layers", err);
	}
	if (r == 0)
		r = link_blobs(stage, err);
	if (r == 0)
		r = extend_index(stage->store, images, err);
	if (r == 0)
		stage->half_done = false;
	return r;
}

/*
 * A publication that failed half-way: nothing of it may stay.  When that
 * fails, too, the next command finds what is left.
 */
static void withdraw(struct stage *stage)
{
	scoped_garbage garbage = GARBAGE_NONE;
	scoped_index index = { 0 };
	struct error ignored;

	if (layout_read_index(stage->store, &index, &ignored) == 0 &&
	    collect_find(stage->store, &index, &garbage, &ignored) == 0)
		collect_remove(stage, &garbage, &ignored);
}

int stage_commit(struct stage *stage, const struct image_index *images,
		 struct error *err)
{
	stage_say(stage, "Writing to disk");
	/* made before the sync, so that its name is on the disk as well */
	if (mkdirat(stage->store->dirfd, "oci/blobs/sha512", 0700) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "make %s/oci/blobs/sha512",
				 stage->store->path);
	/* before the lock: this is what takes time */
	if (syncfs(stage->store->dirfd) < 0)
		return error_set(err, errno, "sync %s", stage->store->path);
	scoped_fd lock = store_lock(stage->store, err);
	if (lock < 0)
		return lock;
	int r = publish(stage, images, err);
	if (r < 0)
		withdraw(stage);
	return r;
}
