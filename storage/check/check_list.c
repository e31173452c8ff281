/* What the images of the store, and of its containers, need. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/check/check_private.h"
#include "storage/layout.h"

static void add_user(struct check_users *users, const char *label,
		     const char *digest)
{
	if (!strv_contains(&users->labels, label))
		strv_add(&users->labels, label);
	if (!strv_contains(&users->digests, digest))
		strv_add(&users->digests, digest);
}

/* borrowed until the next one is added */
static struct check_blob *need_blob(struct check *check, const char *kind,
				    const char *digest, uint64_t size,
				    const char *label, const char *image)
{
	struct check_blob *blob = check_find_blob(check, digest);

	if (!blob) {
		check->blobs = xreallocarray(check->blobs, check->n_blobs + 1,
					     sizeof(*blob));
		blob = &check->blobs[check->n_blobs++];
		*blob = (struct check_blob){
			.digest = xstrdup(digest),
			.kind = kind,
			.size = UINT64_MAX,
		};
	}
	if (blob->size == UINT64_MAX)
		blob->size = size;
	add_user(&blob->users, label, image);
	return blob;
}

static void need_layer(struct check *check, const char *diff_id,
		       const char *blob, const char *label, const char *image)
{
	struct check_layer *layer = NULL;

	for (size_t i = 0; !layer && i < check->n_layers; i++)
		if (strcmp(check->layers[i].diff_id, diff_id) == 0)
			layer = &check->layers[i];
	if (!layer) {
		check->layers = xreallocarray(
			check->layers, check->n_layers + 1, sizeof(*layer));
		layer = &check->layers[check->n_layers++];
		*layer = (struct check_layer){
			.diff_id = xstrdup(diff_id),
			.blob = xstrdup(blob),
		};
	}
	add_user(&layer->users, label, image);
}

/* its digest is right, and yet it is no such document: it never was one */
static void add_unreadable(struct check *check, const char *kind,
			   const char *digest, const struct error *why)
{
	struct check_blob *blob = check_find_blob(check, digest);
	struct finding *finding =
		check_add(check, FINDING_DAMAGED, kind, digest, why->text);

	check_concerns(finding, &blob->users, false);
	blob->bad = true;
}

/* Return: 1 with the text; 0 it is damaged, and a finding says so; -errno */
static int read_document(struct check *check, const char *digest, char **ret,
			 size_t *ret_size, struct error *err)
{
	struct error why;
	int r = check_one_blob(check, check_find_blob(check, digest), err);

	if (r <= 0)
		return r;
	ssize_t size =
		layout_read_blob(check->store, digest, MANIFEST_MAX, ret, &why);
	if (size < 0 && size != -EUCLEAN) {
		*err = why;
		return (int)size;
	}
	if (size < 0) {
		add_unreadable(check, check_find_blob(check, digest)->kind,
			       digest, &why);
		return 0;
	}
	*ret_size = (size_t)size;
	return 1;
}

static int list_layers(struct check *check, const struct manifest *manifest,
		       const char *label, const char *image, struct error *err)
{
	const char *config_digest = manifest->config.digest;
	scoped_config config = { 0 };
	scoped(char) *text = NULL;
	struct error why;
	size_t size = 0;

	need_blob(check, "configuration", config_digest, manifest->config.size,
		  label, image);
	for (size_t i = 0; i < manifest->n_layers; i++)
		need_blob(check, "blob", manifest->layers[i].digest,
			  manifest->layers[i].size, label, image);
	int r = read_document(check, config_digest, &text, &size, err);
	if (r <= 0)
		return r;
	if (config_parse(text, size, &config, &why) < 0 ||
	    config_check_layers(&config, manifest, &why) < 0) {
		add_unreadable(check, "configuration", config_digest, &why);
		return 0;
	}
	for (size_t i = 0; i < manifest->n_layers; i++)
		need_layer(check, config.diff_ids.v[i],
			   manifest->layers[i].digest, label, image);
	return 0;
}

static int list_image(struct check *check, const char *digest, uint64_t size,
		      const char *label, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped(char) *text = NULL;
	struct error why;
	size_t length = 0;

	need_blob(check, "manifest", digest, size, label, digest);
	int r = read_document(check, digest, &text, &length, err);
	if (r <= 0)
		return r;
	if (manifest_parse(text, length, &manifest, &why) < 0) {
		add_unreadable(check, "manifest", digest, &why);
		return 0;
	}
	return list_layers(check, &manifest, label, digest, err);
}

/* the image of a container that has lost its name stays in the store */
static int list_container(struct check *check, const char *id,
			  struct error *err)
{
	scoped(char) *path = xasprintf("containers/%s/image", id);
	scoped(char) *label = xasprintf("container %.12s", id);
	scoped(char) *text = NULL;
	struct error why;
	ssize_t n = fd_read_file(check->store->dirfd, path, DIGEST_MAX, &text,
				 &why);

	/* made of no image, or just being made or removed */
	if (n <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (digest_check(text, &why) == 0)
		return list_image(check, text, UINT64_MAX, label, err);
	struct finding *finding =
		check_add(check, FINDING_DAMAGED, "container", id, why.text);
	free(finding->remedy);
	finding->remedy = xasprintf("wolffia rm %.12s", id);
	strv_add(&finding->images, label);
	return 0;
}

static int list_containers(struct check *check, struct error *err)
{
	int fd = openat(check->store->dirfd, "containers",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!list) {
		error_set(err, errno, "list %s/containers", check->store->path);
		fd_close(&fd);
		return -err->code;
	}
	for (struct dirent *entry; r == 0 && (entry = readdir(list));)
		if (entry->d_name[0] != '.')
			r = list_container(check, entry->d_name, err);
	closedir(list);
	return r;
}

/*
 * Nothing is removed after that: what is not in the new one may still be of
 * use to who puts the old one back.  Return: 0 @ret is the new one; -EUCLEAN
 * there is none; -errno
 */
static int add_damaged_index(struct check *check, const char *why,
			     struct image_index *ret, struct error *err)
{
	struct finding *finding = check_add(check, FINDING_DAMAGED, "index",
					    "oci/index.json", why);

	check->index_damaged = true;
	free(finding->remedy);
	if (!check->repair) {
		finding->remedy = xstrdup(
			"put a copy of oci/index.json back; or wolffia check "
			"--repair, which finds the images but not their names");
		return -EUCLEAN;
	}
	finding->remedy = xstrdup("");
	int r = check_rebuild_index(check->store, ret, err);
	if (r < 0)
		return r;
	finding->repaired = true;
	finding->done = xasprintf(
		"made anew with %zu images: wolffia tag gives them names "
		"again, and prune removes those without",
		ret->n);
	return 0;
}

int check_list(struct check *check, struct error *err)
{
	scoped_index index = { 0 };
	struct error why;
	int r = layout_read_index(check->store, &index, &why);

	if (r < 0 && r != -EUCLEAN) {
		*err = why;
		return r;
	}
	if (r < 0)
		r = add_damaged_index(check, why.text, &index, err);
	if (r < 0 && check->repair)
		return r;
	for (size_t i = 0; r == 0 && i < index.n; i++) {
		const struct descriptor *entry = &index.entries[i];
		r = list_image(check, entry->digest, entry->size,
			       entry->name ? entry->name : entry->digest, err);
		if (r < 0)
			return r;
	}
	check->images = index.n;
	return list_containers(check, err);
}
