/* wolffia tag: an image gets one more name. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "storage/image.h"
#include "storage/layout.h"
#include "storage/new_image.h"

struct options {
	struct image_options common;
};

#define TO options
/* clang-format off */
const struct option_entry tag_table[] = {
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* What an image is to be called, in normal form. */
static int normalize(const struct strv *targets, struct strv *ret,
		     struct error *err)
{
	for (size_t i = 0; i < targets->n; i++) {
		char *name = NULL;
		int r = new_image_name(targets->v[i], &name, err);
		if (r < 0)
			return r;
		strv_take(ret, name);
	}
	return 0;
}

/* the entries that are to be there */
static void name_it(const struct descriptor *image, const struct strv *names,
		    struct image_index *ret)
{
	for (size_t i = 0; i < names->n; i++) {
		scoped_descriptor entry = { 0 };
		descriptor_copy(&entry, image);
		free(entry.name);
		free(take_ptr(entry.repository));
		entry.name = xstrdup(names->v[i]);
		index_append(ret, &entry);
	}
}

/* with the store's lock; Return: 1 when the image is an image store's */
static int tag_own(const struct store *store, const char *source,
		   const struct strv *names, struct image_index *ret,
		   struct error *err)
{
	scoped_index all = { 0 }, index = { 0 };
	size_t own = 0;
	scoped_fd lock = store_lock(store, err);
	int r = lock < 0 ? lock : layout_read_images(store, &all, &own, err);
	int at = r < 0 ? r : image_lookup(store, &all, source, NULL, err);

	if (at < 0)
		return at;
	name_it(&all.entries[at], names, ret);
	if ((size_t)at >= own)
		return 1;
	r = layout_read_index(store, &index, err);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		index_add(&index, &ret->entries[i]);
	return r < 0 ? r : layout_write_index(store, &index, err);
}

/* its documents come into the own store; its layers stay where they are */
static int adopt(struct image_work *work, const struct image_index *named,
		 struct error *err)
{
	const struct descriptor *entry = &named->entries[0];
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	int r = layout_read_image(&work->store, entry->digest, &manifest,
				  &config, err);

	if (r == 0)
		r = image_stage(work, err);
	if (r == 0)
		r = stage_copy_blob(&work->stage, entry, "the manifest", err);
	if (r == 0)
		r = stage_copy_blob(&work->stage, &manifest.config,
				    "the configuration", err);
	if (r == -ENOENT)
		return error_say(err, ENOENT, "the image was removed");
	return r < 0 ? r : stage_commit(&work->stage, named, err);
}

static int tag(struct image_work *work, const char *source,
	       const struct strv *targets, struct error *err)
{
	scoped_strv names = { 0 };
	scoped_index named = { 0 };
	int r = normalize(targets, &names, err);

	if (r == 0)
		r = tag_own(&work->store, source, &names, &named, err);
	if (r > 0)
		r = adopt(work, &named, err);
	if (r == 0)
		image_events(&work->store, EVENT_TAG, &named);
	return r;
}

int verb_tag(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	struct image_work work;
	struct error err, second;
	int r = image_parse(tag_table, "tag [OPTION...] IMAGE NAME[:TAG]...",
			    argc, argv, &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n < 2)
		return image_usage("tag: write an image, and the names that it "
				   "shall have as well");
	scoped_strv targets = { 0 };
	strv_extend(&targets, names.v + 1);
	options.common.quiet = FLAG_YES;
	r = image_begin(&work, &options.common, false, &err);
	if (r < 0)
		return image_fail(&err, "cannot tag %s", names.v[0]);
	r = tag(&work, names.v[0], &targets, &err);
	if (r < 0)
		image_fail(&err, "cannot tag %s", names.v[0]);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "tag");
	return r < 0 ? STATUS_WOLFFIA : 0;
}
