/* What goes into a stage: blobs and layers.  The rest is in stage.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/hash.h"
#include "storage/image_store.h"
#include "storage/layout.h"
#include "storage/stage.h"
#include "storage/stage_layers.h"
#include "storage/unpack/unpack.h"

enum {
	ARCHIVE_MAX_FILES = 100000, /* an image's archive has a few per layer */
};

static int check_blob(const struct descriptor *wanted, const char *digest,
		      uint64_t size, const char *what, struct error *err)
{
	if (!wanted)
		return 0;
	if (size != wanted->size)
		return error_say(err, EBADMSG,
				 "%s is %llu bytes long instead of %llu", what,
				 (unsigned long long)size,
				 (unsigned long long)wanted->size);
	if (strcmp(digest, wanted->digest) != 0)
		return error_say(err, EBADMSG, "%s has the wrong digest: %s",
				 what, digest);
	return 0;
}

static int hash_checked(int fd, int to_fd, const struct descriptor *wanted,
			const char *what, char digest[DIGEST_MAX],
			uint64_t *size, struct error *err)
{
	int r = hash_stream(fd, to_fd, wanted ? wanted->digest : "sha256",
			    wanted ? wanted->size : UINT64_MAX, digest, size,
			    err);

	if (r == -EFBIG)
		err->code = EBADMSG;
	if (r < 0)
		return error_prefix(err, "%s", what);
	return check_blob(wanted, digest, *size, what, err);
}

/* Return: 0, or -ENOENT when the store has no such blob */
static int link_existing(const struct stage *stage, const char *digest)
{
	scoped(char) *blob = digest_blob_path(digest);
	scoped(char) *from = xasprintf("oci/%s", blob);
	scoped(char) *to = xasprintf("blobs/%s", digest);

	if (linkat(stage->store->dirfd, from, stage->dirfd, to, 0) < 0 &&
	    errno != EEXIST)
		return -ENOENT;
	return 0;
}

static int link_own(const struct stage *stage, int fd, const char *digest,
		    struct error *err)
{
	scoped(char) *to = xasprintf("blobs/%s", digest);

	/* the mode came out of an archive */
	if (fchmod(fd, 0600) < 0)
		return error_set(err, errno, "change the mode of a blob");
	if (linkat(AT_FDCWD, fd_link(fd).text, stage->dirfd, to,
		   AT_SYMLINK_FOLLOW) < 0 &&
	    errno != EEXIST)
		return error_set(err, errno, "link a blob");
	return 0;
}

/*
 * The copy is hashed, not what it was copied from: that one may change.  A
 * file system that can share the blocks (FICLONE, ioctl_ficlone(2)) does.
 */
static int copy_blob(const struct stage *stage, int fd,
		     const struct descriptor *wanted, const char *what,
		     char digest[DIGEST_MAX], uint64_t *size, struct error *err)
{
	scoped_fd copy = openat(stage->dirfd, "incoming",
				O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (copy < 0)
		return error_set(err, errno, "make a file in %s/tmp",
				 stage->store->path);
	bool cloned =
		lseek(fd, 0, SEEK_CUR) == 0 && ioctl(copy, FICLONE, fd) == 0;
	int r = hash_checked(cloned ? copy : fd, cloned ? -1 : copy, wanted,
			     what, digest, size, err);
	if (r < 0)
		return r;
	scoped(char) *to = xasprintf("blobs/%s", digest);
	if (renameat(stage->dirfd, "incoming", stage->dirfd, to) < 0)
		return error_set(err, errno, "rename a blob");
	return 0;
}

int stage_blob(struct stage *stage, int fd, bool own,
	       const struct descriptor *wanted, const char *what,
	       struct descriptor *ret, struct error *err)
{
	char digest[DIGEST_MAX];
	uint64_t size = 0;
	int r;

	if (own) {
		r = hash_checked(fd, -1, wanted, what, digest, &size, err);
		if (r == 0)
			r = link_own(stage, fd, digest, err);
	} else if (wanted && link_existing(stage, wanted->digest) == 0) {
		r = hash_checked(fd, -1, wanted, what, digest, &size, err);
	} else {
		r = copy_blob(stage, fd, wanted, what, digest, &size, err);
	}
	if (r < 0)
		return r;
	if (!strv_contains(&stage->blobs, digest))
		strv_add(&stage->blobs, digest);
	free(ret->digest);
	ret->digest = xstrdup(digest);
	ret->size = size;
	return 0;
}

int stage_text(struct stage *stage, const char *text, struct descriptor *ret,
	       struct error *err)
{
	/* never one that is there: it may be a blob by now */
	scoped_fd fd = openat(stage->dirfd, "text",
			      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "make a file in %s/tmp",
				 stage->store->path);
	int r = fd_write_all(fd, text, strlen(text), err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = error_set(err, errno, "seek");
	if (r == 0)
		r = stage_blob(stage, fd, true, NULL, "a document", ret, err);
	if (unlinkat(stage->dirfd, "text", 0) < 0 && r == 0)
		r = error_set(err, errno, "remove a file in %s/tmp",
			      stage->store->path);
	return r;
}

void stage_forget_blob(struct stage *stage, const char *digest)
{
	struct strv kept = { 0 };

	for (size_t i = 0; i < stage->blobs.n; i++)
		if (strcmp(stage->blobs.v[i], digest) != 0)
			strv_add(&kept, stage->blobs.v[i]);
	strv_free(&stage->blobs);
	stage->blobs = kept;
}

/* What the process in the outer namespace is told, and what it tells. */
struct unpack_call {
	int tar_fd, target_fd;
	struct unpack_options options;
	struct unpack_result result;
};

static int call_unpack(void *argument, struct error *err)
{
	struct unpack_call *call = argument;

	return unpack_stream(call->tar_fd, call->target_fd, &call->options,
			     &call->result, err);
}

/* its memory is not ours, so what it finds out crosses in a shared page */
static int run_unpack(const struct stage *stage, const struct unpack_call *want,
		      struct unpack_result *ret, struct error *err)
{
	struct unpack_call *call =
		mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (call == MAP_FAILED)
		return error_set(err, errno, "map memory");
	*call = *want;
	int r = stage->ids->call(stage->ids->context, call_unpack, call, err);
	if (r == 0)
		*ret = call->result;
	munmap(call, sizeof(*call));
	return r;
}

static int make_target(const struct stage *stage, const char *name,
		       struct error *err)
{
	if (mkdirat(stage->dirfd, name, 0700) < 0)
		return error_set(err, errno, "make a directory in %s/tmp",
				 stage->store->path);
	scoped_fd fd =
		openat(stage->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open a directory in %s/tmp",
				 stage->store->path);
	/* the root of a layer that does not say what its root is like */
	if (fchmod(fd, 0755) < 0)
		return error_set(err, errno, "change the mode of a directory");
	return take_fd(fd);
}

int stage_archive(struct stage *stage, int tar_fd, const char *what,
		  struct error *err)
{
	scoped_fd target = make_target(stage, "archive", err);
	struct unpack_result result = { 0 };

	if (target < 0)
		return target;
	struct unpack_call call = {
		.tar_fd = tar_fd,
		.target_fd = target,
		.options = { .what = what,
			     .single = true,
			     .ids = stage->ids->ids,
			     .max_files = ARCHIVE_MAX_FILES },
	};
	int r = run_unpack(stage, &call, &result, err);
	return r < 0 ? r : take_fd(target);
}

static char *pair(const char *blob_digest, const char *diff_id)
{
	return xasprintf("%s %s", blob_digest, diff_id);
}

/* which blob made which layer, by what the images of the store say */
static void learn_pairs(struct stage *stage)
{
	scoped_index index = { 0 };
	struct error ignored;

	if (stage->pairs.n ||
	    layout_read_images(stage->store, &index, NULL, &ignored) < 0)
		return;
	strv_add(&stage->pairs, ""); /* so that it is done once */
	for (size_t i = 0; i < index.n; i++) {
		scoped_manifest manifest = { 0 };
		scoped_config config = { 0 };
		if (layout_read_image(stage->store, index.entries[i].digest,
				      &manifest, &config, &ignored) < 0)
			continue;
		for (size_t l = 0; l < manifest.n_layers; l++)
			strv_take(&stage->pairs, pair(manifest.layers[l].digest,
						      config.diff_ids.v[l]));
	}
}

/*
 * A layer is taken from the store only when it was made from the same blob:
 * else a blob whose content is something else would pass unseen.
 */
static bool have_layer(struct stage *stage, const char *blob_digest,
		       const char *diff_id, const char *name)
{
	scoped(char) *wanted = pair(blob_digest, diff_id);
	struct error ignored;

	learn_pairs(stage);
	if (!strv_contains(&stage->pairs, wanted))
		return false;
	if (strv_contains(&stage->layers, name) ||
	    store_hold_layer(stage->store, stage->holds_fd, name, &ignored) ==
		    0)
		return true;
	scoped(char) *elsewhere = image_store_layer(stage->store, name);
	return elsewhere != NULL;
}

bool stage_is_elsewhere(struct stage *stage, const char *blob_digest,
			const char *diff_id)
{
	scoped(char) *name = store_layer_name(diff_id, stage->ids->single);
	scoped(char) *path = image_store_layer(stage->store, name);

	return path && image_store_has_blob(stage->store, blob_digest) &&
	       have_layer(stage, blob_digest, diff_id, name);
}

int stage_unpack_layer(struct stage *stage, int tar_fd, const char *name,
		       const char *what, struct unpack_result *ret,
		       struct error *err)
{
	scoped_fd target = make_target(stage, name, err);

	if (target < 0)
		return target;
	struct unpack_call call = {
		.tar_fd = tar_fd,
		.target_fd = target,
		.options = { .what = what,
			     .layer = true,
			     .single = stage->ids->single,
			     .ids = stage->ids->ids },
	};
	stage->foreign_files = true;
	return run_unpack(stage, &call, ret, err);
}

static int unpack_blob(struct stage *stage, const char *blob_digest,
		       const char *name, const char *what,
		       struct unpack_result *ret, struct error *err)
{
	scoped(char) *blob = xasprintf("blobs/%s", blob_digest);
	scoped_fd tar = openat(stage->dirfd, blob, O_RDONLY | O_CLOEXEC);

	if (tar < 0)
		return error_set(err, errno, "open %s", what);
	return stage_unpack_layer(stage, tar, name, what, ret, err);
}

/*
 * Renamed in its directory, which needs no right to the layer's root.  When a
 * twin was unpacked before, from another blob, this one stays under its first
 * name and goes with the stage.
 */
static int keep_layer(struct stage *stage, const char *from, const char *name,
		      struct error *err)
{
	scoped(char) *to = xasprintf("layers/%s", name);

	if (renameat(stage->dirfd, from, stage->dirfd, to) < 0 &&
	    errno != ENOTEMPTY && errno != EEXIST)
		return error_set(err, errno, "rename a layer");
	if (!strv_contains(&stage->layers, name))
		strv_add(&stage->layers, name);
	return 0;
}

/* moved into the store before the layer that it is about */
static int note_whiteouts(struct stage *stage, const char *name,
			  struct error *err)
{
	scoped(char) *marker = xasprintf("%s.wh", name);
	scoped(char) *path = xasprintf("layers/%s", marker);
	scoped_fd fd = openat(stage->dirfd, path,
			      O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "make %s", path);
	if (!strv_contains(&stage->layers, marker))
		strv_take(&stage->layers, take_ptr(marker));
	return 0;
}

char *stage_new_layer(struct stage *stage)
{
	return xasprintf("layers/new.%u", stage->n_unpacked++);
}

bool stage_has_layer(struct stage *stage, const char *blob_digest,
		     const char *diff_id)
{
	scoped(char) *name = store_layer_name(diff_id, stage->ids->single);

	return have_layer(stage, blob_digest, diff_id, name);
}

int stage_keep_layer(struct stage *stage, const char *from,
		     const char *blob_digest, const char *diff_id,
		     const char *what, const struct unpack_result *result,
		     struct error *err)
{
	scoped(char) *name =
		store_layer_name(result->diff_id, stage->ids->single);
	int r = 0;

	if (diff_id && strcmp(result->diff_id, diff_id) != 0)
		return error_say(err, EBADMSG,
				 "%s is not the layer that the image's "
				 "configuration names: its diff id is %s",
				 what, result->diff_id);
	strv_take(&stage->pairs, pair(blob_digest, result->diff_id));
	stage->skipped_devices += result->skipped_devices;
	if (result->whiteout_files)
		r = note_whiteouts(stage, name, err);
	return r < 0 ? r : keep_layer(stage, from, name, err);
}

int stage_layer(struct stage *stage, const char *blob_digest,
		const char *diff_id, const char *what,
		char ret_diff_id[DIGEST_MAX], struct error *err)
{
	struct unpack_result result = { 0 };

	if (diff_id && stage_has_layer(stage, blob_digest, diff_id)) {
		strcpy(ret_diff_id, diff_id);
		return 0;
	}
	scoped(char) *from = stage_new_layer(stage);
	int r = unpack_blob(stage, blob_digest, from, what, &result, err);
	if (r == 0)
		r = stage_keep_layer(stage, from, blob_digest, diff_id, what,
				     &result, err);
	if (r == 0)
		strcpy(ret_diff_id, result.diff_id);
	return r;
}

int stage_use_blob(struct stage *stage, const char *digest)
{
	int r = link_existing(stage, digest);

	if (r == 0 && !strv_contains(&stage->blobs, digest))
		strv_add(&stage->blobs, digest);
	return r;
}

int stage_adopt_blob(struct stage *stage, int dirfd, const char *name,
		     const char *digest, struct error *err)
{
	scoped(char) *to = xasprintf("blobs/%s", digest);

	if (renameat(dirfd, name, stage->dirfd, to) < 0)
		return error_set(err, errno, "take over the blob %s", digest);
	if (!strv_contains(&stage->blobs, digest))
		strv_add(&stage->blobs, digest);
	return 0;
}

int stage_copy_blob(struct stage *stage, const struct descriptor *blob,
		    const char *what, struct error *err)
{
	scoped_descriptor ignored = { 0 };

	if (stage_use_blob(stage, blob->digest) == 0)
		return 0;
	scoped_fd fd = image_store_blob(stage->store, blob->digest);
	return fd < 0 ? fd
		      : stage_blob(stage, fd, false, blob, what, &ignored, err);
}

/* it was checked when it came: no need to read it again */
static int hold_blob(struct stage *stage, const char *digest, struct error *err)
{
	return stage_use_blob(stage, digest) < 0 &&
			       !image_store_has_blob(stage->store, digest)
		       ? error_say(err, ENOENT,
				   "the image was removed: there is no blob %s",
				   digest)
		       : 0;
}

int stage_hold_image(struct stage *stage, const char *digest,
		     const struct manifest *manifest,
		     const struct image_config *config, struct error *err)
{
	int r = hold_blob(stage, digest, err);

	if (r == 0)
		r = hold_blob(stage, manifest->config.digest, err);
	for (size_t i = 0; r == 0 && i < manifest->n_layers; i++)
		r = hold_blob(stage, manifest->layers[i].digest, err);
	for (size_t i = 0; r == 0 && i < config->diff_ids.n; i++) {
		scoped(char) *name = store_layer_name(config->diff_ids.v[i],
						      stage->ids->single);
		r = store_hold_layer(stage->store, stage->holds_fd, name, err);
		scoped(char) *elsewhere = image_store_layer(stage->store, name);
		if (r == -ENOENT && elsewhere)
			r = 0;
	}
	return r;
}
