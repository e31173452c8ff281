#include "storage/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/media.h"
#include "storage/new_image.h"

static int make_config(const struct import_options *options,
		       struct image_config *ret, struct error *err)
{
	int r = new_image_stamp(ret, err);

	ret->os = xstrdup("linux");
	ret->architecture = xstrdup(manifest_architecture());
	return r < 0 ? r : new_image_change(ret, &options->changes, err);
}

static int stage_config(struct stage *stage, const struct image_config *config,
			const struct import_options *options,
			struct descriptor *ret, struct error *err)
{
	scoped(char) *comment = xasprintf("Imported from %s", options->what);
	scoped(char) *text =
		config_text(config, "wolffia import",
			    options->message ? options->message : comment);

	ret->media_type = xstrdup(MEDIA_CONFIG);
	return stage_text(stage, text, ret, err);
}

static int sniff_staged(const struct stage *stage, struct descriptor *layer,
			struct error *err)
{
	scoped(char) *path = xasprintf("blobs/%s", layer->digest);
	scoped_fd fd = openat(stage->dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	return media_sniff_layer(fd, &layer->media_type, err);
}

static int stage_root(struct stage *stage, int fd, const char *what,
		      struct descriptor *layer, struct image_config *config,
		      struct error *err)
{
	char diff_id[DIGEST_MAX];
	struct stat st;

	/* what it unpacks to; the copy of it may share its blocks */
	uint64_t size = fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
				? (uint64_t)st.st_size
				: 0;
	int r = stage_fit(stage, size, err);
	if (r < 0)
		return r;
	stage_say(stage, "Reading %s", what);
	r = stage_blob(stage, fd, false, NULL, what, layer, err);
	if (r == 0)
		r = sniff_staged(stage, layer, err);
	if (r < 0)
		return r;
	stage_say(stage, "Unpacking %s", what);
	r = stage_layer(stage, layer->digest, NULL, what, diff_id, err);
	if (r == 0)
		strv_add(&config->diff_ids, diff_id);
	return r;
}

static int stage_all(struct stage *stage, int fd,
		     const struct import_options *options,
		     struct descriptor *ret, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = make_config(options, &config, err);

	if (r < 0)
		return r;
	manifest.layers = xcalloc(1, sizeof(*manifest.layers));
	manifest.n_layers = 1;
	r = stage_root(stage, fd, options->what, &manifest.layers[0], &config,
		       err);
	if (r == 0)
		r = stage_config(stage, &config, options, &manifest.config,
				 err);
	if (r < 0)
		return r;
	scoped(char) *text = manifest_text(&manifest);
	return stage_text(stage, text, ret, err);
}

int import_image(struct stage *stage, int fd,
		 const struct import_options *options, struct image_index *ret,
		 struct error *err)
{
	scoped_descriptor entry = { 0 };
	int r = 0;

	new_image_entry(&entry);
	/* what can be said before the work is said before the work */
	if (options->name)
		r = new_image_name(options->name, &entry.name, err);
	if (r == 0)
		r = stage_all(stage, fd, options, &entry, err);
	if (r < 0)
		return r;
	struct image_index index = { 0 };
	index_append(&index, &entry);
	*ret = index;
	return 0;
}
