#include "storage/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/digest.h"

enum { ENTRIES_MAX = 100000 };

static const struct {
	const char *type;
	enum media_kind kind;
} media_kinds[] = {
	{ MEDIA_INDEX, MEDIA_IS_INDEX },
	{ MEDIA_DOCKER_LIST, MEDIA_IS_INDEX },
	{ MEDIA_MANIFEST, MEDIA_IS_MANIFEST },
	{ MEDIA_DOCKER_V2, MEDIA_IS_MANIFEST },
};

enum media_kind media_kind(const char *media_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(media_kinds); i++)
		if (strcmp(media_type, media_kinds[i].type) == 0)
			return media_kinds[i].kind;
	return MEDIA_IS_UNKNOWN;
}

const char *manifest_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__loongarch64)
	return "loong64";
#elif defined(__i386__)
	return "386";
#else
#error "what is this architecture called in Go?"
#endif
}

void descriptor_free(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->digest);
	free(descriptor->os);
	free(descriptor->architecture);
	free(descriptor->variant);
	free(descriptor->name);
	free(descriptor->containerd_name);
	free(descriptor->index_digest);
	free(descriptor->repository);
	free(descriptor->summary);
	*descriptor = (struct descriptor){ 0 };
}

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void descriptor_copy(struct descriptor *to, const struct descriptor *from)
{
	*to = (struct descriptor){
		.media_type = copy_or_null(from->media_type),
		.digest = copy_or_null(from->digest),
		.size = from->size,
		.os = copy_or_null(from->os),
		.architecture = copy_or_null(from->architecture),
		.variant = copy_or_null(from->variant),
		.name = copy_or_null(from->name),
		.containerd_name = copy_or_null(from->containerd_name),
		.index_digest = copy_or_null(from->index_digest),
		.repository = copy_or_null(from->repository),
		.summary = copy_or_null(from->summary),
	};
}

/* the tag of a normal name is behind its last colon */
char *descriptor_repository(const struct descriptor *entry)
{
	const char *colon = entry->name ? strrchr(entry->name, ':') : NULL;

	if (colon)
		return xstrndup(entry->name, (size_t)(colon - entry->name));
	return entry->name ? NULL : copy_or_null(entry->repository);
}

bool descriptor_is_of(const struct descriptor *entry, const char *repository)
{
	scoped(char) *own = descriptor_repository(entry);

	return own && strcmp(own, repository) == 0;
}

/* a string member, copied; *@ret stays as it is when there is none */
static int copy_string(const json_t *object, const char *key, char **ret,
		       struct error *err)
{
	const char *text = NULL;
	int r = json_get_string(object, key, &text, err);

	if (r > 0) {
		free(*ret);
		*ret = xstrdup(text);
	}
	return r;
}

struct member {
	const char *key;
	char **to;
};

static int copy_strings(const json_t *object, const struct member *members,
			size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = copy_string(object, members[i].key, members[i].to, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int missing(const char *key, struct error *err)
{
	return error_say(err, EINVAL, "\"%s\" is missing", key);
}

static int parse_platform(const json_t *object, struct descriptor *to,
			  struct error *err)
{
	json_t *platform = NULL;
	const struct member members[] = {
		{ "os", &to->os },
		{ "architecture", &to->architecture },
		{ "variant", &to->variant },
	};
	int r = json_get_object(object, "platform", &platform, err);

	if (r <= 0)
		return r;
	return copy_strings(platform, members, ARRAY_SIZE(members), err);
}

static int parse_annotations(const json_t *object, struct descriptor *to,
			     struct error *err)
{
	json_t *annotations = NULL;
	const struct member members[] = {
		{ ANNOTATION_NAME, &to->name },
		{ ANNOTATION_CONTAINERD_NAME, &to->containerd_name },
		{ ANNOTATION_INDEX, &to->index_digest },
		{ ANNOTATION_REPOSITORY, &to->repository },
		{ ANNOTATION_SUMMARY, &to->summary },
	};
	int r = json_get_object(object, "annotations", &annotations, err);

	if (r <= 0)
		return r;
	return copy_strings(annotations, members, ARRAY_SIZE(members), err);
}

static int parse_descriptor(const json_t *object, struct descriptor *ret,
			    struct error *err)
{
	scoped_descriptor d = { 0 };
	int r;

	if (!json_is_object(object))
		return error_say(err, EINVAL, "a descriptor is not an object");
	r = copy_string(object, "mediaType", &d.media_type, err);
	if (r == 0)
		r = missing("mediaType", err);
	if (r > 0)
		r = copy_string(object, "digest", &d.digest, err);
	if (r == 0)
		r = missing("digest", err);
	if (r > 0)
		r = digest_check(d.digest, err);
	if (r == 0)
		r = json_get_u64(object, "size", &d.size, err);
	if (r == 0)
		r = missing("size", err);
	if (r > 0)
		r = parse_platform(object, &d, err);
	if (r >= 0)
		r = parse_annotations(object, &d, err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct descriptor){ 0 };
	return 0;
}

static void free_descriptors(struct descriptor *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		descriptor_free(&list[i]);
	free(list);
}

static int parse_descriptors(const json_t *array, size_t max,
			     struct descriptor **ret, size_t *ret_n,
			     struct error *err)
{
	size_t n = json_array_size(array);

	if (n > max)
		return error_say(err, E2BIG, "%zu entries, more than %zu", n,
				 max);
	struct descriptor *list = xcalloc(n ? n : 1, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		int r = parse_descriptor(json_array_get(array, i), &list[i],
					 err);
		if (r < 0) {
			free_descriptors(list, i);
			return error_prefix(err, "entry %zu", i);
		}
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

/*
 * The same bytes must not be an index to one reader and a manifest to the
 * next (CVE-2021-41190): only one of the two lists, and no other media type.
 */
static int check_document(const json_t *document, enum media_kind kind,
			  struct error *err)
{
	bool index = kind == MEDIA_IS_INDEX;
	const char *what = index ? "an image index" : "an image manifest";
	const char *type = NULL;
	uint64_t version = 0;
	int r;

	if (!json_is_object(document))
		return error_say(err, EINVAL, "it is not an object");
	r = json_get_u64(document, "schemaVersion", &version, err);
	if (r < 0)
		return r;
	if (version != 2)
		return error_say(err, EINVAL, "not %s of schema version 2",
				 what);
	if (json_object_get(document, index ? "layers" : "manifests") ||
	    json_object_get(document, index ? "config" : "fsLayers"))
		return error_say(err, EINVAL,
				 "it could be read as an index and as a "
				 "manifest");
	r = json_get_string(document, "mediaType", &type, err);
	if (r > 0 && media_kind(type) != kind)
		return error_say(err, EINVAL, "its media type is %s: not %s",
				 type, what);
	return r < 0 ? r : 0;
}

static int index_from_json(const json_t *document, struct image_index *ret,
			   struct error *err)
{
	json_t *manifests = NULL;
	int r = check_document(document, MEDIA_IS_INDEX, err);

	if (r == 0)
		r = json_get_array(document, "manifests", &manifests, err);
	if (r == 0)
		r = missing("manifests", err);
	if (r < 0)
		return r;
	r = parse_descriptors(manifests, ENTRIES_MAX, &ret->entries, &ret->n,
			      err);
	return r < 0 ? error_prefix(err, "manifests") : 0;
}

int index_parse(const char *text, size_t size, struct image_index *ret,
		struct error *err)
{
	scoped_json *document = NULL;
	int r = json_parse(text, size, "the image index", &document, err);

	if (r < 0)
		return r;
	r = index_from_json(document, ret, err);
	return r < 0 ? error_prefix(err, "the image index") : 0;
}

void index_free(struct image_index *index)
{
	free_descriptors(index->entries, index->n);
	*index = (struct image_index){ 0 };
}

void index_append(struct image_index *index, const struct descriptor *entry)
{
	index->entries = xreallocarray(index->entries, index->n + 1,
				       sizeof(*index->entries));
	descriptor_copy(&index->entries[index->n++], entry);
}

static void set_string(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(object, key, json_string(value));
}

static void set_unless_empty(json_t *object, const char *key, json_t *value)
{
	if (json_object_size(value) + json_array_size(value) > 0)
		json_object_set_new(object, key, value);
	else
		json_decref(value);
}

static json_t *descriptor_json(const struct descriptor *d)
{
	json_t *object = json_object(), *platform = json_object();
	json_t *annotations = json_object();

	set_string(object, "mediaType", d->media_type);
	set_string(object, "digest", d->digest);
	json_object_set_new(object, "size", json_integer((json_int_t)d->size));
	set_string(platform, "architecture", d->architecture);
	set_string(platform, "os", d->os);
	set_string(platform, "variant", d->variant);
	set_unless_empty(object, "platform", platform);
	set_string(annotations, ANNOTATION_NAME, d->name);
	set_string(annotations, ANNOTATION_CONTAINERD_NAME, d->containerd_name);
	set_string(annotations, ANNOTATION_INDEX, d->index_digest);
	set_string(annotations, ANNOTATION_REPOSITORY, d->repository);
	set_string(annotations, ANNOTATION_SUMMARY, d->summary);
	set_unless_empty(object, "annotations", annotations);
	return object;
}

static json_t *document_json(const char *media_type)
{
	json_t *document = json_object();

	json_object_set_new(document, "schemaVersion", json_integer(2));
	set_string(document, "mediaType", media_type);
	return document;
}

static json_t *descriptors_json(const struct descriptor *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, descriptor_json(&list[i]));
	return array;
}

char *index_text(const struct image_index *index)
{
	scoped_json *document = document_json(MEDIA_INDEX);

	json_object_set_new(document, "manifests",
			    descriptors_json(index->entries, index->n));
	return json_dumps(document, JSON_COMPACT);
}

bool descriptor_is_foreign(const struct descriptor *entry)
{
	return (entry->os && strcmp(entry->os, "linux") != 0) ||
	       (entry->architecture &&
		strcmp(entry->architecture, manifest_architecture()) != 0);
}

static int no_platform(const struct image_index *index, struct error *err)
{
	scoped(char) *all = xstrdup("");

	for (size_t i = 0; i < index->n && strlen(all) < 200; i++) {
		const struct descriptor *e = &index->entries[i];
		char *longer = xasprintf(
			"%s%s%s/%s", all, i ? ", " : "", e->os ? e->os : "?",
			e->architecture ? e->architecture : "?");
		free(all);
		all = longer;
	}
	return error_say(err, ENOENT,
			 "it has no image for linux/%s; it has: %s",
			 manifest_architecture(), *all ? all : "nothing");
}

/* A plain architecture comes before its variants: it runs everywhere. */
static int fitness(const struct descriptor *entry)
{
	if (media_kind(entry->media_type) == MEDIA_IS_UNKNOWN ||
	    descriptor_is_foreign(entry))
		return 0;
	if (!entry->os || !entry->architecture)
		return 1;
	return entry->variant ? 2 : 3;
}

int index_choose(const struct image_index *index, struct error *err)
{
	int best = 0, best_at = -1;

	for (size_t i = 0; i < index->n; i++) {
		int fit = fitness(&index->entries[i]);
		if (fit > best) {
			best = fit;
			best_at = (int)i;
		}
	}
	return best_at >= 0 ? best_at : no_platform(index, err);
}

static int manifest_from_json(const json_t *document, struct manifest *ret,
			      struct error *err)
{
	json_t *config = NULL, *layers = NULL;
	int r = check_document(document, MEDIA_IS_MANIFEST, err);

	if (r == 0)
		r = json_get_object(document, "config", &config, err);
	if (r == 0)
		r = missing("config", err);
	if (r > 0)
		r = json_get_array(document, "layers", &layers, err);
	if (r == 0)
		r = missing("layers", err);
	if (r < 0)
		return r;
	r = parse_descriptor(config, &ret->config, err);
	if (r < 0)
		return error_prefix(err, "config");
	r = parse_descriptors(layers, LAYERS_MAX, &ret->layers, &ret->n_layers,
			      err);
	return r < 0 ? error_prefix(err, "layers") : 0;
}

/* artifacts (charts, signatures, attestations) are manifests, but no images */
static int check_config_type(const struct manifest *manifest, struct error *err)
{
	const char *type = manifest->config.media_type;

	if (strcmp(type, MEDIA_CONFIG) == 0 ||
	    strcmp(type, MEDIA_DOCKER_CONFIG) == 0)
		return 0;
	return error_say(err, EINVAL,
			 "it is not an image: its configuration is a %s", type);
}

int manifest_parse(const char *text, size_t size, struct manifest *ret,
		   struct error *err)
{
	scoped_json *document = NULL;
	scoped_manifest manifest = { 0 };
	int r = json_parse(text, size, "the image manifest", &document, err);

	if (r < 0)
		return r;
	r = manifest_from_json(document, &manifest, err);
	if (r == 0)
		r = check_config_type(&manifest, err);
	if (r < 0)
		return error_prefix(err, "the image manifest");
	*ret = manifest;
	manifest = (struct manifest){ 0 };
	return 0;
}

void manifest_free(struct manifest *manifest)
{
	descriptor_free(&manifest->config);
	free_descriptors(manifest->layers, manifest->n_layers);
	*manifest = (struct manifest){ 0 };
}

char *manifest_text(const struct manifest *manifest)
{
	scoped_json *document = document_json(MEDIA_MANIFEST);

	json_object_set_new(document, "config",
			    descriptor_json(&manifest->config));
	json_object_set_new(
		document, "layers",
		descriptors_json(manifest->layers, manifest->n_layers));
	return json_dumps(document, JSON_COMPACT);
}

static void archive_image_free(struct archive_image *image)
{
	free(image->config);
	strv_free(&image->names);
	strv_free(&image->layers);
}

static int archive_image_from_json(const json_t *object,
				   struct archive_image *to, struct error *err)
{
	int r;

	if (!json_is_object(object))
		return error_say(err, EINVAL, "it is not an object");
	r = copy_string(object, "Config", &to->config, err);
	if (r == 0)
		return missing("Config", err);
	if (r > 0)
		r = json_get_strv(object, "RepoTags", &to->names, err);
	if (r >= 0)
		r = json_get_strv(object, "Layers", &to->layers, err);
	if (r >= 0 && to->layers.n > LAYERS_MAX)
		return error_say(err, E2BIG, "more than %d layers", LAYERS_MAX);
	return r < 0 ? r : 0;
}

int archive_manifest_parse(const char *text, size_t size,
			   struct archive_manifest *ret, struct error *err)
{
	scoped_json *document = NULL;
	scoped_archive_manifest all = { 0 };
	int r = json_parse(text, size, "manifest.json", &document, err);

	if (r < 0)
		return r;
	if (!json_is_array(document) || json_array_size(document) == 0)
		return error_say(err, EINVAL,
				 "manifest.json is not a list of images");
	size_t n = json_array_size(document);
	if (n > 1000)
		return error_say(err, E2BIG, "manifest.json: %zu images", n);
	all.images = xcalloc(n, sizeof(*all.images));
	for (all.n = 0; all.n < n; all.n++) {
		const json_t *object = json_array_get(document, all.n);
		r = archive_image_from_json(object, &all.images[all.n], err);
		if (r < 0) {
			archive_image_free(&all.images[all.n]);
			return error_prefix(err, "manifest.json: image %zu",
					    all.n);
		}
	}
	*ret = all;
	all = (struct archive_manifest){ 0 };
	return 0;
}

static json_t *strings_json(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

char *archive_manifest_text(const struct archive_manifest *manifest)
{
	scoped_json *all = json_array();

	for (size_t i = 0; i < manifest->n; i++) {
		const struct archive_image *image = &manifest->images[i];
		json_t *object = json_object();
		set_string(object, "Config", image->config);
		json_object_set_new(object, "RepoTags",
				    strings_json(&image->names));
		json_object_set_new(object, "Layers",
				    strings_json(&image->layers));
		json_array_append_new(all, object);
	}
	return json_dumps(all, JSON_COMPACT);
}

void archive_manifest_free(struct archive_manifest *manifest)
{
	for (size_t i = 0; i < manifest->n; i++)
		archive_image_free(&manifest->images[i]);
	free(manifest->images);
	*manifest = (struct archive_manifest){ 0 };
}
