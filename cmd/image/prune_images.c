/*
 * What "wolffia prune" does to images: those that nobody uses go, what no
 * image refers to, and what pulls that were broken off have left.
 *
 * Not a verb for users: the other program has asked, and has removed
 * containers; what that freed is added to what is freed here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_filter.h"
#include "cmd/human.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "core/disk_usage.h"
#include "core/record.h"
#include "storage/collect.h"
#include "storage/layout.h"
#include "storage/partial.h"

struct prune_images_options {
	struct image_options common;
	enum flag all;
	const char *freed;
	struct strv filters;
};

#define TO prune_images_options
/* clang-format off */
static const struct option_entry table[] = {
FLAG('a', "all", all, "those with a name, too"),
LIST(0, "filter", filters, "KEY=VALUE", "only those"),
VALUE(0, "freed", freed, "BYTES", "that were freed before"),
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* What has been removed. */
struct pruned {
	struct image_index images;
	uint64_t bytes;
};

/* does anybody use it, or is it younger, or otherwise not meant? */
static bool stays(const struct store *store, const struct descriptor *entry,
		  bool all, const struct container_filters *filters)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped_strv users = { 0 };
	struct error ignored;

	if ((entry->name || entry->repository) && !all)
		return true;
	if (collect_users(store, entry->digest, &users, &ignored) < 0 ||
	    users.n)
		return true;
	/* one that is damaged is the affair of "check" */
	if (layout_read_image(store, entry->digest, &manifest, &config,
			      &ignored) < 0)
		return true;
	time_t created = human_parse_time(config.created);
	const struct record record = {
		.created_ns = created < 0 ? 0 : (uint64_t)created * 1000000000u,
		.labels = config.labels,
	};
	const struct filter_facts facts = { .record = &record };
	return !container_filters_pass(filters, &facts);
}

static void choose(const struct store *store, bool all,
		   const struct container_filters *filters,
		   struct image_index *index, struct image_index *ret)
{
	for (size_t i = index->n; i-- > 0;) {
		if (stays(store, &index->entries[i], all, filters))
			continue;
		index_append(ret, &index->entries[i]);
		index_remove(index, i);
	}
}

static uint64_t blob_bytes(const struct store *store, const struct strv *blobs)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < blobs->n; i++) {
		scoped(char) *place = digest_blob_path(blobs->v[i]);
		scoped(char) *path = xasprintf("oci/%s", place);
		struct stat st;
		if (fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) ==
			    0 &&
		    st.st_nlink == 1)
			bytes += (uint64_t)st.st_blocks * 512;
	}
	return bytes;
}

/* with the store's lock; the layers are in the stage then */
static int remove_locked(struct image_work *work, bool all,
			 const struct container_filters *filters,
			 struct pruned *ret, struct error *err)
{
	scoped_garbage garbage = GARBAGE_NONE;
	scoped_index index = { 0 };
	scoped_fd lock = store_lock(&work->store, err);
	int r = lock < 0 ? lock : layout_read_index(&work->store, &index, err);

	if (r < 0)
		return r;
	choose(&work->store, all, filters, &index, &ret->images);
	/* what nobody can tell of does not go */
	r = collect_find(&work->store, &index, &garbage, err);
	if (r < 0)
		return r;
	work->stage.half_done = true;
	if (ret->images.n)
		r = layout_write_index(&work->store, &index, err);
	if (r < 0)
		return r;
	ret->bytes += blob_bytes(&work->store, &garbage.blobs);
	return collect_remove(&work->stage, &garbage, err);
}

/* the beginnings of blobs that nobody fetches now */
static int remove_partial(const struct store *store, uint64_t *ret,
			  struct error *err)
{
	uint64_t bytes = 0;
	int r = partial_sweep(store, true, NULL, NULL, &bytes, err);

	*ret += bytes;
	return r;
}

/* they are in the stage: what takes time needs no lock */
static int count_layers(struct image_work *work, uint64_t *ret,
			struct error *err)
{
	scoped_strv paths = { 0 };
	uint64_t bytes = 0;

	strv_addf(&paths, "%s/tmp/%s/removed", work->store.path,
		  work->stage.name);
	int r = work->stage.foreign_files
			? disk_usage(&paths, true, &bytes, err)
			: 0;
	*ret += bytes;
	return r;
}

static void report(const struct store *store, const struct pruned *pruned,
		   uint64_t freed)
{
	scoped(char) *size = human_size(freed + pruned->bytes);

	if (pruned->images.n)
		puts("Deleted Images:");
	for (size_t i = 0; i < pruned->images.n; i++) {
		const struct descriptor *entry = &pruned->images.entries[i];
		if (entry->name)
			printf("Untagged: %s\n", entry->name);
		printf("Deleted: %s\n", entry->digest);
	}
	printf("%sTotal reclaimed space: %s\n", pruned->images.n ? "\n" : "",
	       size);
	image_events(store, EVENT_REMOVE, &pruned->images);
	events_append_prune(store, EVENT_IMAGE, pruned->bytes);
}

static int prune(const struct prune_images_options *options,
		 const struct container_filters *filters)
{
	uint64_t freed = 0; /* before, of containers */
	struct image_options quietly = options->common;
	struct pruned pruned = { 0 };
	struct image_work work;
	struct error err;
	int status = 0;

	quietly.quiet = FLAG_YES;
	int r = options->freed
			? text_to_u64(options->freed, UINT64_MAX, &freed, &err)
			: 0;
	if (r == 0)
		r = image_begin(&work, &quietly, false, &err);
	if (r == 0)
		r = image_stage(&work, &err);
	if (r < 0)
		return image_fail(&err, "cannot remove images");
	r = remove_locked(&work, options->all == FLAG_YES, filters, &pruned,
			  &err);
	if (r == 0)
		r = count_layers(&work, &pruned.bytes, &err);
	if (r == 0)
		r = remove_partial(&work.store, &pruned.bytes, &err);
	if (r < 0)
		status = image_fail(&err, "cannot remove unused images");
	report(&work.store, &pruned, freed);
	index_free(&pruned.images);
	if (image_end(&work, &err) < 0)
		status = image_fail(&err, "prune");
	return status;
}

int verb_prune_images(int argc, char *const argv[])
{
	struct prune_images_options options = { 0 };
	struct container_filters filters = { 0 };
	scoped_strv arguments = { 0 };
	struct error err;
	int status = STATUS_WOLFFIA;
	int r = image_parse(table, "prune-images [OPTION...]", argc, argv,
			    &options, &options.common, &arguments);

	if (r > 0)
		return 0;
	if (r == 0 && container_filters_parse(&options.filters, PRUNE_FILTERS,
					      record_now(), &filters, &err) < 0)
		image_fail(&err, "prune");
	else if (r == 0)
		status = prune(&options, &filters);
	container_filters_free(&filters);
	strv_free(&options.filters);
	return status;
}
