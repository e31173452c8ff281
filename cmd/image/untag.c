/* wolffia untag: names are taken from an image, which stays. */
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

struct options {
	struct image_options common;
};

#define TO options
/* clang-format off */
const struct option_entry untag_table[] = {
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* the entries of the image at @at that have a name */
static void collect_names(const struct image_index *index, size_t at,
			  struct image_index *ret)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (e->name &&
		    strcmp(e->digest, index->entries[at].digest) == 0)
			index_append(ret, e);
	}
}

/* those that @names mean; all of them when there is none */
static int choose(const struct store *store, const char *image,
		  const struct image_index *all, const struct strv *names,
		  struct image_index *ret, struct error *err)
{
	for (size_t i = 0; i < all->n && names->n == 0; i++)
		index_append(ret, &all->entries[i]);
	for (size_t i = 0; i < names->n; i++) {
		const char *hex = NULL;
		int at = image_lookup(store, all, names->v[i], &hex, err);
		if (at == -ENOENT || (at >= 0 && hex)) {
			error_say(err, ENOENT, "\"%s\" is no name of it",
				  names->v[i]);
			return error_hint(err,
					  "list its names with: wolffia "
					  "inspect -f '{{.RepoTags}}' %s",
					  image);
		}
		if (at < 0)
			return at;
		index_append(ret, &all->entries[at]);
	}
	return 0;
}

static void untag_all(struct image_index *index,
		      const struct image_index *named)
{
	for (size_t i = 0; i < named->n; i++)
		for (size_t e = index->n; e-- > 0;)
			if (index->entries[e].name &&
			    strcmp(index->entries[e].name,
				   named->entries[i].name) == 0)
				index_untag(index, e);
}

/* @err says that there is none; an image store may have it */
static int not_here(const struct store *store, const char *image,
		    struct error *err)
{
	scoped_index all = { 0 };
	struct error ignored;

	if (store->n_images == 0 ||
	    layout_read_images(store, &all, NULL, &ignored) < 0 ||
	    image_lookup(store, &all, image, NULL, &ignored) < 0)
		return -err->code;
	error_say(err, EROFS, "%s is an image of an image store", image);
	return error_hint(err, "those are only read: its owner can untag it");
}

/* with the store's lock */
static int untag(const struct store *store, const char *image,
		 const struct strv *names, struct error *err)
{
	scoped_index index = { 0 }, all = { 0 }, gone = { 0 };
	scoped_fd lock = store_lock(store, err);
	int r = lock < 0 ? lock : layout_read_index(store, &index, err);
	int at = r < 0 ? r : image_lookup(store, &index, image, NULL, err);

	if (at < 0)
		return at == -ENOENT ? not_here(store, image, err) : at;
	collect_names(&index, (size_t)at, &all);
	r = choose(store, image, &all, names, &gone, err);
	if (r < 0)
		return r;
	untag_all(&index, &gone);
	r = layout_write_index(store, &index, err);
	if (r == 0)
		image_events(store, EVENT_UNTAG, &gone);
	return r;
}

int verb_untag(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv arguments = { 0 };
	struct image_work work;
	struct error err, second;
	int r = image_parse(untag_table, "untag [OPTION...] IMAGE [NAME...]",
			    argc, argv, &options, &options.common, &arguments);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (arguments.n == 0)
		return image_usage("untag: write an image, and the names that "
				   "it shall lose if not all");
	scoped_strv names = { 0 };
	strv_extend(&names, arguments.v + 1);
	options.common.quiet = FLAG_YES;
	r = image_begin(&work, &options.common, false, &err);
	if (r < 0)
		return image_fail(&err, "cannot untag %s", arguments.v[0]);
	r = untag(&work.store, arguments.v[0], &names, &err);
	if (r < 0)
		image_fail(&err, "cannot untag %s", arguments.v[0]);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "untag");
	return r < 0 ? STATUS_WOLFFIA : 0;
}
