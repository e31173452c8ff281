#include "storage/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/digest.h"
#include "storage/image_store.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/registry/name.h"

static int find_name(const struct image_index *index, const char *name)
{
	for (size_t i = 0; i < index->n; i++)
		if (index->entries[i].name &&
		    strcmp(index->entries[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

static int find_digest(const struct image_index *index, const char *repository,
		       const char *digest)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		bool same = strcmp(e->digest, digest) == 0 ||
			    (e->index_digest &&
			     strcmp(e->index_digest, digest) == 0);
		if (same && descriptor_is_of(e, repository))
			return (int)i;
	}
	return -ENOENT;
}

/* one that nobody knows the repository of may be of any */
static int find_nameless(const struct image_index *index, const char *digest)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (!e->name && !e->repository &&
		    (strcmp(e->digest, digest) == 0 ||
		     (e->index_digest && strcmp(e->index_digest, digest) == 0)))
			return (int)i;
	}
	return -ENOENT;
}

/* @domain is taken when @ref has none */
static int find_in(const struct image_index *index, const struct reference *ref,
		   const char *domain)
{
	scoped(char) *repository = reference_repository(ref, domain);
	scoped(char) *name = reference_name(ref, domain);

	return ref->digest ? find_digest(index, repository, ref->digest)
			   : find_name(index, name);
}

/* a short name, as "pull" would resolve it */
static int find_short(const struct image_index *index, const char *typed,
		      struct error *err)
{
	scoped_registries registries = { 0 };
	scoped_strv names = { 0 };
	int r = registries_load(&registries, err);

	if (r == 0)
		r = name_candidates(&registries, typed, &names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++) {
		scoped_reference full = { 0 };
		r = reference_parse(names.v[i], &full, err);
		int at = r < 0 ? r : find_in(index, &full, full.domain);
		if (at != -ENOENT)
			return at;
	}
	return -ENOENT;
}

/* files that say what short names mean are read for these only */
static int find_reference(const struct image_index *index,
			  const struct reference *ref, const char *typed,
			  struct error *err)
{
	int at = index->n ? find_in(index, ref, "localhost") : -ENOENT;

	if (at == -ENOENT && index->n && !ref->domain) {
		at = find_short(index, typed, err);
		if (at == -ENOENT)
			at = find_in(index, ref, "docker.io");
	}
	return at == -ENOENT && ref->digest ? find_nameless(index, ref->digest)
					    : at;
}

/* the "IMAGE ID": the digest of the configuration; NULL if it is unreadable */
static char *image_id(const struct store *store, const struct descriptor *entry)
{
	scoped_manifest manifest = { 0 };
	scoped(char) *text = NULL;
	struct error ignored;
	ssize_t size = layout_read_blob(store, entry->digest, MANIFEST_MAX,
					&text, &ignored);

	if (size < 0 ||
	    manifest_parse(text, (size_t)size, &manifest, &ignored) < 0)
		return NULL;
	return take_ptr(manifest.config.digest);
}

bool image_has_prefix(const struct store *store, const struct descriptor *entry,
		      const char *hex)
{
	if (digest_has_prefix(entry->digest, hex) ||
	    (entry->index_digest &&
	     digest_has_prefix(entry->index_digest, hex)))
		return true;
	scoped(char) *id = image_id(store, entry);
	return id && digest_has_prefix(id, hex);
}

/* the same files packed in two ways are one image, and one id */
static bool is_same(const struct store *store, const struct descriptor *a,
		    const struct descriptor *b)
{
	if (strcmp(a->digest, b->digest) == 0)
		return true;
	scoped(char) *id_a = image_id(store, a);
	scoped(char) *id_b = image_id(store, b);
	return id_a && id_b && strcmp(id_a, id_b) == 0;
}

static int find_prefix(const struct store *store,
		       const struct image_index *index, const char *hex,
		       struct error *err)
{
	int at = -ENOENT;

	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (!image_has_prefix(store, e, hex))
			continue;
		if (at >= 0 && !is_same(store, &index->entries[at], e))
			return error_say(err, ENOTUNIQ,
					 "more than one image begins with %s",
					 hex);
		if (at < 0)
			at = (int)i;
	}
	return at;
}

/* "docker.io/library/debian:latest" as a user would type it */
static const char *familiar(const char *name)
{
	static const char *const prefixes[] = { "docker.io/library/",
						"docker.io/", "localhost/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (text_starts_with(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return name;
}

static int not_found(const struct image_index *index, const char *name,
		     struct error *err)
{
	scoped_strv names = { 0 };

	for (size_t i = 0; i < index->n; i++) {
		if (!index->entries[i].name)
			continue;
		const char *full = familiar(index->entries[i].name);
		strv_add(&names, full);
		strv_take(&names, xstrndup(full, strcspn(full, ":")));
	}
	const char *near =
		names.n ? text_nearest(name, (const char **)names.v) : NULL;
	error_say(err, ENOENT, "there is no image \"%s\" in the store", name);
	if (near && strcmp(near, name) != 0)
		return error_hint(err, "did you mean %s?", near);
	return error_hint(err, "list the images with: wolffia images");
}

int image_lookup(const struct store *store, const struct image_index *index,
		 const char *name, const char **ret_hex, struct error *err)
{
	const char *hex = digest_prefix(name);
	scoped_reference ref = { 0 };
	int at = -ENOENT;

	if (digest_is_valid(name))
		hex = digest_hex(name);
	/* "sha256:..." is never a name, bare digits may be one */
	bool may_be_name = !hex || hex == name;
	if (may_be_name) {
		int r = reference_parse(name, &ref, err);
		if (r < 0 && !hex)
			return r;
		if (r == 0)
			at = find_reference(index, &ref, name, err);
		if (at < 0 && at != -ENOENT && !hex)
			return at;
	}
	if (ret_hex)
		*ret_hex = at >= 0 ? NULL : hex;
	if (at < 0 && hex)
		at = find_prefix(store, index, hex, err);
	return at == -ENOENT ? not_found(index, name, err) : at;
}

static int not_unpacked(const char *name, bool single, struct error *err)
{
	error_say(err, ENODATA, "a layer of the image is not unpacked%s: %s",
		  single ? " for use without subordinate ids" : "", name);
	return error_hint(err, "unpack it with: wolffia unpack%s IMAGE",
			  single ? " --single" : "");
}

/* Return: where it lies, the caller's to free, or NULL */
static char *find_layer(const struct store *store, const char *name, bool own)
{
	scoped(char) *below = xasprintf("layers/%s", name);

	if (own && faccessat(store->dirfd, below, F_OK, 0) == 0)
		return xasprintf("%s/%s", store->path, below);
	return image_store_layer(store, name);
}

/*
 * @own: the image is one of the store itself.  What another one has stays
 * there as long as its owner likes, but what is here is kept only for images
 * that are here
 */
static int find_layers(const struct store *store, const struct strv *diff_ids,
		       bool own, bool single, struct image *ret,
		       struct error *err)
{
	for (size_t i = diff_ids->n; i-- > 0;) {
		scoped(char) *name = store_layer_name(diff_ids->v[i], single);
		scoped(char) *path = find_layer(store, name, own);
		if (!path)
			return not_unpacked(name, single, err);
		if (strv_contains(&ret->layers, path))
			continue;
		scoped(char) *marker = xasprintf("%s.wh", path);
		strv_take(&ret->layers, take_ptr(path));
		if (access(marker, F_OK) == 0)
			ret->whiteout_files = true;
	}
	return 0;
}

#define MOVE(from)                                                             \
	({                                                                     \
		struct strv moved_ = (from);                                   \
		(from) = (struct strv){ 0 };                                   \
		moved_;                                                        \
	})

int image_find(const struct store *store, const char *name, bool single,
	       struct image *ret, struct error *err)
{
	scoped_index index = { 0 };
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped_image image = { 0 };
	size_t own = 0;
	int r = layout_read_images(store, &index, &own, err);
	int at = r < 0 ? r : image_lookup(store, &index, name, NULL, err);

	if (at < 0)
		return at;
	const struct descriptor *entry = &index.entries[at];
	r = layout_read_image(store, entry->digest, &manifest, &config, err);
	if (r == 0)
		r = find_layers(store, &config.diff_ids, (size_t)at < own,
				single, &image, err);
	if (r < 0)
		return r;
	*ret = (struct image){
		.reference = xstrdup(entry->name ? entry->name : ""),
		.digest = xstrdup(entry->digest),
		.os = take_ptr(config.os),
		.architecture = take_ptr(config.architecture),
		.layers = MOVE(image.layers),
		.whiteout_files = image.whiteout_files,
		.env = MOVE(config.env),
		.entrypoint = MOVE(config.entrypoint),
		.cmd = MOVE(config.cmd),
		.labels = MOVE(config.labels),
		.volumes = MOVE(config.volumes),
		.user = take_ptr(config.user),
		.workdir = take_ptr(config.workdir),
		.stop_signal = take_ptr(config.stop_signal),
	};
	return 0;
}

int image_hold(const struct store *store, const struct image *image,
	       struct error *err)
{
	scoped_fd holds_fd = store_open_holds(store, err);

	if (holds_fd < 0)
		return holds_fd;
	for (size_t i = 0; i < image->layers.n; i++) {
		int r = store_hold_path(store, holds_fd, image->layers.v[i],
					err);
		if (r < 0)
			return error_prefix(err, "image %s was removed",
					    image->reference);
	}
	return take_fd(holds_fd);
}

void image_free(struct image *image)
{
	free(image->reference);
	free(image->digest);
	free(image->os);
	free(image->architecture);
	free(image->user);
	free(image->workdir);
	free(image->stop_signal);
	strv_free(&image->layers);
	strv_free(&image->env);
	strv_free(&image->entrypoint);
	strv_free(&image->cmd);
	strv_free(&image->labels);
	strv_free(&image->volumes);
	*image = (struct image){ 0 };
}
