/*
 * storage/manifest.h - the JSON documents of an image, as text and as structs
 *
 * Index, manifest and configuration as in image-spec 1.1 (image-index.md,
 * manifest.md, config.md) and Docker's schema 2.  All come from outside: the
 * parsers are pure, fuzzed, and strict about types; null counts as missing.
 * Every digest in what they return passed digest_check().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

#define MANIFEST_MAX   (4 << 20) /* bytes of a manifest or a configuration */
#define INDEX_MAX      (16 << 20)
#define LAYERS_MAX     500 /* the kernel's OVL_MAX_STACK */

#define MEDIA_INDEX    "application/vnd.oci.image.index.v1+json"
#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_CONFIG   "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER    "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_LIST                                                      \
	"application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_V2     "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"

#define ANNOTATION_NAME     "org.opencontainers.image.ref.name"
/* docker save and containerd put the full name here, and a tag in the other */
#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"
/* ours: the digest of the index that the manifest was chosen from */
#define ANNOTATION_INDEX "io.github.wolffia.index.digest"
/* ours: of an image without a name, the repository that it came from */
#define ANNOTATION_REPOSITORY "io.github.wolffia.repository"
/* ours: what a list shows of the image (storage/summary.h) */
#define ANNOTATION_SUMMARY "io.github.wolffia.summary"

enum media_kind {
	MEDIA_IS_UNKNOWN,
	MEDIA_IS_INDEX,
	MEDIA_IS_MANIFEST,
};
enum media_kind media_kind(const char *media_type);

struct descriptor {
	char *media_type;
	char *digest;
	uint64_t size; /* bytes */

	/* of the entries of an index; NULL: not there */
	char *os, *architecture, *variant;
	char *name;            /* ANNOTATION_NAME */
	char *containerd_name; /* ANNOTATION_CONTAINERD_NAME */
	char *index_digest;    /* ANNOTATION_INDEX */
	char *repository;      /* ANNOTATION_REPOSITORY */
	char *summary;         /* ANNOTATION_SUMMARY */
};
void descriptor_free(struct descriptor *descriptor);
void descriptor_copy(struct descriptor *to, const struct descriptor *from);

/*
 * descriptor_repository - "docker.io/library/debian", by its name or because
 * it was pulled from there by its digest
 * Return: the caller's to free; NULL: nobody knows, it is dangling.
 */
char *descriptor_repository(const struct descriptor *entry);

/* descriptor_is_of - is it an image of @repository, whatever its tag? */
bool descriptor_is_of(const struct descriptor *entry, const char *repository);

struct image_index {
	struct descriptor *entries;
	size_t n;
};

/*
 * index_parse - Return: 0; -EINVAL not an index, or one that could be read as
 * a manifest too ("layers" and "manifests" together)
 */
int index_parse(const char *text, size_t size, struct image_index *ret,
		struct error *err);
void index_free(struct image_index *index);

/* index_append - add a copy of @entry, whatever else there is */
void index_append(struct image_index *index, const struct descriptor *entry);

/* index_text - the document for @index; the caller's to free */
char *index_text(const struct image_index *index);

/*
 * index_choose - the entry for linux on this machine's architecture
 *
 * Entries that name another platform, and attestations ("unknown"), are
 * passed over; one that names none will do when no other fits.
 * Return: its place in entries; -ENOENT with the platforms that there are.
 */
int index_choose(const struct image_index *index, struct error *err);

/* is @entry for another platform than linux on this machine's architecture? */
bool descriptor_is_foreign(const struct descriptor *entry);

struct manifest {
	struct descriptor config;
	struct descriptor *layers; /* the lowest first */
	size_t n_layers;
};

/* manifest_parse - Return: 0; -EINVAL; -E2BIG more than LAYERS_MAX layers */
int manifest_parse(const char *text, size_t size, struct manifest *ret,
		   struct error *err);
void manifest_free(struct manifest *manifest);

/* manifest_text - an OCI manifest; the caller's to free */
char *manifest_text(const struct manifest *manifest);

struct image_config {
	char *created; /* RFC 3339; these are "" when there is none */
	char *os, *architecture;
	char *user, *workdir, *stop_signal;
	struct strv env, entrypoint, cmd;
	struct strv labels;   /* KEY=VALUE */
	struct strv volumes;  /* absolute paths */
	struct strv ports;    /* "80/tcp", from ExposedPorts */
	struct strv diff_ids; /* sha256 only; the lowest first */
};

/*
 * config_parse - Return: 0; -EINVAL a wrong type, a malformed digest, control
 * characters in a name or path, an environment entry without "="; -ENOTSUP an
 * image of another system than linux
 */
int config_parse(const char *text, size_t size, struct image_config *ret,
		 struct error *err);
void config_free(struct image_config *config);

/* config_text - a configuration with one history entry; the caller's to free */
char *config_text(const struct image_config *config, const char *created_by,
		  const char *comment);

/* What an image's last layer is about, for its history; NULL: nothing. */
struct config_history {
	const char *created_by, *author, *comment;
};

/*
 * config_extend - the configuration of an image that is another one and more
 * @base: the other one's, which has been parsed before; its history, and what
 *        is not in struct image_config, are kept; NULL: none
 * @config: the whole new one
 * @history: of what is new
 * Return: 0 with the text, the caller's to free; -EINVAL as config_parse()
 */
int config_extend(const char *base, const struct image_config *config,
		  const struct config_history *history, char **ret,
		  struct error *err);

/* config_check_layers - one diff id for each layer? -EINVAL if not */
int config_check_layers(const struct image_config *config,
			const struct manifest *manifest, struct error *err);

/* One image of a docker-archive: an element of manifest.json. */
struct archive_image {
	char *config;       /* path in the archive */
	struct strv names;  /* RepoTags */
	struct strv layers; /* paths in the archive, the lowest first */
};
struct archive_manifest {
	struct archive_image *images;
	size_t n;
};
int archive_manifest_parse(const char *text, size_t size,
			   struct archive_manifest *ret, struct error *err);

/* archive_manifest_text - manifest.json; the caller's to free */
char *archive_manifest_text(const struct archive_manifest *manifest);
void archive_manifest_free(struct archive_manifest *manifest);

/* this machine's architecture in the words of Go: "amd64", "arm64" */
const char *manifest_architecture(void);

#define scoped_descriptor                                                      \
	__attribute__((cleanup(descriptor_free))) struct descriptor
#define scoped_index    __attribute__((cleanup(index_free))) struct image_index
#define scoped_manifest __attribute__((cleanup(manifest_free))) struct manifest
#define scoped_config   __attribute__((cleanup(config_free))) struct image_config
#define scoped_archive_manifest                                                \
	__attribute__((cleanup(archive_manifest_free))) struct archive_manifest
