#include "storage/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"
#include "storage/digest.h"
#include "storage/hash.h"
#include "storage/layout.h"
#include "storage/tarball.h"

enum { PIECE = 131072 };

#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* A tar, or a directory: where the files go. */
struct save {
	const struct store *store;
	const struct save_options *options;
	struct tarball *tarball; /* NULL: a directory */
	int dirfd;               /* of it */
	int file_fd;             /* the file that is being written there */
	struct strv done;        /* digests of blobs, and directories */
	char piece[PIECE];
};

static int begin_file(struct save *save, const char *path, uint64_t size,
		      struct error *err)
{
	if (save->tarball)
		return tarball_begin_file(save->tarball, path, size, err);
	save->file_fd = openat(save->dirfd, path,
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return save->file_fd < 0 ? error_set(err, errno, "make %s", path) : 0;
}

static int write_file(struct save *save, const void *data, size_t size,
		      struct error *err)
{
	return save->tarball ? tarball_write(save->tarball, data, size, err)
			     : fd_write_all(save->file_fd, data, size, err);
}

static int end_file(struct save *save, struct error *err)
{
	if (save->tarball)
		return tarball_end_file(save->tarball, err);
	if (fsync(save->file_fd) < 0)
		return error_set(err, errno, "sync a file");
	fd_close(&save->file_fd);
	return 0;
}

static int make_directory(struct save *save, const char *path,
			  struct error *err)
{
	if (strv_contains(&save->done, path))
		return 0;
	strv_add(&save->done, path);
	if (save->tarball)
		return tarball_make_directory(save->tarball, path, err);
	return mkdirat(save->dirfd, path, 0755) < 0
		       ? error_set(err, errno, "make the directory %s", path)
		       : 0;
}

static int put_text(struct save *save, const char *path, const char *text,
		    struct error *err)
{
	int r = begin_file(save, path, strlen(text), err);

	if (r == 0)
		r = write_file(save, text, strlen(text), err);
	return r < 0 ? r : end_file(save, err);
}

/*
 * Blobs
 */

static int damaged(const char *digest, struct error *err)
{
	error_say(err, EUCLEAN,
		  "the store is damaged: blob %s is not what its name says",
		  digest);
	return error_hint(err, "wolffia check says what is wrong, and with "
			       "--repair repairs it");
}

/* exactly @blob->size bytes; Return: 0; -EUCLEAN there are fewer */
static int copy_bytes(struct save *save, int fd, const struct descriptor *blob,
		      struct hash *hash, struct error *err)
{
	uint64_t left = blob->size;

	while (left > 0) {
		size_t want = left < PIECE ? (size_t)left : PIECE;
		ssize_t n = read(fd, save->piece, want);
		if (save->options->is_cancelled &&
		    save->options->is_cancelled())
			return error_say(err, ECANCELED, "interrupted");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read blob %s",
					 blob->digest);
		if (n == 0)
			return damaged(blob->digest, err);
		int r = hash_add(hash, save->piece, (size_t)n, err);
		if (r == 0)
			r = write_file(save, save->piece, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	return 0;
}

/* a blob that was damaged in the store is found now, not by who loads it */
static int copy_hashed(struct save *save, int fd, const struct descriptor *blob,
		       struct hash *hash, struct error *err)
{
	char digest[DIGEST_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "blob %s", blob->digest);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != blob->size)
		return damaged(blob->digest, err);
	scoped(char) *path = digest_blob_path(blob->digest);
	int r = begin_file(save, path, blob->size, err);
	if (r == 0)
		r = copy_bytes(save, fd, blob, hash, err);
	if (r == 0)
		r = hash_end(hash, digest, err);
	if (r < 0)
		return r;
	if (strcmp(digest, blob->digest) != 0)
		return damaged(blob->digest, err);
	return end_file(save, err);
}

static int put_blob(struct save *save, const struct descriptor *blob,
		    struct error *err)
{
	scoped(char) *directory = digest_blob_path(blob->digest);
	struct hash *hash = NULL;

	if (strv_contains(&save->done, blob->digest))
		return 0;
	strv_add(&save->done, blob->digest);
	*strrchr(directory, '/') = '\0';
	int r = make_directory(save, "blobs", err);
	if (r == 0)
		r = make_directory(save, directory, err);
	if (r < 0)
		return r;
	scoped_fd fd = layout_open_blob(save->store, blob->digest, err);
	if (fd < 0)
		return fd;
	r = hash_begin(blob->digest, &hash, err);
	if (r == 0)
		r = copy_hashed(save, fd, blob, hash, err);
	hash_free(&hash);
	return r;
}

static int put_layer(struct save *save, const struct manifest *manifest,
		     size_t at, struct error *err)
{
	const struct descriptor *layer = &manifest->layers[at];
	char text[160];

	if (save->options->progress) {
		snprintf(text, sizeof(text), "Writing layer %zu of %zu: %.12s",
			 at + 1, manifest->n_layers, digest_hex(layer->digest));
		save->options->progress(text);
	}
	return put_blob(save, layer, err);
}

static int put_image(struct save *save, const struct descriptor *entry,
		     struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_image(save->store, entry->digest, &manifest,
				  &config, err);

	if (r == 0)
		r = put_blob(save, entry, err);
	if (r == 0)
		r = put_blob(save, &manifest.config, err);
	for (size_t i = 0; r == 0 && i < manifest.n_layers; i++)
		r = put_layer(save, &manifest, i, err);
	return r;
}

/*
 * The lists of what is there
 */

/* what the store notes of an image for itself stays here */
static char *make_index(const struct image_index *images)
{
	scoped_index index = { 0 };

	for (size_t i = 0; i < images->n; i++) {
		const struct descriptor *from = &images->entries[i];
		const struct descriptor entry = {
			.media_type = from->media_type,
			.digest = from->digest,
			.size = from->size,
			.os = from->os,
			.architecture = from->architecture,
			.variant = from->variant,
			.name = from->name,
			.containerd_name = from->name,
		};
		index_append(&index, &entry);
	}
	return index_text(&index);
}

static int describe(const struct store *store, const struct descriptor *entry,
		    struct archive_image *to, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_image(store, entry->digest, &manifest, &config,
				  err);

	if (r < 0)
		return r;
	to->config = digest_blob_path(manifest.config.digest);
	for (size_t i = 0; i < manifest.n_layers; i++)
		strv_take(&to->layers,
			  digest_blob_path(manifest.layers[i].digest));
	return 0;
}

/* an image is there once, with all its names: @images has one for each */
static int make_manifest(const struct store *store,
			 const struct image_index *images, char **ret,
			 struct error *err)
{
	scoped_archive_manifest all = { 0 };
	scoped_strv digests = { 0 };

	all.images = xcalloc(images->n + 1, sizeof(*all.images));
	for (size_t i = 0; i < images->n; i++) {
		const struct descriptor *entry = &images->entries[i];
		size_t at = 0;
		while (at < digests.n &&
		       strcmp(digests.v[at], entry->digest) != 0)
			at++;
		if (at == digests.n) {
			int r = describe(store, entry, &all.images[at], err);
			if (r < 0)
				return r;
			strv_add(&digests, entry->digest);
			all.n++;
		}
		if (entry->name)
			strv_add(&all.images[at].names, entry->name);
	}
	*ret = archive_manifest_text(&all);
	return 0;
}

/* what looks like damage may be that somebody has removed an image */
static int explain(const struct store *store, const struct image_index *images,
		   struct error *err)
{
	scoped_index now = { 0 };
	struct error ignored;

	if (layout_read_images(store, &now, NULL, &ignored) < 0)
		return -EUCLEAN;
	for (size_t i = 0; i < images->n; i++) {
		const struct descriptor *entry = &images->entries[i];
		size_t e = 0;
		while (e < now.n &&
		       strcmp(now.entries[e].digest, entry->digest) != 0)
			e++;
		if (e == now.n)
			return error_say(err, ENOENT,
					 "image %s was removed while it was "
					 "saved",
					 entry->name ? entry->name
						     : entry->digest);
	}
	return -EUCLEAN;
}

static int save_all(struct save *save, const struct image_index *images,
		    struct error *err)
{
	scoped(char) *index = make_index(images);
	scoped(char) *manifest = NULL;
	int r = 0;

	if (save->options->docker)
		r = make_manifest(save->store, images, &manifest, err);
	if (r == 0)
		r = put_text(save, "oci-layout", LAYOUT_TEXT, err);
	if (r == 0)
		r = put_text(save, "index.json", index, err);
	if (r == 0 && manifest)
		r = put_text(save, "manifest.json", manifest, err);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		r = put_image(save, &images->entries[i], err);
	return r == -EUCLEAN ? explain(save->store, images, err) : r;
}

int save_to_tar(const struct store *store, const struct image_index *images,
		const struct save_options *options, int out_fd,
		struct error *err)
{
	const struct tarball_options plain = { 0 };
	struct tarball_notes notes = { 0 };
	scoped(struct save) *save = xcalloc(1, sizeof(*save));

	*save = (struct save){
		.store = store, .options = options, .dirfd = -1, .file_fd = -1
	};
	int r = tarball_new(out_fd, &plain, &notes, &save->tarball, err);
	if (r == 0)
		r = save_all(save, images, err);
	if (r == 0)
		r = tarball_finish(save->tarball, err);
	tarball_free(save->tarball);
	strv_free(&save->done);
	return r;
}

int save_to_directory(const struct store *store,
		      const struct image_index *images,
		      const struct save_options *options, int dirfd,
		      struct error *err)
{
	scoped(struct save) *save = xcalloc(1, sizeof(*save));

	*save = (struct save){ .store = store,
			       .options = options,
			       .dirfd = dirfd,
			       .file_fd = -1 };
	int r = save_all(save, images, err);
	fd_close(&save->file_fd);
	strv_free(&save->done);
	if (r == 0 && fsync(dirfd) < 0)
		r = error_set(err, errno, "sync the directory");
	return r;
}
