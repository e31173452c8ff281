#include "storage/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/digest.h"
#include "storage/layout.h"
#include "storage/stage.h"

struct needed {
	struct strv blobs;  /* digests, sorted */
	struct strv layers; /* diff ids, sorted */
};

static void needed_free(struct needed *needed)
{
	strv_free(&needed->blobs);
	strv_free(&needed->layers);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct strv *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare);
}

static bool has(const struct strv *sorted, const char *text)
{
	return sorted->n && bsearch(&text, sorted->v, sorted->n,
				    sizeof(*sorted->v), compare);
}

static int mark_image(const struct store *store, const char *digest,
		      struct needed *needed, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_image(store, digest, &manifest, &config, err);

	if (r < 0)
		return r;
	strv_add(&needed->blobs, digest);
	strv_add(&needed->blobs, manifest.config.digest);
	for (size_t l = 0; l < manifest.n_layers; l++)
		strv_add(&needed->blobs, manifest.layers[l].digest);
	strv_extend(&needed->layers, strv_argv(&config.diff_ids));
	return 0;
}

static int mark_index(const struct store *store, const struct image_index *keep,
		      struct needed *needed, struct error *err)
{
	for (size_t i = 0; i < keep->n; i++) {
		const struct descriptor *entry = &keep->entries[i];
		int r = mark_image(store, entry->digest, needed, err);
		if (r < 0)
			return error_prefix(err, "image %s",
					    entry->name ? entry->name
							: entry->digest);
	}
	return 0;
}

/* the names in a directory of the store; one that is not there has none */
static int list_names(const struct store *store, const char *path,
		      struct strv *ret, struct error *err)
{
	int fd = openat(store->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		error_set(err, errno, "list %s/%s", store->path, path);
		fd_close(&fd);
		return -err->code;
	}
	for (struct dirent *entry; (entry = readdir(list));)
		if (entry->d_name[0] != '.')
			strv_add(ret, entry->d_name);
	closedir(list);
	return 0;
}

/*
 * The digest in containers/@id/image
 * Return: 1; 0 it was made of no image, or is being made or removed; -EUCLEAN
 */
static int read_user(const struct store *store, const char *id,
		     char ret[DIGEST_MAX], struct error *err)
{
	scoped(char) *path = xasprintf("containers/%s/image", id);
	scoped(char) *text = NULL;
	ssize_t n = fd_read_file(store->dirfd, path, DIGEST_MAX, &text, err);

	/* empty: killed before it was written; such a container never ran */
	if (n == -ENOENT || n == -ENOTDIR || n == 0)
		return 0;
	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	if (digest_check(text, err) < 0) {
		err->code = EUCLEAN;
		error_prefix(err, "%s/%s", store->path, path);
		return error_hint(err, "remove the container: wolffia rm %.12s",
				  id);
	}
	strcpy(ret, text);
	return 1;
}

static int mark_containers(const struct store *store, struct needed *needed,
			   struct error *err)
{
	scoped_strv ids = { 0 };
	char digest[DIGEST_MAX];
	int r = list_names(store, "containers", &ids, err);

	for (size_t i = 0; r >= 0 && i < ids.n; i++) {
		r = read_user(store, ids.v[i], digest, err);
		if (r > 0 && mark_image(store, digest, needed, err) < 0) {
			r = error_prefix(err, "the image of container %.12s",
					 ids.v[i]);
			error_hint(err,
				   "load the image again, or remove the "
				   "container: wolffia rm %.12s",
				   ids.v[i]);
		}
	}
	return r < 0 ? r : 0;
}

int collect_users(const struct store *store, const char *digest,
		  struct strv *ret, struct error *err)
{
	scoped_strv ids = { 0 };
	char found[DIGEST_MAX];
	int r = list_names(store, "containers", &ids, err);

	for (size_t i = 0; r >= 0 && i < ids.n; i++) {
		r = read_user(store, ids.v[i], found, err);
		if (r > 0 && strcmp(found, digest) == 0)
			strv_add(ret, ids.v[i]);
	}
	return r < 0 ? r : 0;
}

static int mark(const struct store *store, const struct image_index *keep,
		struct needed *needed, struct error *err)
{
	int r = mark_index(store, keep, needed, err);

	if (r == 0)
		r = mark_containers(store, needed, err);
	sort(&needed->blobs);
	sort(&needed->layers);
	return r;
}

static int find_blobs(const struct store *store, const char *algorithm,
		      const struct strv *needed, struct strv *ret,
		      struct error *err)
{
	scoped(char) *path = xasprintf("oci/blobs/%s", algorithm);
	scoped_strv names = { 0 };
	int r = list_names(store, path, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		scoped(char) *digest =
			xasprintf("%s:%s", algorithm, names.v[i]);
		if (digest_is_valid(digest) && !has(needed, digest))
			strv_take(ret, take_ptr(digest));
	}
	return r;
}

static int find_layers(const struct store *store, const struct strv *needed,
		       struct garbage *ret, struct error *err)
{
	scoped_strv names = { 0 };
	int r = list_names(store, "layers", &names, err);

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		const char *name = names.v[i];
		scoped(char) *id =
			xasprintf("sha256:%.*s", (int)strcspn(name, "."), name);
		if (!digest_is_valid(id) || has(needed, id))
			continue;
		if (ret->holds_fd < 0)
			r = ret->holds_fd = store_open_holds(store, err);
		if (r >= 0)
			r = store_seize_layer(ret->holds_fd, name, err);
		if (r >= 0)
			strv_add(&ret->layers, name);
		if (r == -EBUSY) {
			strv_add(&ret->busy, name);
			r = 0;
		}
	}
	return r < 0 ? r : 0;
}

int collect_find(const struct store *store, const struct image_index *keep,
		 struct garbage *ret, struct error *err)
{
	__attribute__((cleanup(needed_free))) struct needed needed = { 0 };
	struct garbage garbage = GARBAGE_NONE;
	int r = mark(store, keep, &needed, err);

	if (r == 0)
		r = find_blobs(store, "sha256", &needed.blobs, &garbage.blobs,
			       err);
	if (r == 0)
		r = find_blobs(store, "sha512", &needed.blobs, &garbage.blobs,
			       err);
	if (r == 0)
		r = find_layers(store, &needed.layers, &garbage, err);
	if (r < 0) {
		garbage_free(&garbage);
		return r;
	}
	*ret = garbage;
	return 0;
}

struct removal {
	const struct stage *stage;
	const struct strv *layers;
};

/* as id 0 of the outer namespace: a directory that moves must be writable */
static int move_layers(void *argument, struct error *err)
{
	const struct removal *removal = argument;

	for (size_t i = 0; i < removal->layers->n; i++) {
		const char *name = removal->layers->v[i];
		scoped(char) *from = xasprintf("layers/%s", name);
		scoped(char) *to = xasprintf("removed/%s", name);
		if (renameat(removal->stage->store->dirfd, from,
			     removal->stage->dirfd, to) < 0)
			return error_set(err, errno, "remove %s", from);
	}
	return 0;
}

int collect_remove(struct stage *stage, const struct garbage *garbage,
		   struct error *err)
{
	struct removal removal = { stage, &garbage->layers };

	stage->half_done = true;
	if (garbage->layers.n) {
		stage->foreign_files = true;
		int r = stage->ids->call(stage->ids->context, move_layers,
					 &removal, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < garbage->blobs.n; i++) {
		scoped(char) *blob = digest_blob_path(garbage->blobs.v[i]);
		scoped(char) *path = xasprintf("oci/%s", blob);
		if (unlinkat(stage->store->dirfd, path, 0) < 0 &&
		    errno != ENOENT)
			return error_set(err, errno, "remove %s", path);
	}
	stage->half_done = false;
	return 0;
}

void garbage_free(struct garbage *garbage)
{
	fd_close(&garbage->holds_fd);
	strv_free(&garbage->blobs);
	strv_free(&garbage->layers);
	strv_free(&garbage->busy);
}
