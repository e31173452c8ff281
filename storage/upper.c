#include "storage/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"

/* what core/steps_root.c puts where an image has nothing */
static const char *const system_mount_points[] = {
	"dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "sys",
};

/* A directory on the way, [0] is the root. */
struct level {
	struct lower_dir below; /* the layers that have it, too */
	struct strv hidden;     /* names in them that it does not show */
	size_t next_hidden;
	bool opaque;   /* nothing of below is seen in it */
	bool told;     /* as a change */
	bool expected; /* ours, or on the way to ours */
	enum upper_kind kind;
	struct stat st;
	size_t path_length;
};

struct walk {
	const struct upper *upper;
	struct tree_walk *tree;
	struct level *levels;
	size_t n, room;
	int (*found)(void *context, const struct upper_change *change,
		     struct error *err);
	void *context;
};

static int open_layers(const struct upper_place *place, struct lower *lower,
		       struct error *err)
{
	lower->fds = xcalloc(place->lower.n + 1, sizeof(*lower->fds));
	lower->whiteout_files = place->whiteout_files;
	for (; lower->n < place->lower.n; lower->n++) {
		const char *path = place->lower.v[lower->n];
		int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return error_set(err, errno, "open %s", path);
		lower->fds[lower->n] = fd;
	}
	return 0;
}

void upper_mount_points(struct strv *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_mount_points); i++)
		strv_add(ret, system_mount_points[i]);
}

int upper_open(const struct upper_place *place, struct upper *ret,
	       struct error *err)
{
	struct upper upper = { .place = place };
	int r = 0;

	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	upper.fd = openat(place->dirfd, place->upper, flags);
	/* one that was never started wrote nothing: a directory of the store
	 * that is always empty */
	if (upper.fd < 0 && errno == ENOENT)
		upper.fd = openat(place->dirfd, "mounts/lower", flags);
	if (upper.fd < 0)
		r = error_set(err, errno, "open %s", place->upper);
	if (r == 0)
		r = open_layers(place, &upper.lower, err);
	if (r < 0) {
		upper_close(&upper);
		return r;
	}
	upper_mount_points(&upper.mount_points);
	for (size_t i = 0; i < place->mount_points.n; i++)
		strv_add(&upper.mount_points, place->mount_points.v[i] + 1);
	for (size_t i = 0; i < place->covered.n; i++)
		strv_add(&upper.lower.covered, place->covered.v[i] + 1);
	*ret = upper;
	return 0;
}

void upper_close(struct upper *upper)
{
	fd_close(&upper->fd);
	for (size_t i = 0; i < upper->lower.n; i++)
		fd_close(&upper->lower.fds[i]);
	free(upper->lower.fds);
	strv_free(&upper->lower.covered);
	strv_free(&upper->mount_points);
	*upper = (struct upper){ .fd = -1 };
}

size_t upper_trees(const struct upper *upper, int **ret)
{
	int *trees = xcalloc(upper->lower.n + 1, sizeof(*trees));

	memcpy(trees, upper->lower.fds, upper->lower.n * sizeof(*trees));
	trees[upper->lower.n] = upper->fd;
	*ret = trees;
	return upper->lower.n + 1;
}

static bool is_mount_point(const struct upper *upper, const char *path)
{
	return strv_contains(&upper->mount_points, path);
}

/* is it a mount point, or does the way to one lead through it? */
static bool leads_to_ours(const struct upper *upper, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < upper->mount_points.n; i++) {
		const char *point = upper->mount_points.v[i];
		if (strncmp(point, path, n) == 0 &&
		    (point[n] == '/' || point[n] == '\0'))
			return true;
	}
	return false;
}

/*
 * Telling
 */

/* a directory is told before the first change in it, whatever changed of
 * itself */
static int tell_levels(struct walk *w, const char *path, struct error *err)
{
	for (size_t i = 1; i < w->n; i++) {
		struct level *level = &w->levels[i];
		if (level->told)
			continue;
		scoped(char) *own = xstrndup(path, level->path_length);
		const char *slash = strrchr(own, '/');
		int fd = tree_walk_directory(w->tree, i - 1, err);
		if (fd < 0)
			return fd;
		struct tree_entry entry = {
			.path = own,
			.name = slash ? slash + 1 : own,
			.dirfd = -1,
			.fd = fd,
			.depth = i - 1,
			.st = level->st,
		};
		struct upper_change change = { level->kind, own, &entry };
		level->told = true;
		int r = w->found(w->context, &change, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int tell(struct walk *w, enum upper_kind kind, const char *path,
		struct tree_entry *entry, struct error *err)
{
	struct upper_change change = { kind, path, entry };
	int r = tell_levels(w, path, err);

	return r < 0 ? r : w->found(w->context, &change, err);
}

/* what the current directory hides, as far as it comes before @name; NULL: all
 * of it */
static int tell_hidden(struct walk *w, const char *path, const char *name,
		       struct error *err)
{
	struct level *level = &w->levels[w->n - 1];

	for (; level->next_hidden < level->hidden.n; level->next_hidden++) {
		const char *hidden = level->hidden.v[level->next_hidden];
		int order = name ? strcmp(hidden, name) : -1;
		if (order > 0)
			return 0;
		if (order == 0)
			continue; /* its own entry tells of it */
		scoped(char) *gone = xasprintf(
			"%.*s/%s", (int)level->path_length, path, hidden);
		int r = tell(w, UPPER_DELETED, gone, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Directories
 */

static bool is_opaque(const struct walk *w, int fd)
{
	if (!w->upper->place->fuse)
		return overlay_is_opaque(fd, overlay_opaque);
	return overlay_is_opaque(fd, overlay_fuse_opaque) ||
	       overlay_is_opaque(fd, overlay_opaque) ||
	       faccessat(fd, ".wh..wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* option redirect_dir, which option userxattr excludes: overlayfs.rst */
static int check_redirect(const struct walk *w, int fd, const char *path,
			  struct error *err)
{
	if (w->upper->place->fuse ||
	    fgetxattr(fd, "user.overlay.redirect", NULL, 0) < 0)
		return 0;
	return error_say(err, EUCLEAN,
			 "/%s refers to another directory below, which cannot "
			 "be read here",
			 path);
}

/* a directory that is there for something in it is like the one below */
static bool same_directory(const struct walk *w, const struct level *level,
			   const struct stat *below)
{
	const struct owner_map *owners = &w->upper->place->owners;
	struct owner now = owner_find(owners, -1, &level->st);

	if ((below->st_mode & 07777) != (level->st.st_mode & 07777))
		return false;
	if (!owners->squash && !owners->single &&
	    (now.uid != below->st_uid || now.gid != below->st_gid))
		return false;
	/* to make our mount point there changed its time */
	return level->expected ||
	       (level->st.st_mtim.tv_sec == below->st_mtim.tv_sec &&
		level->st.st_mtim.tv_nsec == below->st_mtim.tv_nsec);
}

static struct level *push(struct walk *w)
{
	if (w->n == w->room) {
		w->room = w->room ? w->room * 2 : 32;
		w->levels =
			xreallocarray(w->levels, w->room, sizeof(*w->levels));
	}
	struct level *level = &w->levels[w->n++];
	*level = (struct level){ 0 };
	return level;
}

static void pop(struct walk *w)
{
	struct level *level = &w->levels[--w->n];

	lower_dir_free(&level->below);
	strv_free(&level->hidden);
}

static int enter(struct walk *w, struct tree_entry *entry, struct error *err)
{
	const struct level *parent = &w->levels[w->n - 1];
	const struct lower_dir *parent_below = &parent->below;
	bool inherited = parent->opaque;
	struct stat below;
	struct lower_dir dir;
	bool there = lower_look(&w->upper->lower, parent_below, entry->path,
				&below, &dir);
	struct level *level = push(w);

	level->below = dir;
	level->kind = there ? UPPER_CHANGED : UPPER_ADDED;
	level->st = entry->st;
	level->path_length = strlen(entry->path);
	level->expected = leads_to_ours(w->upper, entry->path);
	int r = check_redirect(w, entry->fd, entry->path, err);
	if (r == 0 && dir.n) {
		level->opaque = inherited || is_opaque(w, entry->fd);
		if (level->opaque)
			r = lower_list(&w->upper->lower, &dir, entry->path,
				       &level->hidden, err);
	}
	if (r < 0)
		return r;
	if (there ? S_ISDIR(below.st_mode) && same_directory(w, level, &below)
		  : level->expected)
		return 0;
	return tell_levels(w, entry->path, err);
}

/*
 * Entries
 */

/*
 * Return: 1 with the path of what a whiteout of whatever kind removes, in
 * *ret_gone, the caller's to free; 0 it is none
 */
static int find_whiteout(const struct walk *w, const struct tree_entry *entry,
			 char **ret_gone)
{
	size_t start = (size_t)(entry->name - entry->path);

	if (overlay_is_whiteout(&entry->st)) {
		*ret_gone = xstrdup(entry->path);
		return 1;
	}
	if (!w->upper->place->fuse || !text_starts_with(entry->name, ".wh."))
		return 0;
	*ret_gone = xasprintf("%.*s%s", (int)start, entry->path,
			      entry->name + strlen(".wh."));
	return 1;
}

/* ".wh..wh..opq", ".wh..opq": notes about the directory that they are in */
static bool is_note(const struct walk *w, const char *name)
{
	return w->upper->place->fuse && (text_starts_with(name, ".wh..wh.") ||
					 strcmp(name, ".wh..opq") == 0);
}

static int tell_gone(struct walk *w, const char *gone, struct error *err)
{
	struct level *level = &w->levels[w->n - 1];
	struct stat below;

	/* it is told of with all that the directory hides */
	if (level->opaque)
		return 0;
	if (!lower_look(&w->upper->lower, &level->below, gone, &below, NULL))
		return 0;
	return tell(w, UPPER_DELETED, gone, NULL, err);
}

static int look_at_file(struct walk *w, struct tree_entry *entry,
			struct error *err)
{
	const struct level *level = &w->levels[w->n - 1];
	struct stat below;

	if (S_ISREG(entry->st.st_mode) && entry->st.st_size == 0 &&
	    is_mount_point(w->upper, entry->path))
		return 0;
	bool there = lower_look(&w->upper->lower, &level->below, entry->path,
				&below, NULL);
	return tell(w, there ? UPPER_CHANGED : UPPER_ADDED, entry->path, entry,
		    err);
}

static int look_at(struct walk *w, struct tree_entry *entry, struct error *err)
{
	char *gone_ = NULL;

	if (is_note(w, entry->name))
		return 0;
	if (entry->closed)
		return error_set(err, EACCES, "open /%.200s", entry->path);
	int whiteout = find_whiteout(w, entry, &gone_);
	scoped(char) *gone = gone_;
	if (whiteout)
		return tell_gone(w, gone, err);
	int r = tell_hidden(w, entry->path, entry->name, err);
	if (r < 0)
		return r;
	return S_ISDIR(entry->st.st_mode) && !entry->mounted
		       ? enter(w, entry, err)
		       : look_at_file(w, entry, err);
}

int upper_walk(const struct upper *upper,
	       int (*found)(void *context, const struct upper_change *change,
			    struct error *err),
	       void *context, struct error *err)
{
	struct walk w = { .upper = upper, .found = found, .context = context };
	struct tree_entry entry;
	int r = tree_walk_new(upper->fd, &w.tree, err);

	if (r < 0)
		return r;
	lower_root(&upper->lower, &push(&w)->below);
	while (r == 0 && (r = tree_walk_next(w.tree, &entry, err)) > 0) {
		if (r == TREE_ENTRY) {
			r = look_at(&w, &entry, err);
		} else {
			r = tell_hidden(&w, entry.path, NULL, err);
			pop(&w);
		}
	}
	while (w.n)
		pop(&w);
	free(w.levels);
	tree_walk_free(w.tree);
	return r;
}
