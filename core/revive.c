#include "core/revive.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "userns/outer.h"

static bool is_same_map(const struct idmap *a, const struct idmap *b)
{
	return a->n == b->n && memcmp(a->extents, b->extents,
				      a->n * sizeof(a->extents[0])) == 0;
}

/* its files belong to the ids that the caller had then */
static int check_ids(const struct spec *spec, struct error *err)
{
	struct error why = { 0 };
	struct outer_ids ids;
	int r = outer_find_ids(spec->userns == USERNS_SINGLE, &ids, &why);

	if (r < 0) {
		*err = why;
		return r;
	}
	if (is_same_map(&ids.uids, &spec->outer_uids) &&
	    is_same_map(&ids.gids, &spec->outer_gids))
		return 0;
	error_say(err, ESTALE,
		  "your subordinate ids have changed since the container was "
		  "made: its files belong to others now");
	return error_hint(err, "give the old ranges back in /etc/subuid and "
			       "/etc/subgid, or make the container again");
}

/* before the file system server, who would only say that it has ended */
static int check_root(const struct spec *spec, struct error *err)
{
	struct stat st;

	if (!spec->rootfs_dir)
		return 0;
	if (stat(spec->rootfs_dir, &st) < 0)
		return error_set(err, errno, "the root directory %s",
				 spec->rootfs_dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "the root directory %s",
				 spec->rootfs_dir);
	return 0;
}

static int hold_layers(const struct store *store, const struct spec *spec,
		       int *ret_fd, struct error *err)
{
	scoped_fd holds = store_open_holds(store, err);
	int r = holds < 0 ? holds : 0;

	for (size_t i = 0; r == 0 && i < spec->layers.n; i++) {
		r = store_hold_path(store, holds, spec->layers.v[i], err);
	}
	if (r < 0)
		return error_prefix(err, "the image %s",
				    spec->image ? spec->image : "");
	*ret_fd = take_fd(holds);
	return 0;
}

int revive_busy(const struct store *store, const struct record *record,
		struct revived *ret, struct error *err)
{
	struct revived revived = REVIVED_NONE;
	int r = state_open(&revived.state, store, record->id, record->name,
			   err);

	if (r < 0)
		return r;
	r = record_read_spec(revived.state.dirfd, &revived.spec, err);
	if (r == 0)
		r = check_ids(&revived.spec, err);
	if (r == 0)
		r = check_root(&revived.spec, err);
	if (r == 0)
		r = hold_layers(store, &revived.spec, &revived.holds_fd, err);
	if (r < 0) {
		revived_free(&revived);
		return r;
	}
	*ret = revived;
	return 0;
}

int revive(const struct store *store, const struct record *record,
	   struct revived *ret, struct error *err)
{
	struct revived revived = REVIVED_NONE;
	int r = revive_busy(store, record, &revived, err);

	if (r == 0)
		r = state_revive(&revived.state, err);
	if (r < 0) {
		revived_free(&revived);
		return r;
	}
	*ret = revived;
	return 0;
}

void revived_free(struct revived *revived)
{
	spec_free(&revived->spec);
	state_close(&revived->state);
	fd_close(&revived->holds_fd);
}
