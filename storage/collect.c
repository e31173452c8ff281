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

static int mark(const struct store *store, const struct image_index *keep,
		struct needed *needed, struct error *err)
{
	for (size_t i = 0; i < keep->n; i++) {
		scoped_manifest manifest = { 0 };
		scoped_config config = { 0 };
		const char *digest = keep->entries[i].digest;
		int r = layout_read_image(store, digest, &manifest, &config,
					  err);
		if (r < 0)
			return error_prefix(err, "image %s",
					    keep->entries[i].name
						    ? keep->entries[i].name
						    : digest);
		strv_add(&needed->blobs, digest);
		strv_add(&needed->blobs, manifest.config.digest);
		for (size_t l = 0; l < manifest.n_layers; l++)
			strv_add(&needed->blobs, manifest.layers[l].digest);
		strv_extend(&needed->layers, strv_argv(&config.diff_ids));
	}
	sort(&needed->blobs);
	sort(&needed->layers);
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
	return 0;
}

void garbage_free(struct garbage *garbage)
{
	fd_close(&garbage->holds_fd);
	strv_free(&garbage->blobs);
	strv_free(&garbage->layers);
	strv_free(&garbage->busy);
}
