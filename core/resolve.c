#include "core/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/confine/user.h"
#include "core/events.h"
#include "userns/outer.h"

static bool has_shared_mount(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].kind != MOUNT_TMPFS)
			return true;
	return false;
}

enum userns_mode spec_resolve_mode(const struct spec *spec)
{
	if (spec->userns != USERNS_AUTO)
		return spec->userns;
	return has_shared_mount(spec) || spec->rootfs == ROOTFS_DIR_RW ||
			       spec->driver == DRIVER_OVERLAY
		       ? USERNS_AS_ME
		       : USERNS_NOMAP;
}

/* The topmost layer that knows the user; the merged root is not there yet. */
static int find_in_layers(const struct spec *spec, struct user *ret,
			  struct error *err)
{
	int r = error_say(err, ENOENT, "user %s: the image has no /etc/passwd",
			  spec->user.text);

	for (size_t i = 0; i < spec->layers.n; i++) {
		scoped_fd dir = open(spec->layers.v[i],
				     O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return error_set(err, errno, "open %s",
					 spec->layers.v[i]);
		bool last = i + 1 == spec->layers.n;
		if (!last && faccessat(dir, "etc/passwd", F_OK, 0) < 0)
			continue;
		r = user_lookup(dir, spec->user.text, NULL, ret, err);
		if (r != -ENOENT)
			return r;
	}
	return r;
}

int spec_find_user(const struct spec *spec, struct user *ret, struct error *err)
{
	const char *path = spec->rootfs == ROOTFS_HOST ? "/" : spec->rootfs_dir;

	if (!*spec->user.text)
		return user_find(&(struct user_request){ 0 }, NULL, "", 0, "",
				 0, ret, err);
	if (spec->rootfs == ROOTFS_IMAGE)
		return find_in_layers(spec, ret, err);
	scoped_fd dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "open %s", path);
	return user_lookup(dir, spec->user.text, NULL, ret, err);
}

static int map_as(struct spec *spec, uint32_t uid, uint32_t gid,
		  struct error *err)
{
	int r = idmap_inner_as(&spec->inner_uids, uid,
			       idmap_size(&spec->outer_uids), err);

	return r < 0 ? r
		     : idmap_inner_as(&spec->inner_gids, gid,
				      idmap_size(&spec->outer_gids), err);
}

static int map_as_me(struct spec *spec, struct error *err)
{
	scoped_user user = { 0 };

	/* the kernel's overlay and a root written in place translate nothing:
	 * there the caller is root */
	if (spec->driver == DRIVER_OVERLAY || spec->rootfs == ROOTFS_DIR_RW)
		return map_as(spec, 0, 0, err);
	int r = spec_find_user(spec, &user, err);
	return r < 0 ? r : map_as(spec, user.uid, user.gid, err);
}

static int map_inner(struct spec *spec, struct error *err)
{
	int r;

	switch (spec->userns) {
	case USERNS_AS_ME:
		return map_as_me(spec, err);
	case USERNS_KEEP_ID:
		if (!*spec->user.text) {
			free(spec->user.text);
			spec->user.text =
				xasprintf("%u:%u", geteuid(), getegid());
		}
		return map_as(spec, geteuid(), getegid(), err);
	case USERNS_SINGLE:
		return map_as(spec, 0, 0, err);
	default:
		r = idmap_inner_nomap(&spec->inner_uids,
				      idmap_size(&spec->outer_uids), err);
		return r < 0 ? r
			     : idmap_inner_nomap(&spec->inner_gids,
						 idmap_size(&spec->outer_gids),
						 err);
	}
}

/* setgroups(2) is denied where a user maps himself (user_namespaces(7)) */
static int check_groups(const struct spec *spec, struct error *err)
{
	if (spec->userns != USERNS_SINGLE || spec->user.groups.n == 0)
		return 0;
	error_say(err, EINVAL,
		  "--group-add %s: a container with one id has no "
		  "supplementary groups",
		  spec->user.groups.v[0]);
	return error_hint(err, "it takes subordinate ids, which \"wolffia "
			       "doctor\" tells about, and not --userns single");
}

static int resolve_ids(struct spec *spec, const struct outer_ids *ids,
		       const struct error *why, struct strv *notices,
		       struct error *err)
{
	enum userns_mode asked = spec->userns;

	spec->userns = spec_resolve_mode(spec);
	if (ids->single && spec->userns != USERNS_SINGLE) {
		if (asked != USERNS_AUTO) {
			*err = *why;
			return error_prefix(err, "--userns %s",
					    userns_mode_name(asked));
		}
		/* nor is a name server that does not answer a reason to share
		 * the caller's id */
		if (ids->nameless) {
			error_say(err, ENOENT,
				  "%s, and the user has no name (passwd(5)) "
				  "under which there could be one",
				  why->text);
			return error_hint(err, "--userns single: the container "
					       "has one id, and root in it is "
					       "you");
		}
		strv_addf(notices,
			  "%s: the container has one id, and root in it is you "
			  "(lift this: %s)",
			  why->text, why->hint);
		spec->userns = USERNS_SINGLE;
	}
	if (asked == USERNS_AUTO && spec->userns == USERNS_AS_ME &&
	    spec->driver == DRIVER_OVERLAY && !has_shared_mount(spec))
		strv_addf(notices,
			  "--driver overlay cannot translate ids: root "
			  "in the container is you");
	spec->outer_uids = ids->uids;
	spec->outer_gids = ids->gids;
	int r = check_groups(spec, err);
	return r < 0 ? r : map_inner(spec, err);
}

/* Can the kernel's overlayfs have its upper directory in the store? */
const char *resolve_why_no_overlay(int store_fd)
{
	static const struct {
		unsigned long type;
		const char *name;
	} unfit[] = {
		/* statfs(2); the names are /proc/filesystems' */
		{ OVERLAYFS_SUPER_MAGIC, "overlay" },
		{ NFS_SUPER_MAGIC, "nfs" },
		{ FUSE_SUPER_MAGIC, "fuse" },
		{ ECRYPTFS_SUPER_MAGIC, "ecryptfs" },
		{ SMB2_SUPER_MAGIC, "smb" },
		{ V9FS_MAGIC, "9p" },
	};
	unsigned major_number = 0, minor_number = 0;
	struct statfs fs;
	struct utsname system;

	uname(&system);
	if (sscanf(system.release, "%u.%u", &major_number, &minor_number) !=
		    2 ||
	    major_number < 5 || (major_number == 5 && minor_number < 13))
		return "a kernel before 5.13";
	if (fstatfs(store_fd, &fs) < 0)
		return NULL; /* the mount will tell */
	for (size_t i = 0; i < ARRAY_SIZE(unfit); i++)
		if ((unsigned long)fs.f_type == unfit[i].type)
			return unfit[i].name;
	return NULL;
}

static int refuse_overlay(const char *because, struct error *err)
{
	error_say(err, EINVAL, "--driver overlay: the kernel's overlayfs %s",
		  because);
	return error_hint(err, "leave --driver out, and what fits is chosen");
}

/* a tree of root's, say: none of its owners has a number in the container */
static bool is_anothers_tree(const struct spec *spec)
{
	struct stat st;

	return stat(spec->rootfs_dir, &st) == 0 &&
	       idmap_to_inside(&spec->outer_uids, st.st_uid) == ID_NONE;
}

/* layers/<hex> of an image store: its files are numbered after who owns that */
static bool is_anothers_layer(const char *path)
{
	scoped(char) *owner = xasprintf("%s/../..", path);
	struct stat st;

	return stat(owner, &st) == 0 && st.st_uid != geteuid();
}

/*
 * Return: what of the root has ids that are not this user's, or NULL.  Layers
 * in the store itself are ours: store_open() has seen to that.
 */
static const char *belongs_to_another(const struct spec *spec,
				      const struct store *store)
{
	size_t n = strlen(store->path);

	if (spec->rootfs == ROOTFS_DIR)
		return is_anothers_tree(spec) ? spec->rootfs_dir : NULL;
	for (size_t i = 0; spec->rootfs == ROOTFS_IMAGE && i < spec->layers.n;
	     i++) {
		const char *path = spec->layers.v[i];
		bool ours =
			strncmp(path, store->path, n) == 0 && path[n] == '/';
		if (!ours && is_anothers_layer(path))
			return path;
	}
	return NULL;
}

static int resolve_driver(struct spec *spec, const struct store *store,
			  struct strv *notices, struct error *err)
{
	bool same = idmap_is_identity(&spec->inner_uids) &&
		    idmap_is_identity(&spec->inner_gids);
	const char *unfit = resolve_why_no_overlay(store->dirfd);

	if (spec->rootfs == ROOTFS_DIR_RW) {
		if (!same)
			return error_say(
				err, EINVAL,
				"a root that is written in place cannot "
				"be translated: use --userns as-me");
		spec->driver = DRIVER_OVERLAY; /* nothing is served */
		return 0;
	}
	const char *foreign = belongs_to_another(spec, store);
	if (foreign) {
		if (spec->driver == DRIVER_OVERLAY)
			return refuse_overlay("cannot read a directory of "
					      "another user's",
					      err);
		spec->squash = true;
		spec->driver = DRIVER_FUSE_OVERLAYFS;
		strv_addf(notices,
			  "%s belongs to another user: all files are shown as "
			  "root's, and those that only its users may read "
			  "cannot be read",
			  foreign);
	}
	if (spec->driver == DRIVER_FUSE_OVERLAYFS)
		return 0;
	if (spec->driver == DRIVER_OVERLAY) {
		if (spec->rootfs == ROOTFS_HOST)
			return refuse_overlay("refuses a lower directory with "
					      "mounts in it, as / is",
					      err);
		if (!same)
			return refuse_overlay("cannot translate ids, as this "
					      "--userns needs",
					      err);
		if (spec->whiteout_files)
			return refuse_overlay("cannot read the whiteouts of "
					      "this image's layers",
					      err);
		return 0;
	}
	if (spec->rootfs == ROOTFS_HOST) {
		spec->driver = DRIVER_FUSE_OVERLAYFS;
	} else if (unfit) {
		strv_addf(notices,
			  "the store is on %s, so the slower "
			  "fuse-overlayfs alone is used",
			  unfit);
		spec->driver = DRIVER_FUSE_OVERLAYFS;
	} else {
		spec->driver = same && !spec->whiteout_files
				       ? DRIVER_OVERLAY
				       : DRIVER_FUSE_BELOW_OVERLAY;
	}
	return 0;
}

static int make_volume(const char *path, const struct store *store,
		       struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct event event = { .type = EVENT_VOLUME, .action = EVENT_CREATE };

	if (access(path, F_OK) == 0)
		return 0;
	int r = path_mkdir_parents(path, 0755, err);
	if (r < 0)
		return r;
	event.id = event.name = slash ? slash + 1 : path;
	events_append(store, &event);
	return 0;
}

int spec_make_volumes(const struct spec *spec, const struct store *store,
		      struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->n_mounts; i++)
		if (spec->mounts[i].kind == MOUNT_VOLUME)
			r = make_volume(spec->mounts[i].source, store, err);
	return r;
}

int spec_resolve(struct spec *spec, const struct store *store,
		 const struct outer_ids *ids, const struct error *why,
		 struct strv *ret_notices, struct error *err)
{
	int r = resolve_ids(spec, ids, why, ret_notices, err);

	if (r == 0)
		r = resolve_driver(spec, store, ret_notices, err);
	return r;
}
