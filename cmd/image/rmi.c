/* wolffia rmi: remove names, and what nothing refers to any more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"
#include "core/containers.h"
#include "storage/collect.h"
#include "storage/image.h"
#include "storage/layout.h"

struct options {
	struct image_options common;
	enum flag force;
};

/* clang-format off */
const struct option_entry rmi_table[] = {
	{ OPTION_FLAG, 'f', "force", NULL, NULL,
	  offsetof(struct options, force), NULL,
	  "Remove an image that has several names or is in use, and do not fail "
	  "for one that is not there.", NULL },
	{ OPTION_FLAG, 'q', "quiet", NULL, NULL,
	  offsetof(struct options, common.quiet), NULL,
	  "Do not say what was removed.", NULL },
	{ OPTION_STRING, 0, "store", NULL, "DIR",
	  offsetof(struct options, common.store), NULL,
	  "Directory of images and layers.", NULL },
	{ OPTION_FLAG, 'h', "help", NULL, NULL,
	  offsetof(struct options, common.help), NULL,
	  "Show this help.", NULL },
	OPTION_TABLE_END,
};
/* clang-format on */

/* What goes when one image is removed. */
struct removal {
	struct strv untagged; /* names */
	struct strv were;     /* the digest that each of them stood for */
	struct strv digests;
};

static void removal_free(struct removal *removal)
{
	strv_free(&removal->untagged);
	strv_free(&removal->were);
	strv_free(&removal->digests);
}

#define scoped_removal __attribute__((cleanup(removal_free))) struct removal

static int several_names(const struct strv *names, struct error *err)
{
	scoped(char) *all = xstrdup("");

	for (size_t i = 0; i < names->n; i++) {
		char *more =
			xasprintf("%s%s%s", all, i ? ", " : "", names->v[i]);
		free(all);
		all = more;
	}
	error_say(err, ENOTUNIQ, "the image has several names: %s", all);
	return error_hint(err, "remove them one by one, or all with --force");
}

static void drop(struct image_index *index, size_t at, struct removal *removal)
{
	const struct descriptor *entry = &index->entries[at];

	if (entry->name) {
		strv_add(&removal->untagged, entry->name);
		strv_add(&removal->were, entry->digest);
	}
	if (!strv_contains(&removal->digests, entry->digest))
		strv_add(&removal->digests, entry->digest);
	index_remove(index, at);
}

/* @err says that there is none; an image store may have it */
static int not_here(const struct store *store, const char *name,
		    struct error *err)
{
	scoped_index all = { 0 };
	struct error ignored;

	if (store->n_images == 0 ||
	    layout_read_images(store, &all, NULL, &ignored) < 0 ||
	    image_lookup(store, &all, name, NULL, &ignored) < 0)
		return -err->code;
	error_say(err, EROFS, "%s is an image of an image store", name);
	return error_hint(err, "those are only read: its owner can remove it");
}

/* take what @name means out of @index */
static int forget(const struct store *store, struct image_index *index,
		  const char *name, bool force, struct removal *ret,
		  struct error *err)
{
	const char *hex = NULL;
	int at = image_lookup(store, index, name, &hex, err);

	if (at == -ENOENT)
		return not_here(store, name, err);
	if (at < 0)
		return at;
	if (!hex)
		drop(index, (size_t)at, ret);
	for (size_t i = index->n; hex && i-- > 0;)
		if (image_has_prefix(store, &index->entries[i], hex))
			drop(index, i, ret);
	if (hex && !force && ret->untagged.n > 1)
		return several_names(&ret->untagged, err);
	return 0;
}

static bool has_digest(const struct image_index *index, const char *digest)
{
	for (size_t i = 0; i < index->n; i++)
		if (strcmp(index->entries[i].digest, digest) == 0)
			return true;
	return false;
}

/*
 * The container @id, made of an image that would go, as a user knows it.
 * Return: an error, or 0 when it has gone in the meantime.
 */
static int used_by(const struct store *store, const char *id, struct error *err)
{
	struct container container = { 0 };
	struct error ignored;

	if (container_find(store, id, &container, &ignored) < 0)
		return 0;
	const struct record *record = &container.record;
	error_say(err, EBUSY, "the container %s, which %s, was made of it",
		  record->name, container.alive ? "runs" : "does not run");
	error_hint(err,
		   "remove the container first: wolffia rm %s%s; or use "
		   "--force, and the image's content goes with its last "
		   "container",
		   container.alive ? "-f " : "", record->name);
	container_free(&container);
	return -err->code;
}

/* does a container need the image @digest, which has no name any more? */
static int check_users(const struct store *store,
		       const struct image_index *index, const char *digest,
		       struct error *err)
{
	scoped_strv ids = { 0 };
	int r = has_digest(index, digest)
			? 0
			: collect_users(store, digest, &ids, err);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = used_by(store, ids.v[i], err);
	return r;
}

/* is a layer that would go with the image @digest in use? */
static int check_busy(const struct store *store, const char *digest,
		      const struct garbage *garbage, struct error *err)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct error ignored;

	if (layout_read_image(store, digest, &manifest, &config, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < config.diff_ids.n; i++) {
		const char *hex = digest_hex(config.diff_ids.v[i]);
		for (size_t b = 0; b < garbage->busy.n; b++) {
			if (!text_starts_with(garbage->busy.v[b], hex))
				continue;
			error_say(err, EBUSY, "a container uses it");
			return error_hint(err, "end the container first; or "
					       "use --force, and the layers "
					       "go when it has ended and "
					       "another image is removed");
		}
	}
	return 0;
}

/* what another name still stands for, or a container was made of, stays */
static void keep_needed(const struct store *store,
			const struct image_index *index, struct strv *digests)
{
	struct strv gone = { 0 };

	for (size_t i = 0; i < digests->n; i++) {
		const char *digest = digests->v[i];
		scoped_strv users = { 0 };
		struct error ignored;
		if (has_digest(index, digest))
			continue;
		if (collect_users(store, digest, &users, &ignored) == 0 &&
		    users.n == 0)
			strv_add(&gone, digest);
	}
	strv_free(digests);
	*digests = gone;
}

/* with the store's lock; the files go later, in image_end() */
static int remove_locked(struct image_work *work, const char *name, bool force,
			 struct removal *ret, struct error *err)
{
	scoped_garbage garbage = GARBAGE_NONE;
	scoped_index index = { 0 };
	struct error why;
	int r = layout_read_index(&work->store, &index, err);

	if (r == 0)
		r = forget(&work->store, &index, name, force, ret, err);
	if (r < 0)
		return r;
	int found = collect_find(&work->store, &index, &garbage, &why);
	for (size_t i = 0; !force && r == 0 && i < ret->digests.n; i++) {
		const char *digest = ret->digests.v[i];
		r = check_users(&work->store, &index, digest, err);
		if (r == 0 && found == 0)
			r = check_busy(&work->store, digest, &garbage, err);
	}
	if (r < 0)
		return r;
	work->stage.half_done = true;
	r = layout_write_index(&work->store, &index, err);
	if (r < 0)
		return r;
	keep_needed(&work->store, &index, &ret->digests);
	if (found < 0) {
		/* while an image is damaged, nobody can tell what goes */
		work->stage.half_done = found != -EUCLEAN;
		image_note("nothing but the name was removed: %s", why.text);
		return 0;
	}
	return collect_remove(&work->stage, &garbage, err);
}

static void report(const struct options *options, const struct removal *removal)
{
	if (options->common.quiet == FLAG_YES)
		return;
	for (size_t i = 0; i < removal->untagged.n; i++)
		printf("Untagged: %s\n", removal->untagged.v[i]);
	for (size_t i = 0; i < removal->digests.n; i++)
		printf("Deleted: %s\n", removal->digests.v[i]);
}

static void note_event(const struct store *store, const char *action,
		       const char *id, const char *name)
{
	const struct event event = {
		.type = EVENT_IMAGE,
		.action = action,
		.id = id,
		.name = name,
	};

	events_append(store, &event);
}

static void note_events(const struct store *store,
			const struct removal *removal)
{
	for (size_t i = 0; i < removal->untagged.n; i++)
		note_event(store, EVENT_UNTAG, removal->were.v[i],
			   removal->untagged.v[i]);
	for (size_t i = 0; i < removal->digests.n; i++)
		note_event(store, EVENT_REMOVE, removal->digests.v[i], NULL);
}

static int remove_image(struct image_work *work, const struct options *options,
			const char *name)
{
	bool force = options->force == FLAG_YES;
	scoped_removal removal = { 0 };
	struct error err;
	scoped_fd lock = store_lock(&work->store, &err);
	int r = lock < 0 ? lock
			 : remove_locked(work, name, force, &removal, &err);

	if (r == 0) {
		note_events(&work->store, &removal);
		report(options, &removal);
		return 0;
	}
	image_fail(&err, "cannot remove %s", name);
	return r == -ENOENT && force ? 0 : STATUS_WOLFFIA;
}

static int rmi(const struct options *options, const struct strv *names)
{
	struct image_work work;
	struct error err;
	int status = 0;
	struct image_options quietly = options->common;
	quietly.quiet = FLAG_YES;

	int r = image_begin(&work, &quietly, false, &err);
	if (r == 0)
		r = image_stage(&work, &err);
	if (r < 0)
		return image_fail(&err, "cannot remove images");
	for (size_t i = 0; i < names->n; i++)
		if (remove_image(&work, options, names->v[i]) != 0)
			status = STATUS_WOLFFIA;
	if (image_end(&work, &err) < 0)
		status = image_fail(&err, "rmi");
	return status;
}

int verb_rmi(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	int r = image_parse(rmi_table, "rmi [OPTION...] NAME|DIGEST|ID...",
			    argc, argv, &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n == 0)
		return image_usage("rmi: write the images to remove");
	return rmi(&options, &names);
}
