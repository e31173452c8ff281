/* Blobs: is their content what their name says? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/check/check_private.h"
#include "storage/hash.h"
#include "storage/image_store.h"

/* Return: 0 it is whole; 1 not, with the message in *ret; -errno */
static int look(struct check *check, struct check_blob *blob, char **ret,
		struct error *err)
{
	scoped(char) *place = digest_blob_path(blob->digest);
	scoped(char) *path = xasprintf("oci/%s", place);
	char digest[DIGEST_MAX];
	struct error why;
	struct stat st;
	uint64_t size = 0;
	scoped_fd fd = openat(check->store->dirfd, path,
			      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	/* an image store has it, and its owner checks it */
	if (fd < 0 && errno == ENOENT &&
	    image_store_has_blob(check->store, blob->digest))
		return 0;
	if (fd < 0 && errno != ENOENT && errno != ELOOP && errno != EACCES)
		return error_set(err, errno, "open %s/%s", check->store->path,
				 path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret = xstrdup(errno == ENOENT ? "is missing"
					       : "cannot be opened");
		return 1;
	}
	blob->inode = st.st_ino;
	if (!S_ISREG(st.st_mode)) {
		*ret = xstrdup("is no file");
		return 1;
	}
	if (blob->size != UINT64_MAX && (uint64_t)st.st_size != blob->size) {
		*ret = xasprintf("has %llu bytes, not %llu",
				 (unsigned long long)st.st_size,
				 (unsigned long long)blob->size);
		return 1;
	}
	if (check->quick)
		return 0;
	check->bytes += (uint64_t)st.st_size;
	/* a disk that cannot read it is damage as well */
	if (hash_stream(fd, -1, blob->digest, UINT64_MAX, digest, &size, &why) <
	    0) {
		*ret = xasprintf("cannot be read: %s", why.text);
		return 1;
	}
	if (strcmp(digest, blob->digest) == 0)
		return 0;
	*ret = xasprintf("has the content of %s", digest);
	return 1;
}

/* an image that was pulled beside an image store is whole with it, and has
 * but its documents here */
static void add_damaged(struct check *check, const struct check_blob *blob,
			const char *message)
{
	struct finding *finding = check_add(check, FINDING_DAMAGED, blob->kind,
					    blob->digest, message);

	check_concerns(finding, &blob->users, false);
	if (blob->inode != 0 || check->store->n_images > 0 ||
	    strcmp(blob->kind, "blob") != 0)
		return;
	scoped(char) *remedy = take_ptr(finding->remedy);
	finding->remedy = xasprintf("if an image store has it, check again "
				    "with --imagestore; else %s",
				    remedy);
}

int check_one_blob(struct check *check, struct check_blob *blob,
		   struct error *err)
{
	scoped(char) *message = NULL;

	if (blob->done)
		return !blob->bad;
	int r = look(check, blob, &message, err);
	if (r < 0)
		return r;
	if (r > 0) {
		/* it may have been removed, with all that needed it */
		scoped_fd lock = check_lock(check, err);
		if (lock < 0 && lock != -EROFS)
			return lock;
		r = check_is_needed(check->store, &blob->users.digests);
		blob->bad = true;
	}
	blob->done = true;
	if (r > 0)
		add_damaged(check, blob, message);
	return !blob->bad;
}

int check_blobs(struct check *check, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < check->n_blobs; i++) {
		if (check->stage)
			stage_say(check->stage, "Reading blob %zu of %zu",
				  i + 1, check->n_blobs);
		r = check_one_blob(check, &check->blobs[i], err);
	}
	return r < 0 ? r : 0;
}
