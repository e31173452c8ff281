/*
 * An index that is damaged is made anew of the manifests that are there.
 *
 * The names of images were in the index alone: they are gone.  The damaged one
 * stays beside the new one, for who can read more in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "storage/check/check_private.h"
#include "storage/hash.h"
#include "storage/layout.h"

#define INDEX   "oci/index.json"
#define DAMAGED "oci/index.json.damaged"
#define BLOBS   "oci/blobs/sha256"

/* what it says it is; the caller's to free, NULL: nothing */
static char *media_type_of(const char *text, size_t size)
{
	scoped_json *document = NULL;
	struct error ignored;
	const char *type = NULL;

	if (json_parse(text, size, "", &document, &ignored) < 0 ||
	    json_get_string(document, "mediaType", &type, &ignored) < 0 ||
	    !type)
		return NULL;
	return xstrdup(type);
}

/* is the blob a manifest, whole, and its configuration too? */
static bool is_image(const struct store *store, const char *digest,
		     struct descriptor *ret)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped(char) *text = NULL;
	char found[DIGEST_MAX];
	struct error ignored;
	ssize_t size =
		layout_read_blob(store, digest, MANIFEST_MAX, &text, &ignored);

	if (size < 0 || hash_text(text, (size_t)size, found, &ignored) < 0 ||
	    strcmp(found, digest) != 0 ||
	    layout_read_image(store, digest, &manifest, &config, &ignored) < 0)
		return false;
	char *type = media_type_of(text, (size_t)size);
	*ret = (struct descriptor){
		.media_type = type ? type : xstrdup(MEDIA_MANIFEST),
		.digest = xstrdup(digest),
		.size = (uint64_t)size,
		.os = xstrdup(config.os),
		.architecture = xstrdup(config.architecture),
	};
	return true;
}

static int find_images(const struct store *store, struct image_index *ret,
		       struct error *err)
{
	int fd =
		openat(store->dirfd, BLOBS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		error_set(err, errno, "open %s/" BLOBS, store->path);
		fd_close(&fd);
		return -err->code;
	}
	for (struct dirent *entry; (entry = readdir(list));) {
		scoped(char) *digest = xasprintf("sha256:%s", entry->d_name);
		scoped_descriptor image = { 0 };
		struct error ignored;
		if (digest_check(digest, &ignored) == 0 &&
		    is_image(store, digest, &image))
			index_append(ret, &image);
	}
	closedir(list);
	return 0;
}

int check_rebuild_index(const struct store *store, struct image_index *ret,
			struct error *err)
{
	scoped_index index = { 0 };
	struct error ignored;
	scoped_fd lock = store_lock(store, err);
	int r = lock < 0 ? lock : 0;

	/* somebody else has, meanwhile */
	if (r == 0 && layout_read_index(store, &index, &ignored) == 0)
		goto out;
	if (r == 0)
		r = find_images(store, &index, err);
	/* replaced, not moved away: there is one at any time */
	if (r == 0 && unlinkat(store->dirfd, DAMAGED, 0) < 0 && errno != ENOENT)
		r = error_set(err, errno, "remove %s", DAMAGED);
	if (r == 0 && linkat(store->dirfd, INDEX, store->dirfd, DAMAGED, 0) < 0)
		r = error_set(err, errno, "keep %s", INDEX);
	if (r == 0)
		r = layout_write_index(store, &index, err);
	if (r < 0)
		return r;
out:
	*ret = index;
	index = (struct image_index){ 0 };
	return r;
}
