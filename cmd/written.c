#include "cmd/written.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/record.h"
#include "storage/fuse_host.h"

static uint32_t uid_inside(const void *context, uint32_t id)
{
	const struct spec *spec = context;

	return idmap_to_inside(&spec->inner_uids, id);
}

static uint32_t gid_inside(const void *context, uint32_t id)
{
	const struct spec *spec = context;

	return idmap_to_inside(&spec->inner_gids, id);
}

/*
 * On disk are the ids that the writer had in the outer namespace: through the
 * kernel's overlayfs the container's own, as mapped; through fuse-overlayfs
 * alone, which translates them, those of the image.
 */
static struct owner_map owners_of(const struct spec *spec)
{
	struct owner_map owners = {
		.squash = spec->squash || spec->rootfs == ROOTFS_HOST,
		.single = spec->userns == USERNS_SINGLE,
		.context = spec,
	};

	if (spec->driver != DRIVER_FUSE_OVERLAYFS) {
		owners.uid = uid_inside;
		owners.gid = gid_inside;
	}
	return owners;
}

static void describe_lower(const struct spec *spec, struct upper_place *place)
{
	switch (spec->rootfs) {
	case ROOTFS_IMAGE:
		strv_extend(&place->lower, strv_argv(&spec->layers));
		place->whiteout_files = spec->whiteout_files;
		break;
	case ROOTFS_HOST:
		strv_add(&place->lower, "/");
		fuse_host_covered(&place->covered);
		break;
	default:
		strv_add(&place->lower, spec->rootfs_dir);
		/* fuse-overlayfs looks for them everywhere */
		place->whiteout_files = spec->driver != DRIVER_OVERLAY;
		break;
	}
}

static void describe(const struct store *store, struct written *written)
{
	const struct spec *spec = &written->spec;

	written->upper = xasprintf("containers/%s/upper", spec->id);
	written->place = (struct upper_place){
		.dirfd = store->dirfd,
		.upper = written->upper,
		.fuse = spec->driver == DRIVER_FUSE_OVERLAYFS,
		.owners = owners_of(spec),
	};
	describe_lower(spec, &written->place);
	for (size_t i = 0; i < spec->n_mounts; i++)
		strv_add(&written->place.mount_points, spec->mounts[i].target);
}

static int check_root(const struct written *written, struct error *err)
{
	if (written->spec.rootfs != ROOTFS_DIR_RW)
		return 0;
	return error_say(err, ENOTSUP,
			 "the container %s writes into %s itself: nothing "
			 "tells what was there before",
			 written->container.record.name,
			 written->spec.rootfs_dir);
}

/* it may have been started since it was looked at: then it runs */
static int hold(const struct store *store, struct written *written,
		struct error *err)
{
	struct container *container = &written->container;
	const struct record *record = &container->record;

	if (container->alive)
		return 0;
	int r = state_open(&written->state, store, record->id, record->name,
			   err);
	if (r != -EBUSY)
		return r;
	container->alive = true;
	return 0;
}

int written_find(const struct store *store, const char *name,
		 struct written *ret, struct error *err)
{
	*ret = (struct written){ .state = STATE_NONE };
	int r = container_find(store, name, &ret->container, err);
	if (r == 0)
		r = hold(store, ret, err);
	scoped_fd dirfd =
		r < 0 ? -1
		      : container_open(store, ret->container.record.id, err);

	if (r == 0)
		r = dirfd < 0 ? dirfd
			      : record_read_spec(dirfd, &ret->spec, err);
	if (r == 0)
		r = check_root(ret, err);
	if (r < 0) {
		written_free(ret);
		return r;
	}
	describe(store, ret);
	return 0;
}

void written_free(struct written *written)
{
	state_close(&written->state);
	container_free(&written->container);
	spec_free(&written->spec);
	strv_free(&written->place.lower);
	strv_free(&written->place.covered);
	strv_free(&written->place.mount_points);
	free(written->upper);
	*written = (struct written){ .state = STATE_NONE };
}

/* is all that @had maps mapped in the same way by @have? */
static bool covers(const struct idmap *have, const struct idmap *had)
{
	for (size_t i = 0; i < had->n; i++) {
		const struct idextent *e = &had->extents[i];
		for (uint32_t id = 0; id < e->count; id++)
			if (idmap_to_outside(have, e->inside + id) !=
			    e->outside + id)
				return false;
	}
	return true;
}

int written_check_ids(const struct written *written,
		      const struct outer_ids *ids, struct error *err)
{
	if (covers(&ids->uids, &written->spec.outer_uids) &&
	    covers(&ids->gids, &written->spec.outer_gids))
		return 0;
	error_say(err, EPERM,
		  "your subordinate ids are not those with which the container "
		  "%s was made",
		  written->container.record.name);
	return error_hint(err, "its files can be read when /etc/subuid and "
			       "/etc/subgid are as they were");
}
