/* wolffia-image unpack: the layers of an image that are not unpacked yet. */
#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"
#include "storage/image.h"
#include "storage/image_store.h"
#include "storage/layout.h"

struct options {
	struct image_options common;
	enum flag single;
};

/* clang-format off */
const struct option_entry unpack_table[] = {
	{ OPTION_FLAG, 0, "single", NULL, NULL,
	  offsetof(struct options, single), NULL,
	  "Unpack for use without subordinate ids.", NULL },
	{ OPTION_FLAG, 'q', "quiet", NULL, NULL,
	  offsetof(struct options, common.quiet), NULL,
	  "Show no progress.", NULL },
	{ OPTION_STRING, 0, "store", NULL, "DIR",
	  offsetof(struct options, common.store), NULL,
	  "Directory of images and layers.", NULL },
	{ OPTION_FLAG, 'h', "help", NULL, NULL,
	  offsetof(struct options, common.help), NULL,
	  "Show this help.", NULL },
	OPTION_TABLE_END,
};
/* clang-format on */

static int stage_from_store(struct stage *stage, const struct descriptor *layer,
			    struct error *err)
{
	scoped(char) *blob = digest_blob_path(layer->digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	scoped(char) *what = xasprintf("layer %s", layer->digest);
	scoped_descriptor ignored = { 0 };
	scoped_fd fd = image_open_store(stage->store, path, err);

	if (fd == -ENOENT && image_store_has_blob(stage->store, layer->digest))
		return stage_copy_blob(stage, layer, what, err);
	if (fd == -ENOENT && stage->store->n_images == 0)
		return error_hint(err, "it may lie in an image store: "
				       "--imagestore names it");
	if (fd < 0)
		return fd;
	return stage_blob(stage, fd, false, layer, what, &ignored, err);
}

/* an image of an image store becomes one of this store, too */
static int adopt(struct stage *stage, const struct descriptor *entry,
		 const struct manifest *manifest, struct error *err)
{
	int r = stage_copy_blob(stage, entry, "the manifest", err);

	if (r == 0)
		r = stage_copy_blob(stage, &manifest->config,
				    "the configuration", err);
	return r == -ENOENT ? error_say(err, ENOENT, "the image was removed")
			    : r;
}

static int unpack_layers(struct stage *stage, const struct manifest *manifest,
			 const struct image_config *config, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < manifest->n_layers; i++) {
		const struct descriptor *layer = &manifest->layers[i];
		scoped(char) *what = xasprintf("layer %s", layer->digest);
		char ignored[DIGEST_MAX];
		if (stage_is_elsewhere(stage, layer->digest,
				       config->diff_ids.v[i]))
			continue;
		stage_say(stage, "Unpacking layer %zu of %zu", i + 1,
			  manifest->n_layers);
		r = stage_from_store(stage, layer, err);
		if (r == 0)
			r = stage_layer(stage, layer->digest,
					config->diff_ids.v[i], what, ignored,
					err);
	}
	return r;
}

static int unpack_image(struct image_work *work, const char *name,
			struct error *err)
{
	scoped_index index = { 0 };
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_images(&work->store, &index, NULL, err);
	int at =
		r < 0 ? r : image_lookup(&work->store, &index, name, NULL, err);

	if (at < 0)
		return at;
	r = layout_read_image(&work->store, index.entries[at].digest, &manifest,
			      &config, err);
	if (r == 0)
		r = image_stage(work, err);
	if (r == 0)
		r = adopt(&work->stage, &index.entries[at], &manifest, err);
	if (r == 0)
		r = unpack_layers(&work->stage, &manifest, &config, err);
	struct image_index images = { &index.entries[at], 1 };
	return r < 0 ? r : stage_commit(&work->stage, &images, err);
}

static int unpack(const struct options *options, const char *name)
{
	struct image_work work;
	struct error err, second;
	int r = image_begin(&work, &options->common,
			    options->single == FLAG_YES, &err);

	if (r < 0)
		return image_fail(&err, "cannot unpack %s", name);
	r = unpack_image(&work, name, &err);
	if (r < 0)
		image_fail(&err, "cannot unpack %s", name);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "unpack");
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_unpack(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	int r = image_parse(unpack_table, "unpack [OPTION...] IMAGE", argc,
			    argv, &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n != 1)
		return image_usage("unpack: write one image");
	return unpack(&options, names.v[0]);
}
