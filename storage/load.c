#include "storage/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "storage/media.h"
#include "storage/reference.h"

/* how deep an index may lie in an index */
enum { NESTING_MAX = 4 };

struct load {
	struct stage *stage;
	int root_fd; /* the layout, or the archive unpacked */
	bool own;    /* its files are the stage's */
	const struct load_gate *gate;
	struct image_index *loaded;
};

/* FIFOs and devices are not waited for: only regular files are read */
static int check_regular(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_say(err, EINVAL, "%s is not a regular file", path);
	return fd;
}

static int open_file(const struct load *load, const char *path,
		     struct error *err)
{
	scoped_fd fd = path_open_beneath(
		load->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	int r = fd < 0 ? fd : check_regular(fd, path, err);

	return r < 0 ? r : take_fd(fd);
}

/* docker save before 25 has links between its layers: inside the archive */
static int open_archived(const struct load *load, const char *path,
			 struct error *err)
{
	scoped_fd fd = path_open_in_root(
		load->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	int r = fd < 0 ? fd : check_regular(fd, path, err);

	return r < 0 ? r : take_fd(fd);
}

static ssize_t read_whole(int fd, const char *what, size_t max, char **ret,
			  struct error *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "%s", what);
	ssize_t size = fd_read_all(fd, max, ret, err);
	return size < 0 ? error_prefix(err, "%s", what) : size;
}

/* a blob of the layout goes into the stage, checked */
static int stage_from_layout(const struct load *load,
			     const struct descriptor *wanted, struct error *err)
{
	scoped(char) *path = digest_blob_path(wanted->digest);
	scoped_descriptor got = { 0 };
	scoped_fd fd = open_file(load, path, err);

	if (fd == -ENOENT)
		return error_say(err, ENOENT, "blob %s is missing",
				 wanted->digest);
	if (fd < 0)
		return fd;
	scoped(char) *what = xasprintf("blob %s", wanted->digest);
	return stage_blob(load->stage, fd, load->own, wanted, what, &got, err);
}

/* Reads what was staged: the bytes that were checked, and no others. */
static ssize_t read_staged(const struct load *load,
			   const struct descriptor *wanted, char **ret,
			   struct error *err)
{
	scoped(char) *path = xasprintf("blobs/%s", wanted->digest);

	if (wanted->size > MANIFEST_MAX)
		return error_say(err, EFBIG,
				 "blob %s is too large for a document",
				 wanted->digest);
	int r = stage_from_layout(load, wanted, err);
	if (r < 0)
		return r;
	return fd_read_file(load->stage->dirfd, path, MANIFEST_MAX, ret, err);
}

static int stage_layers(const struct load *load,
			const struct manifest *manifest,
			const struct image_config *config, struct error *err)
{
	size_t n = manifest->n_layers;

	for (size_t i = 0; i < n; i++) {
		const char *digest = manifest->layers[i].digest;
		const char *diff_id = config->diff_ids.v[i];
		scoped(char) *what = xasprintf("layer %s", digest);
		char ignored[DIGEST_MAX];
		stage_say(load->stage, "Unpacking layer %zu of %zu: %.12s",
			  i + 1, n, digest_hex(digest));
		int r = stage_layer(load->stage, digest, diff_id, what, ignored,
				    err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_manifest(const struct load *load,
			 const struct descriptor *entry, char **ret_arch,
			 struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped(char) *text = NULL, *json = NULL;
	ssize_t size = read_staged(load, entry, &text, err);

	if (size < 0)
		return (int)size;
	int r = manifest_parse(text, (size_t)size, &manifest, err);
	if (r < 0)
		return r;
	size = read_staged(load, &manifest.config, &json, err);
	if (size < 0)
		return (int)size;
	r = config_parse(json, (size_t)size, &config, err);
	if (r == 0)
		r = config_check_layers(&config, &manifest, err);
	for (size_t i = 0; r == 0 && i < manifest.n_layers; i++) {
		r = media_check_layer(manifest.layers[i].media_type, err);
		if (r < 0)
			break;
		stage_say(load->stage, "Reading layer %zu of %zu: %.12s", i + 1,
			  manifest.n_layers,
			  digest_hex(manifest.layers[i].digest));
		r = stage_from_layout(load, &manifest.layers[i], err);
	}
	if (r == 0)
		r = stage_layers(load, &manifest, &config, err);
	if (r == 0)
		*ret_arch = take_ptr(config.architecture);
	return r;
}

/* from an index down to the manifest for this machine */
static int choose_manifest(const struct load *load,
			   const struct descriptor *entry, int depth,
			   struct descriptor *ret, struct error *err)
{
	scoped(char) *text = NULL;
	scoped_index index = { 0 };

	switch (media_kind(entry->media_type)) {
	case MEDIA_IS_MANIFEST:
		descriptor_copy(ret, entry);
		return 0;
	case MEDIA_IS_UNKNOWN:
		return error_say(err, EINVAL,
				 "blob %s is not an image but a %s",
				 entry->digest, entry->media_type);
	case MEDIA_IS_INDEX:
		break;
	}
	if (depth == NESTING_MAX)
		return error_say(err, EINVAL,
				 "more than %d indexes inside one another",
				 NESTING_MAX);
	ssize_t size = read_staged(load, entry, &text, err);
	if (size < 0)
		return (int)size;
	/* the store keeps the manifest; the index is in its annotation */
	stage_forget_blob(load->stage, entry->digest);
	int r = index_parse(text, (size_t)size, &index, err);
	int at = r < 0 ? r : index_choose(&index, err);
	if (at < 0)
		return error_prefix(err, "image %s",
				    entry->name ? entry->name : entry->digest);
	return choose_manifest(load, &index.entries[at], depth + 1, ret, err);
}

/* @domain: of a @name that has none */
static int add_loaded(const struct load *load,
		      const struct descriptor *manifest, const char *arch,
		      const char *name, const char *domain,
		      const char *index_digest, struct error *err)
{
	scoped_reference ref = { 0 };
	scoped_descriptor entry = {
		.media_type = xstrdup(manifest->media_type),
		.digest = xstrdup(manifest->digest),
		.size = manifest->size,
		.os = *arch ? xstrdup("linux") : NULL,
		.architecture = *arch ? xstrdup(arch) : NULL,
		.index_digest = index_digest ? xstrdup(index_digest) : NULL,
	};

	if (name) {
		int r = reference_parse(name, &ref, err);
		if (r < 0)
			return r;
		entry.name = reference_name(&ref, domain);
	}
	index_append(load->loaded, &entry);
	return 0;
}

static int load_entry(const struct load *load, const struct descriptor *entry,
		      struct error *err)
{
	scoped_descriptor manifest = { 0 };
	const char *name =
		entry->containerd_name ? entry->containerd_name : entry->name;
	scoped(char) *arch = NULL;
	int r = choose_manifest(load, entry, 0, &manifest, err);

	if (r == 0)
		r = load_manifest(load, &manifest, &arch, err);
	if (r < 0)
		return r;
	bool chosen = strcmp(manifest.digest, entry->digest) != 0;
	return add_loaded(load, &manifest, arch, name, "localhost",
			  chosen ? entry->digest : NULL, err);
}

static int check_version(const struct load *load, struct error *err)
{
	scoped(char) *text = NULL;
	scoped_fd fd = open_file(load, "oci-layout", err);

	if (fd < 0)
		return fd;
	ssize_t size = read_whole(fd, "oci-layout", 4096, &text, err);
	return size < 0 ? (int)size
			: layout_version_parse(text, (size_t)size, err);
}

static int load_layout(const struct load *load, int index_fd, struct error *err)
{
	scoped(char) *text = NULL;
	scoped_index index = { 0 };
	size_t n = 0;
	int r = check_version(load, err);

	if (r < 0)
		return r;
	ssize_t size =
		read_whole(index_fd, "index.json", INDEX_MAX, &text, err);
	if (size < 0)
		return (int)size;
	r = index_parse(text, (size_t)size, &index, err);
	for (size_t i = 0; r == 0 && i < index.n; i++) {
		/* other machines' images, attestations, signatures */
		if (descriptor_is_foreign(&index.entries[i]))
			continue;
		r = load_entry(load, &index.entries[i], err);
		n++;
	}
	if (r < 0)
		return r;
	return n ? 0 : index_choose(&index, err);
}

/* the blob and the descriptor of a layer that is just a file */
static int stage_archived_layer(const struct load *load, const char *path,
				struct descriptor *ret, struct error *err)
{
	scoped(char) *what = xasprintf("layer %s", path);
	scoped_fd fd = open_archived(load, path, err);

	if (fd < 0)
		return fd;
	int r = media_sniff_layer(fd, &ret->media_type, err);
	if (r < 0)
		return r;
	return stage_blob(load->stage, fd, true, NULL, what, ret, err);
}

static int stage_archived_config(const struct load *load, const char *path,
				 struct descriptor *ret,
				 struct image_config *ret_config,
				 struct error *err)
{
	scoped(char) *text = NULL;
	scoped_fd fd = open_archived(load, path, err);

	if (fd < 0)
		return fd;
	ssize_t size = read_whole(fd, path, MANIFEST_MAX, &text, err);
	if (size < 0)
		return (int)size;
	ret->media_type = xstrdup(MEDIA_CONFIG);
	/* the bytes that were read, not the file again */
	if (strlen(text) != (size_t)size)
		return error_say(err, EINVAL, "%s has a NUL", path);
	int r = stage_text(load->stage, text, ret, err);
	return r < 0 ? r : config_parse(text, (size_t)size, ret_config, err);
}

static int stage_archived_manifest(const struct load *load,
				   const struct archive_image *image,
				   struct descriptor *ret, char **ret_arch,
				   struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = stage_archived_config(load, image->config, &manifest.config,
				      &config, err);

	if (r < 0)
		return r;
	manifest.layers =
		xcalloc(image->layers.n + 1, sizeof(*manifest.layers));
	manifest.n_layers = image->layers.n;
	for (size_t i = 0; i < image->layers.n; i++) {
		stage_say(load->stage, "Reading layer %zu of %zu", i + 1,
			  image->layers.n);
		r = stage_archived_layer(load, image->layers.v[i],
					 &manifest.layers[i], err);
		if (r < 0)
			return r;
	}
	r = config_check_layers(&config, &manifest, err);
	if (r == 0)
		r = stage_layers(load, &manifest, &config, err);
	if (r < 0)
		return r;
	scoped(char) *text = manifest_text(&manifest);
	ret->media_type = xstrdup(MEDIA_MANIFEST);
	*ret_arch = take_ptr(config.architecture);
	return stage_text(load->stage, text, ret, err);
}

/* names are those of docker(1), where "debian" is docker.io/library/debian */
static int load_archived(const struct load *load,
			 const struct archive_image *image, struct error *err)
{
	scoped_descriptor manifest = { 0 };
	scoped(char) *arch = NULL;
	int r = stage_archived_manifest(load, image, &manifest, &arch, err);

	if (r == 0 && image->names.n == 0)
		return add_loaded(load, &manifest, arch, NULL, NULL, NULL, err);
	for (size_t i = 0; r == 0 && i < image->names.n; i++)
		r = add_loaded(load, &manifest, arch, image->names.v[i],
			       "docker.io", NULL, err);
	return r;
}

static int load_docker_archive(const struct load *load, int manifest_fd,
			       struct error *err)
{
	scoped_archive_manifest all = { 0 };
	scoped(char) *text = NULL;
	ssize_t size = read_whole(manifest_fd, "manifest.json", MANIFEST_MAX,
				  &text, err);

	if (size < 0)
		return (int)size;
	int r = archive_manifest_parse(text, (size_t)size, &all, err);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		r = load_archived(load, &all.images[i], err);
	return r;
}

static int not_an_image(bool directory, struct error *err)
{
	error_say(err, EINVAL, "it is neither an OCI layout (no index.json)%s",
		  directory ? " nor anything else that can be loaded"
			    : " nor a docker archive (no manifest.json)");
	return error_hint(err, "a root file system is made into an image by: "
			       "wolffia import FILE NAME");
}

static int ask(const struct load *load, const char *transport,
	       struct error *err)
{
	const struct load_gate *gate = load->gate;

	return gate ? gate->accept(gate->context, transport, err) : 0;
}

static int load_from(const struct load *load, struct error *err)
{
	struct error why;
	scoped_fd index_fd = open_file(load, "index.json", &why);

	if (index_fd >= 0) {
		int r = ask(load, load->own ? "oci-archive" : "oci", err);
		return r < 0 ? r : load_layout(load, index_fd, err);
	}
	if (index_fd != -ENOENT || !load->own) {
		*err = why;
		return index_fd == -ENOENT ? not_an_image(true, err) : index_fd;
	}
	scoped_fd manifest_fd = open_file(load, "manifest.json", &why);
	if (manifest_fd >= 0) {
		int r = ask(load, "docker-archive", err);
		return r < 0 ? r : load_docker_archive(load, manifest_fd, err);
	}
	*err = why;
	return manifest_fd == -ENOENT ? not_an_image(false, err) : manifest_fd;
}

int load_images(struct stage *stage, int fd, const char *what,
		const struct load_gate *gate, struct image_index *ret,
		struct error *err)
{
	scoped_index loaded = { 0 };
	scoped_fd archive = -1;
	struct load load = {
		.stage = stage,
		.root_fd = fd,
		.gate = gate,
		.loaded = &loaded,
	};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "%s", what);
	/* an archive is unpacked here; of a directory's blobs we may have all
	 */
	int r = stage_fit(stage, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
			  err);
	if (r < 0)
		return r;
	if (!S_ISDIR(st.st_mode)) {
		stage_say(stage, "Reading %s", what);
		archive = stage_archive(stage, fd, what, err);
		if (archive < 0)
			return archive;
		load.root_fd = archive;
		load.own = true;
	}
	r = load_from(&load, err);
	if (r < 0)
		return r;
	*ret = loaded;
	loaded = (struct image_index){ 0 };
	return 0;
}
