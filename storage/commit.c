#include "storage/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/layout.h"
#include "storage/new_image.h"
#include "storage/tree_confine.h"

/*
 * The layer's tar
 */

/* What the process in the outer namespace is told, and what it tells. */
struct write_call {
	const struct upper_place *place;
	bool first; /* nothing lies below that could be removed */
	int out_fd;
	struct tarball_notes notes;
};

struct writing {
	struct tarball *tarball;
	struct tarball_notes *notes;
	bool first;
};

/* is one of its names such that a layer would take it for a whiteout? */
static bool has_reserved_name(const char *path)
{
	for (const char *s = path; s; s = strchr(s, '/')) {
		s += *s == '/';
		if (tarball_is_reserved(s))
			return true;
	}
	return false;
}

static int write_change(void *context, const struct upper_change *change,
			struct error *err)
{
	const struct writing *writing = context;

	if (has_reserved_name(change->path)) {
		writing->notes->names++;
		return 0;
	}
	if (change->kind != UPPER_DELETED)
		return tarball_add(writing->tarball, change->entry,
				   change->path, err);
	return writing->first ? 0
			      : tarball_add_whiteout(writing->tarball,
						     change->path, err);
}

static int write_changes(struct write_call *call, const struct upper *upper,
			 struct tarball *tarball, struct error *err)
{
	struct writing writing = { tarball, &call->notes, call->first };
	scoped(int) *trees = NULL;
	size_t n = upper_trees(upper, &trees);
	int r = tree_confine(trees, n, call->out_fd, err);

	if (r == 0)
		r = upper_walk(upper, write_change, &writing, err);
	return r < 0 ? r : tarball_finish(tarball, err);
}

static int call_write(void *argument, struct error *err)
{
	struct write_call *call = argument;
	struct tarball_options options = { .owners = call->place->owners,
					   .gzip = true };
	struct tarball *tarball = NULL;
	struct upper upper;
	int r = upper_open(call->place, &upper, err);

	if (r < 0)
		return r;
	r = tarball_new(call->out_fd, &options, &call->notes, &tarball, err);
	if (r == 0)
		r = write_changes(call, &upper, tarball, err);
	tarball_free(tarball);
	upper_close(&upper);
	return r;
}

static int write_layer(const struct stage *stage,
		       const struct commit_options *options, int out_fd,
		       struct tarball_notes *ret, struct error *err)
{
	struct write_call *call =
		mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (call == MAP_FAILED)
		return error_set(err, errno, "map memory");
	*call = (struct write_call){
		.place = options->place,
		.first = !options->base,
		.out_fd = out_fd,
	};
	int r = stage->ids->call(stage->ids->context, call_write, call, err);
	if (r == 0)
		*ret = call->notes;
	munmap(call, sizeof(*call));
	return r;
}

/*
 * The image
 */

/* All that is known of the image that is being made. */
struct draft {
	struct manifest manifest;
	struct image_config config;
	char *base_text; /* of the base's configuration, or NULL */
};

static void draft_free(struct draft *draft)
{
	manifest_free(&draft->manifest);
	config_free(&draft->config);
	free(draft->base_text);
}

/* the names that docker gave layers, in an OCI manifest (image-spec 1.1,
 * media-types.md "Compatibility Matrix") */
static void rename_docker_layer(struct descriptor *layer)
{
	const char *type = layer->media_type;

	if (!text_starts_with(type, "application/vnd.docker.image.rootfs."))
		return;
	char *other = xasprintf("%s%s", MEDIA_LAYER,
				text_ends_with(type, ".gzip")   ? "+gzip"
				: text_ends_with(type, ".zstd") ? "+zstd"
								: "");
	free(layer->media_type);
	layer->media_type = other;
}

static int begin_draft(struct stage *stage,
		       const struct commit_options *options,
		       struct draft *draft, struct error *err)
{
	const struct store *store = stage->store;

	if (!options->base) {
		draft->config.os = xstrdup("linux");
		draft->config.architecture = xstrdup(manifest_architecture());
		return 0;
	}
	int r = layout_read_image(store, options->base, &draft->manifest,
				  &draft->config, err);
	if (r == 0)
		r = stage_hold_image(stage, options->base, &draft->manifest,
				     &draft->config, err);
	if (r < 0)
		return error_prefix(err, "the container's image");
	ssize_t n = layout_read_blob(store, draft->manifest.config.digest,
				     MANIFEST_MAX, &draft->base_text, err);
	for (size_t i = 0; i < draft->manifest.n_layers; i++)
		rename_docker_layer(&draft->manifest.layers[i]);
	return n < 0 ? (int)n : 0;
}

static struct descriptor *add_layer(struct manifest *manifest)
{
	size_t n = manifest->n_layers++;

	manifest->layers = xreallocarray(manifest->layers, n + 1,
					 sizeof(*manifest->layers));
	manifest->layers[n] = (struct descriptor){
		.media_type = xstrdup(MEDIA_LAYER "+gzip"),
	};
	return &manifest->layers[n];
}

static int stage_changes(struct stage *stage,
			 const struct commit_options *options,
			 struct draft *draft, struct tarball_notes *notes,
			 struct error *err)
{
	char diff_id[DIGEST_MAX];
	struct descriptor *layer = add_layer(&draft->manifest);
	scoped_fd fd = openat(stage->dirfd, "layer",
			      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, errno, "make a file in %s/tmp",
				 stage->store->path);
	stage_say(stage, "Reading what changed");
	int r = write_layer(stage, options, fd, notes, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = error_set(err, errno, "seek");
	if (r == 0)
		r = stage_blob(stage, fd, true, NULL, "the layer", layer, err);
	unlinkat(stage->dirfd, "layer", 0);
	if (r == 0) {
		stage_say(stage, "Unpacking it as a layer");
		r = stage_layer(stage, layer->digest, NULL, "the layer",
				diff_id, err);
	}
	if (r == 0)
		strv_add(&draft->config.diff_ids, diff_id);
	return r;
}

static struct config_history history_of(const struct commit_options *options)
{
	return (struct config_history){
		.created_by = options->created_by,
		.author = options->author,
		.comment = options->message,
	};
}

/* what can be said before the work is said before the work */
static int check_options(const struct commit_options *options,
			 struct draft *draft, char **ret_name,
			 struct error *err)
{
	struct config_history history = history_of(options);
	scoped(char) *try = NULL;
	int r = options->name ? new_image_name(options->name, ret_name, err)
			      : 0;

	if (r == 0)
		r = config_extend(draft->base_text, &draft->config, &history,
				  &try, err);

	if (r == 0)
		r = new_image_stamp(&draft->config, err);
	if (r == 0 && draft->manifest.n_layers >= LAYERS_MAX)
		r = error_say(err, E2BIG, "the image has %zu layers already",
			      draft->manifest.n_layers);
	if (r < 0)
		return r;
	if (options->adjust)
		options->adjust(options->context, &draft->config);
	return new_image_change(&draft->config, &options->changes, err);
}

static int stage_documents(struct stage *stage,
			   const struct commit_options *options,
			   struct draft *draft, struct descriptor *ret,
			   struct error *err)
{
	struct config_history history = history_of(options);
	scoped(char) *config = NULL;
	int r = config_extend(draft->base_text, &draft->config, &history,
			      &config, err);

	if (r < 0)
		return r;
	descriptor_free(&draft->manifest.config);
	draft->manifest.config.media_type = xstrdup(MEDIA_CONFIG);
	r = stage_text(stage, config, &draft->manifest.config, err);
	if (r < 0)
		return r;
	scoped(char) *manifest = manifest_text(&draft->manifest);
	return stage_text(stage, manifest, ret, err);
}

int commit_image(struct stage *stage, const struct commit_options *options,
		 struct tarball_notes *ret_notes, struct image_index *ret,
		 struct error *err)
{
	__attribute__((cleanup(draft_free))) struct draft draft = { 0 };
	scoped_descriptor entry = { 0 };
	struct tarball_notes notes = { 0 };
	struct image_index index = { 0 };

	new_image_entry(&entry);
	int r = begin_draft(stage, options, &draft, err);
	if (r == 0)
		r = check_options(options, &draft, &entry.name, err);
	if (r == 0)
		r = stage_changes(stage, options, &draft, &notes, err);
	if (r == 0)
		r = stage_documents(stage, options, &draft, &entry, err);
	if (r < 0)
		return r;
	index_append(&index, &entry);
	*ret = index;
	*ret_notes = notes;
	return 0;
}
