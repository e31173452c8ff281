#include "core/store_usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"
#include "core/disk_usage.h"
#include "core/record.h"
#include "core/spec.h"
#include "storage/digest.h"
#include "storage/layout.h"
#include "storage/partial.h"

/* Something of images: a blob or the tree of a layer. */
struct part {
	char *name; /* a digest of a blob; hex digits of a layer's diff id */
	uint64_t size;
	size_t images, last; /* that need it; the last of them, from 1 */
	bool needed;         /* by a container */
};

struct survey {
	const struct store *store;
	struct store_usage *usage;
	struct strv paths; /* of all that is measured */
	uint64_t *sizes;
	struct part *parts; /* sorted by their names; the first of .paths */
	size_t n_parts;
	struct strv used;    /* digests that containers were made of */
	struct strv mounted; /* paths of their volumes */
};

static int list(const struct survey *survey, const char *directory,
		struct strv *ret, struct error *err)
{
	int fd = openat(survey->store->dirfd, directory,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);

	if (!names && errno == ENOENT)
		return 0;
	if (!names) {
		error_set(err, errno, "list %s/%s", survey->store->path,
			  directory);
		fd_close(&fd);
		return -err->code;
	}
	for (struct dirent *entry; (entry = readdir(names));)
		if (entry->d_name[0] != '.')
			strv_add(ret, entry->d_name);
	closedir(names);
	return 0;
}

static void add_part(struct survey *survey, char *name, const char *directory,
		     const char *file)
{
	survey->parts = xreallocarray(survey->parts, survey->n_parts + 1,
				      sizeof(*survey->parts));
	survey->parts[survey->n_parts++] = (struct part){ .name = name };
	strv_addf(&survey->paths, "%s/%s/%s", survey->store->path, directory,
		  file);
}

/* before all others, so that what they share with containers counts as theirs
 */
static int find_parts(struct survey *survey, struct error *err)
{
	static const char *const algorithms[] = { "sha256", "sha512" };
	scoped_strv layers = { 0 };

	for (size_t a = 0; a < ARRAY_SIZE(algorithms); a++) {
		scoped(char) *path = xasprintf("oci/blobs/%s", algorithms[a]);
		scoped_strv names = { 0 };
		int r = list(survey, path, &names, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < names.n; i++)
			add_part(survey,
				 xasprintf("%s:%s", algorithms[a], names.v[i]),
				 path, names.v[i]);
	}
	int r = list(survey, "layers", &layers, err);
	for (size_t i = 0; i < layers.n; i++)
		add_part(survey,
			 xstrndup(layers.v[i], strcspn(layers.v[i], ".")),
			 "layers", layers.v[i]);
	return r;
}

static int find_containers(struct survey *survey, struct error *err)
{
	struct store_usage *usage = survey->usage;
	int r = container_list(survey->store, &usage->containers,
			       &usage->n_containers, err);

	for (size_t i = 0; r == 0 && i < usage->n_containers; i++) {
		const char *id = usage->containers[i].record.id;
		struct spec spec = { 0 };
		struct error ignored;
		scoped_fd dirfd = container_open(survey->store, id, &ignored);
		strv_addf(&survey->paths, "%s/containers/%s",
			  survey->store->path, id);
		if (dirfd < 0 || record_read_spec(dirfd, &spec, &ignored) < 0)
			continue;
		if (spec.image_digest)
			strv_add(&survey->used, spec.image_digest);
		for (size_t m = 0; m < spec.n_mounts; m++)
			if (spec.mounts[m].kind == MOUNT_VOLUME)
				strv_add(&survey->mounted,
					 spec.mounts[m].source);
		spec_free(&spec);
	}
	return r;
}

static size_t count(const struct strv *texts, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < texts->n; i++)
		n += strcmp(texts->v[i], text) == 0;
	return n;
}

static int find_volumes(struct survey *survey, struct error *err)
{
	struct store_usage *usage = survey->usage;
	scoped_strv names = { 0 };
	int r = list(survey, "volumes", &names, err);

	usage->volumes = xcalloc(names.n + 1, sizeof(*usage->volumes));
	for (size_t i = 0; i < names.n; i++) {
		scoped(char) *path = xasprintf("%s/volumes/%s",
					       survey->store->path, names.v[i]);
		strv_add(&survey->paths, path);
		usage->volumes[usage->n_volumes++] = (struct usage_volume){
			.name = xstrdup(names.v[i]),
			.containers = count(&survey->mounted, path),
		};
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* the parts of that name: a layer may be there for many ids and for one */
static struct part *find_part(struct survey *survey, const char *name)
{
	const struct part key = { .name = (char *)(uintptr_t)name };
	struct part *found =
		survey->n_parts ? bsearch(&key, survey->parts, survey->n_parts,
					  sizeof(key), compare)
				: NULL;

	while (found && found > survey->parts &&
	       strcmp(found[-1].name, name) == 0)
		found--;
	return found;
}

static void need(struct survey *survey, const char *name, size_t image,
		 bool used)
{
	struct part *end = survey->parts + survey->n_parts;

	for (struct part *part = find_part(survey, name);
	     part && part < end && strcmp(part->name, name) == 0; part++) {
		if (image && part->last != image)
			part->images++;
		if (image)
			part->last = image;
		part->needed |= used;
	}
}

/*
 * What the manifest @digest needs; @image 0: it is no image any more, but a
 * container was made of it
 */
static void mark(struct survey *survey, const char *digest, size_t image,
		 bool used, struct usage_image *ret)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct error ignored;

	need(survey, digest, image, used);
	if (layout_read_image(survey->store, digest, &manifest, &config,
			      &ignored) < 0)
		return;
	need(survey, manifest.config.digest, image, used);
	for (size_t i = 0; i < manifest.n_layers; i++)
		need(survey, manifest.layers[i].digest, image, used);
	for (size_t i = 0; i < config.diff_ids.n; i++)
		need(survey, digest_hex(config.diff_ids.v[i]), image, used);
	if (!ret)
		return;
	ret->id = xstrdup(manifest.config.digest);
	ret->created = xstrdup(config.created);
}

static void mark_images(struct survey *survey)
{
	struct store_usage *usage = survey->usage;

	usage->images = xcalloc(usage->index.n + 1, sizeof(*usage->images));
	for (size_t i = 0; i < usage->index.n; i++) {
		const struct descriptor *entry = &usage->index.entries[i];
		bool again = false;
		for (size_t k = 0; k < usage->n_images; k++)
			again |= strcmp(usage->images[k].entry->digest,
					entry->digest) == 0;
		if (again)
			continue;
		struct usage_image *image = &usage->images[usage->n_images++];
		image->entry = entry;
		image->containers = count(&survey->used, entry->digest);
		mark(survey, entry->digest, usage->n_images,
		     image->containers > 0, image);
	}
	for (size_t i = 0; i < survey->used.n; i++)
		mark(survey, survey->used.v[i], 0, true, NULL);
}

/* a second walk over what each image needs, now that all is known */
static void add_up_image(struct survey *survey, struct usage_image *image)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped_strv names = { 0 };
	struct part *end = survey->parts + survey->n_parts;
	struct error ignored;

	strv_add(&names, image->entry->digest);
	if (layout_read_image(survey->store, image->entry->digest, &manifest,
			      &config, &ignored) == 0) {
		strv_add(&names, manifest.config.digest);
		for (size_t i = 0; i < manifest.n_layers; i++)
			if (!strv_contains(&names, manifest.layers[i].digest))
				strv_add(&names, manifest.layers[i].digest);
		for (size_t i = 0; i < config.diff_ids.n; i++)
			if (!strv_contains(&names,
					   digest_hex(config.diff_ids.v[i])))
				strv_add(&names,
					 digest_hex(config.diff_ids.v[i]));
	}
	for (size_t i = 0; i < names.n; i++) {
		struct part *part = find_part(survey, names.v[i]);
		for (;
		     part && part < end && strcmp(part->name, names.v[i]) == 0;
		     part++) {
			image->size += part->size;
			if (part->images > 1)
				image->shared += part->size;
		}
	}
}

static void add_up(struct survey *survey)
{
	struct store_usage *usage = survey->usage;

	for (size_t i = 0; i < survey->n_parts; i++) {
		usage->images_size += survey->parts[i].size;
		if (survey->parts[i].needed)
			usage->images_needed += survey->parts[i].size;
	}
	for (size_t i = 0; i < usage->n_images; i++)
		add_up_image(survey, &usage->images[i]);
}

/* what broken transfers left is no image's, and goes with the next prune */
static int measure_partial(struct survey *survey, struct error *err)
{
	uint64_t bytes = 0;
	int r = partial_sweep(survey->store, false, NULL, NULL, &bytes, err);

	survey->usage->images_size += bytes;
	return r;
}

static int measure(struct survey *survey, struct error *err)
{
	struct store_usage *usage = survey->usage;
	uint64_t *next = survey->sizes =
		xcalloc(survey->paths.n + 1, sizeof(*next));
	int r = disk_usage(&survey->paths, false, survey->sizes, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < survey->n_parts; i++)
		survey->parts[i].size = *next++;
	usage->container_sizes = xcalloc(usage->n_containers + 1,
					 sizeof(*usage->container_sizes));
	for (size_t i = 0; i < usage->n_containers; i++)
		usage->container_sizes[i] = *next++;
	for (size_t i = 0; i < usage->n_volumes; i++)
		usage->volumes[i].size = *next++;
	if (survey->n_parts)
		qsort(survey->parts, survey->n_parts, sizeof(*survey->parts),
		      compare);
	return 0;
}

int store_usage_find(const struct store *store, struct store_usage *ret,
		     struct error *err)
{
	struct store_usage usage = { 0 };
	struct survey survey = { .store = store, .usage = &usage };
	int r = layout_read_index(store, &usage.index, err);

	if (r == 0)
		r = find_parts(&survey, err);
	if (r == 0)
		r = find_containers(&survey, err);
	if (r == 0)
		r = find_volumes(&survey, err);
	if (r == 0)
		r = measure(&survey, err);
	if (r == 0)
		r = measure_partial(&survey, err);
	if (r == 0) {
		mark_images(&survey);
		add_up(&survey);
	}
	for (size_t i = 0; i < survey.n_parts; i++)
		free(survey.parts[i].name);
	free(survey.parts);
	free(survey.sizes);
	strv_free(&survey.paths);
	strv_free(&survey.used);
	strv_free(&survey.mounted);
	if (r < 0)
		store_usage_free(&usage);
	else
		*ret = usage;
	return r;
}

void store_usage_free(struct store_usage *usage)
{
	for (size_t i = 0; i < usage->n_images; i++) {
		free(usage->images[i].id);
		free(usage->images[i].created);
	}
	for (size_t i = 0; i < usage->n_volumes; i++)
		free(usage->volumes[i].name);
	free(usage->images);
	free(usage->volumes);
	free(usage->container_sizes);
	containers_free(usage->containers, usage->n_containers);
	index_free(&usage->index);
	*usage = (struct store_usage){ 0 };
}
