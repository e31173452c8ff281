/* What nothing refers to, and what is done at the end of a repair. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/check/check_private.h"
#include "storage/collect.h"
#include "storage/layout.h"
#include "storage/partial.h"

static struct finding *add_unused(struct check *check, const char *kind,
				  const char *name, const char *message)
{
	struct finding *finding =
		check_add(check, FINDING_UNUSED, kind, name, message);

	free(finding->remedy);
	finding->remedy = xstrdup("wolffia check --repair");
	return finding;
}

/* with the lock, for what is being published is not unused */
static int find_unused(struct check *check, struct error *err)
{
	scoped_garbage garbage = GARBAGE_NONE;
	scoped_index index = { 0 };
	struct error why;
	scoped_fd lock = check_lock(check, err);

	if (lock == -EROFS)
		return 0;
	if (lock < 0)
		return lock;
	int r = layout_read_index(check->store, &index, &why);
	if (r == 0)
		r = collect_find(check->store, &index, &garbage, &why);
	if (r < 0) {
		strv_addf(&check->notes,
			  "nobody knows what is unused, and nothing unused is "
			  "removed: %s",
			  why.text);
		return 0;
	}
	for (size_t i = 0; i < garbage.blobs.n; i++)
		add_unused(check, "blob", garbage.blobs.v[i],
			   "no image refers to it");
	for (size_t i = 0; i < garbage.layers.n; i++)
		add_unused(check, "layer", garbage.layers.v[i],
			   "no image refers to it");
	return 0;
}

static bool is_locked(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

static DIR *open_list(const struct check *check, const char *name)
{
	int fd = openat(check->store->dirfd, name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list)
		fd_close(&fd);
	return list;
}

static void add_partial(void *context, const char *name)
{
	struct check *check = context;
	struct finding *finding =
		add_unused(check, "partial", name,
			   "a transfer was broken off; pull goes on with it");

	if (check->repair)
		finding->done = xstrdup("removed");
	finding->repaired = check->repair;
}

static void find_partial(struct check *check)
{
	struct error ignored;
	uint64_t bytes;

	partial_sweep(check->store, check->repair, add_partial, check, &bytes,
		      &ignored);
}

static void find_work(struct check *check)
{
	DIR *list = open_list(check, "tmp");

	for (struct dirent *entry; list && (entry = readdir(list));) {
		const char *name = entry->d_name;
		if (name[0] == '.' || text_ends_with(name, ".lock"))
			continue;
		scoped(char) *lock = xasprintf("%s.lock", name);
		scoped_fd fd = openat(dirfd(list), lock,
				      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && is_locked(fd))
			continue;
		struct stat st;
		/* done in between */
		if (fstatat(dirfd(list), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		struct finding *finding =
			add_unused(check, "work", name,
				   fd >= 0 ? "who worked there was killed"
					   : "nobody knows whose it is");
		if (fd >= 0)
			continue;
		free(finding->remedy);
		finding->remedy = xasprintf("rm -r '%s/tmp/%s'",
					    check->store->path, name);
	}
	if (list)
		closedir(list);
}

int check_leftovers(struct check *check, struct error *err)
{
	int r = check->index_damaged ? 0 : find_unused(check, err);

	if (r < 0)
		return r;
	find_partial(check);
	find_work(check);
	return 0;
}

/* is one of its blobs bad? */
static bool is_broken(const struct check *check, const char *image)
{
	for (size_t i = 0; i < check->n_blobs; i++)
		if (check->blobs[i].bad &&
		    strv_contains(&check->blobs[i].users.digests, image))
			return true;
	return false;
}

/* only what was read and found to be bad, not what has come since */
static void remove_bad_blobs(const struct check *check)
{
	for (size_t i = 0; i < check->n_blobs; i++) {
		const struct check_blob *blob = &check->blobs[i];
		scoped(char) *place = digest_blob_path(blob->digest);
		scoped(char) *path = xasprintf("oci/%s", place);
		struct stat st;
		if (blob->bad && blob->inode &&
		    fstatat(check->store->dirfd, path, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_ino == blob->inode)
			unlinkat(check->store->dirfd, path, 0);
	}
}

static struct finding *add_image(struct check *check,
				 const struct descriptor *entry,
				 const char *message)
{
	const char *name = entry->name ? entry->name : entry->digest;
	struct finding *finding =
		check_add(check, FINDING_DAMAGED, "image", name, message);

	strv_add(&finding->images, name);
	free(finding->remedy);
	finding->remedy = text_starts_with(name, "localhost/") || !entry->name
				  ? xstrdup("load or import it again")
				  : xasprintf("wolffia pull %s", name);
	return finding;
}

/* Return: has the index changed? */
static bool drop_images(struct check *check, struct image_index *index)
{
	bool changed = false;

	for (size_t i = index->n; i-- > 0;) {
		struct descriptor *entry = &index->entries[i];
		scoped_strv users = { 0 };
		struct error ignored;
		if (!is_broken(check, entry->digest))
			continue;
		if (collect_users(check->store, entry->digest, &users,
				  &ignored) < 0 ||
		    users.n) {
			scoped(char) *message = xasprintf(
				"is damaged, and stays: the container %.12s "
				"was made of it",
				users.n ? users.v[0] : "of somebody");
			add_image(check, entry, message);
			continue;
		}
		add_image(check, entry, "was damaged")->done =
			xstrdup("removed from the store");
		index_append(&check->dropped, entry);
		index_remove(index, i);
		changed = true;
	}
	return changed;
}

/* what the removal of the images made unused is in here, too */
static int remove_unused(struct check *check, const struct image_index *index,
			 struct error *err)
{
	scoped_garbage garbage = GARBAGE_NONE;
	struct error why;

	if (collect_find(check->store, index, &garbage, &why) < 0)
		return 0; /* find_unused() has said it */
	int r = collect_remove(check->stage, &garbage, err);
	for (size_t i = 0; r == 0 && i < check->n; i++) {
		struct finding *finding = &check->findings[i];
		bool gone = strv_contains(&garbage.blobs, finding->name) ||
			    strv_contains(&garbage.layers, finding->name);
		if (finding->level != FINDING_UNUSED || finding->done || !gone)
			continue;
		finding->repaired = true;
		finding->done = xstrdup("removed");
	}
	return r;
}

int check_finish(struct check *check, struct error *err)
{
	scoped_index index = { 0 };
	scoped_fd lock = -1;

	if (!check->repair || check->index_damaged)
		return 0;
	lock = store_lock(check->store, err);
	if (lock < 0)
		return lock;
	int r = layout_read_index(check->store, &index, err);
	if (r < 0)
		return r;
	/* the index first: killed in between, nothing names what is gone */
	if (drop_images(check, &index)) {
		check->stage->half_done = true;
		r = layout_write_index(check->store, &index, err);
	}
	if (r < 0)
		return r;
	remove_bad_blobs(check);
	return remove_unused(check, &index, err);
}
