#include "storage/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/digest.h"
#include "storage/summary.h"

#define INDEX   "oci/index.json"
#define LAYOUT  "oci/oci-layout"
#define VERSION "{\"imageLayoutVersion\":\"1.0.0\"}\n"

/* the machine is short of something now; that says nothing of the store */
static bool is_passing(int code)
{
	return code == ENOMEM || code == EMFILE || code == ENFILE ||
	       code == EINTR || code == EAGAIN;
}

static int damaged(struct error *err)
{
	if (is_passing(err->code))
		return -err->code;
	err->code = EUCLEAN;
	error_prefix(err, "the store is damaged");
	return error_hint(err, "remove the image with wolffia rmi --force, "
			       "and load or import it again");
}

int layout_read_index(const struct store *store, struct image_index *ret,
		      struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(store->dirfd, INDEX, INDEX_MAX, &text, err);

	if (size == -ENOENT) {
		*ret = (struct image_index){ 0 };
		return 0;
	}
	if (size < 0)
		return damaged(err);
	if (index_parse(text, (size_t)size, ret, err) < 0) {
		damaged(err);
		return error_hint(err,
				  "put a copy of %s/" INDEX " back; or "
				  "wolffia check --repair, which finds the "
				  "images but not their names",
				  store->path);
	}
	return 0;
}

/* is all that @entry, which has no name, says in @index already? */
static bool is_told(const struct image_index *index,
		    const struct descriptor *entry)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (strcmp(e->digest, entry->digest) == 0 &&
		    (!entry->repository ||
		     descriptor_is_of(e, entry->repository)))
			return true;
	}
	return false;
}

static bool has_entry(const struct image_index *index,
		      const struct descriptor *entry)
{
	if (!entry->name)
		return is_told(index, entry);
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (entry->name && e->name && strcmp(e->name, entry->name) == 0)
			return true;
	}
	return false;
}

int layout_read_images(const struct store *store, struct image_index *ret,
		       size_t *ret_own, struct error *err)
{
	scoped_index index = { 0 };
	int r = layout_read_index(store, &index, err);

	if (r == 0 && ret_own)
		*ret_own = index.n;
	for (size_t i = 0; r == 0 && i < store->n_images; i++) {
		scoped_index more = { 0 };
		r = layout_read_index(&store->images[i], &more, err);
		if (r < 0) {
			error_prefix(err, "the image store %s",
				     store->images[i].path);
			return error_hint(err, "leave it out, or have its "
					       "owner repair it");
		}
		for (size_t e = 0; e < more.n; e++)
			if (!has_entry(&index, &more.entries[e]))
				index_append(&index, &more.entries[e]);
	}
	if (r < 0)
		return r;
	*ret = index;
	index = (struct image_index){ 0 };
	return 0;
}

/* under a temporary name, fsynced, renamed; the name is ours by the lock */
static int replace_file(const struct store *store, const char *path,
			const char *text, struct error *err)
{
	scoped(char) *temporary = xasprintf("%s.new", path);
	scoped_fd fd = openat(
		store->dirfd, temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return error_set(err, errno, "make %s/%s", store->path,
				 temporary);
	r = fd_write_all(fd, text, strlen(text), err);
	if (r < 0)
		error_prefix(err, "%s", temporary);
	if (r == 0 && fsync(fd) < 0)
		r = error_set(err, errno, "sync %s", temporary);
	if (r == 0 && renameat(store->dirfd, temporary, store->dirfd, path) < 0)
		r = error_set(err, errno, "rename %s", temporary);
	if (r < 0)
		unlinkat(store->dirfd, temporary, 0);
	return r;
}

/* without one a list of images takes more time, and that is all */
static void add_summary(const struct store *store, struct descriptor *entry)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct summary there;
	struct error ignored;

	if (summary_parse(entry, &there) ||
	    layout_read_image(store, entry->digest, &manifest, &config,
			      &ignored) < 0)
		return;
	free(entry->summary);
	entry->summary = summary_text(entry, &manifest, &config);
}

static char *summed_up(const struct store *store,
		       const struct image_index *index)
{
	scoped_index copy = { 0 };

	for (size_t i = 0; i < index->n; i++) {
		index_append(&copy, &index->entries[i]);
		add_summary(store, &copy.entries[i]);
	}
	return index_text(&copy);
}

int layout_write_index(const struct store *store,
		       const struct image_index *index, struct error *err)
{
	scoped(char) *text = summed_up(store, index);
	int r = 0;

	if (strlen(text) > INDEX_MAX)
		return error_say(err, EFBIG,
				 "there are too many images in "
				 "the store");
	if (faccessat(store->dirfd, LAYOUT, F_OK, 0) < 0) {
		r = replace_file(store, LAYOUT, VERSION, err);
		/* no index is on the disk without it */
		if (r == 0)
			r = store_sync_dir(store, "oci", err);
	}
	if (r == 0)
		r = replace_file(store, INDEX, text, err);
	return r < 0 ? r : store_sync_dir(store, "oci", err);
}

void index_remove(struct image_index *index, size_t at)
{
	descriptor_free(&index->entries[at]);
	index->n--;
	memmove(&index->entries[at], &index->entries[at + 1],
		(index->n - at) * sizeof(*index->entries));
}

void index_untag(struct image_index *index, size_t at)
{
	struct descriptor entry = index->entries[at];

	memset(&index->entries[at], 0, sizeof(entry));
	index_remove(index, at);
	free(entry.name);
	entry.name = NULL;
	index_add(index, &entry);
	descriptor_free(&entry);
}

static void take_name(struct image_index *index, const char *name)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (e->name && strcmp(e->name, name) == 0) {
			index_untag(index, i);
			return;
		}
	}
}

/* drop what has no name and says no more than the new entry */
static void drop_nameless(struct image_index *index,
			  const struct descriptor *entry)
{
	for (size_t i = index->n; i-- > 0;) {
		const struct descriptor *e = &index->entries[i];
		if (!e->name && strcmp(e->digest, entry->digest) == 0 &&
		    (!e->repository || descriptor_is_of(entry, e->repository)))
			index_remove(index, i);
	}
}

void index_add(struct image_index *index, const struct descriptor *entry)
{
	if (entry->name)
		take_name(index, entry->name);
	else if (is_told(index, entry))
		return;
	drop_nameless(index, entry);
	index_append(index, entry);
}

ssize_t layout_read_blob(const struct store *store, const char *digest,
			 size_t max, char **ret, struct error *err)
{
	scoped(char) *blob = digest_blob_path(digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	ssize_t size = fd_read_file(store->dirfd, path, max, ret, err);

	for (size_t i = 0; size == -ENOENT && i < store->n_images; i++)
		size = fd_read_file(store->images[i].dirfd, path, max, ret,
				    err);
	return size < 0 ? damaged(err) : size;
}

static int open_blob_of(const struct store *store, const char *path,
			struct error *err)
{
	int fd = openat(store->dirfd, path,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 ? fd
		       : error_set(err, errno, "open %s/%s", store->path, path);
}

int layout_open_blob(const struct store *store, const char *digest,
		     struct error *err)
{
	scoped(char) *blob = digest_blob_path(digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	int fd = open_blob_of(store, path, err);

	for (size_t i = 0; fd == -ENOENT && i < store->n_images; i++)
		fd = open_blob_of(&store->images[i], path, err);
	return fd < 0 ? damaged(err) : fd;
}

int layout_read_image(const struct store *store, const char *digest,
		      struct manifest *ret_manifest,
		      struct image_config *ret_config, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped(char) *text = NULL, *config_text_ = NULL;
	ssize_t size =
		layout_read_blob(store, digest, MANIFEST_MAX, &text, err);

	if (size < 0)
		return (int)size;
	if (manifest_parse(text, (size_t)size, &manifest, err) < 0)
		return damaged(err);
	size = layout_read_blob(store, manifest.config.digest, MANIFEST_MAX,
				&config_text_, err);
	if (size < 0)
		return (int)size;
	if (config_parse(config_text_, (size_t)size, &config, err) < 0 ||
	    config_check_layers(&config, &manifest, err) < 0)
		return damaged(err);
	*ret_manifest = manifest;
	*ret_config = config;
	manifest = (struct manifest){ 0 };
	config = (struct image_config){ 0 };
	return 0;
}

int layout_read_history(const struct store *store,
			const struct manifest *manifest, struct history *ret,
			struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = layout_read_blob(store, manifest->config.digest,
					MANIFEST_MAX, &text, err);

	return size < 0 ? (int)size
			: history_parse(text, (size_t)size, ret, err);
}
