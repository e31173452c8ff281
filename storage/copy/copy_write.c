#include "storage/copy/copy_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/copy/copy_meta.h"
#include "storage/copy/copy_tree.h"
#include "storage/link_table.h"

enum { TRIES = 16 }; /* against somebody who makes what we remove */

struct copy_writer {
	struct copy_write_options o;
	struct copy_counts *counts;
	struct copy_tree tree;
	struct link_table made; /* on the host: what is not a directory */
	/* the file whose content is being written */
	int file_fd;      /* -1: none */
	bool in_place;    /* it was there, and stays what it is */
	uint64_t written; /* up to here */
	struct unpack_entry entry;
	char *xattr_bytes; /* what entry.xattrs points to */
	char path[UNPACK_PATH_MAX];
};

struct copy_writer *copy_writer_new(const struct copy_write_options *options,
				    struct copy_counts *counts)
{
	struct copy_writer *w = xcalloc(1, sizeof(*w));

	w->o = *options;
	w->counts = counts;
	w->file_fd = -1;
	copy_tree_init(&w->tree, options->base_fd, options->inside);
	return w;
}

void copy_writer_free(struct copy_writer *w)
{
	struct error ignored;

	if (!w)
		return;
	if (w->file_fd >= 0 && !w->in_place)
		unlinkat(w->tree.parent_fd, unpack_path_name(w->path), 0);
	fd_close(&w->file_fd);
	copy_tree_leave(&w->tree, NULL, &ignored);
	copy_tree_free(&w->tree);
	link_table_free(&w->made);
	free(w->xattr_bytes);
	free(w);
}

/*
 * Return: 0 nothing is at @name any more; 1 a file that something is mounted
 * on; -EISDIR; -errno
 */
static int make_room(struct copy_writer *w, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(w->tree.parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? 0
			       : error_set(err, errno, "look at '%s'", w->path);
	if (S_ISDIR(st.st_mode))
		return error_say(
			err, EISDIR,
			"'%s' is a directory, and only another one can "
			"be copied over it",
			w->path);
	if (copy_tree_is_mounted(w->tree.parent_fd, name))
		return S_ISREG(st.st_mode)
			       ? 1
			       : error_say(err, EBUSY,
					   "something is mounted on '%s'",
					   w->path);
	if (unlinkat(w->tree.parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "replace '%s'", w->path);
}

static int open_in_place(struct copy_writer *w, const char *name,
			 struct error *err)
{
	struct stat st;
	scoped_fd fd = copy_tree_open(w->tree.parent_fd, name,
				      O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open '%s'", w->path);
	if (!S_ISREG(st.st_mode))
		return error_say(err, ESTALE, "'%s' is not the file it was",
				 w->path);
	if (ftruncate(fd, 0) < 0)
		return error_set(err, errno, "empty '%s'", w->path);
	w->in_place = true;
	w->file_fd = take_fd(fd);
	return 0;
}

/* Each returns 0, or -1 with errno. */
static int make_file(struct copy_writer *w, const char *name)
{
	w->file_fd = copy_tree_open(w->tree.parent_fd, name,
				    O_WRONLY | O_CREAT | O_EXCL, 0600);
	return w->file_fd < 0 ? -1 : 0;
}

static int make_symlink(struct copy_writer *w, const char *name)
{
	return symlinkat(w->entry.link, w->tree.parent_fd, name);
}

/* with its mode at once: it need not be opened, and so cannot be mistaken */
static int make_fifo(struct copy_writer *w, const char *name)
{
	return mknodat(w->tree.parent_fd, name,
		       S_IFIFO | (copy_meta_mode(&w->o, &w->entry) & 0777), 0);
}

/* clang-format off */
static const struct {
	const char *what;
	int (*make)(struct copy_writer *writer, const char *name);
} makers[UNPACK_TYPES_END] = {
	[UNPACK_FILE]    = { "file",          make_file },
	[UNPACK_SYMLINK] = { "symbolic link", make_symlink },
	[UNPACK_FIFO]    = { "FIFO",          make_fifo },
};
/* clang-format on */

/* hard links may lead to what was made here, and to nothing else */
static int note_made(struct copy_writer *w, const char *name, struct error *err)
{
	struct stat st;

	if (w->o.inside)
		return 0;
	if (fstatat(w->tree.parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "look at '%s'", w->path);
	link_table_find(&w->made, &st, "");
	return 0;
}

/* of a symbolic link or a FIFO, by its name */
static int finish_other(struct copy_writer *w, const char *name,
			struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
				     { .tv_sec = w->entry.mtime,
				       .tv_nsec = w->entry.mtime_nsec } };
	int r = copy_meta_owner(&w->o, w->tree.parent_fd, name, &w->entry,
				w->counts, err);

	if (r == 0 &&
	    utimensat(w->tree.parent_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = error_set(err, errno, "set the time of '%s'", w->path);
	return r;
}

static int place_other(struct copy_writer *w, const char *name,
		       struct error *err)
{
	enum unpack_type type = w->entry.type;
	int r = -1;

	for (int i = 0; i < TRIES; i++) {
		r = makers[type].make(w, name);
		if (r == 0 || errno != EEXIST)
			break;
		r = make_room(w, name, err);
		if (r < 0)
			return r;
		if (r == 1 && type == UNPACK_FILE)
			return open_in_place(w, name, err);
		errno = r == 1 ? EBUSY : EEXIST;
		r = -1;
		if (errno == EBUSY)
			break;
	}
	if (r < 0)
		return error_set(err, errno, "make the %s '%s'",
				 makers[type].what, w->path);
	r = note_made(w, name, err);
	if (r == 0 && type != UNPACK_FILE)
		r = finish_other(w, name, err);
	return r;
}

static int cannot_be_directory(struct copy_writer *w, struct error *err)
{
	int code = errno;

	if (code == ENOTDIR || code == ELOOP)
		return error_say(err, ENOTDIR,
				 "'%s' is there and is not a directory, so no "
				 "directory can be copied over it",
				 w->path);
	return error_set(err, code, "open the directory '%s'", w->path);
}

static int place_directory(struct copy_writer *w, const char *name,
			   struct error *err)
{
	const struct timespec mtime = { .tv_sec = w->entry.mtime,
					.tv_nsec = w->entry.mtime_nsec };
	bool made = mkdirat(w->tree.parent_fd, name, 0700) == 0;

	if (!made && errno != EEXIST)
		return error_set(err, errno, "make the directory '%s'",
				 w->path);
	scoped_fd fd =
		copy_tree_open(w->tree.parent_fd, name,
			       (made ? O_RDONLY : O_PATH) | O_DIRECTORY, 0);
	if (fd < 0)
		return cannot_be_directory(w, err);
	if (!made && !(w->o.inside && w->o.archive))
		return 0;
	if (!made) {
		fd_close(&fd);
		fd = copy_tree_open(w->tree.parent_fd, name,
				    O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			return cannot_be_directory(w, err);
	}
	int r = copy_meta_owner(&w->o, fd, "", &w->entry, w->counts, err);
	if (r == 0)
		r = copy_meta_attributes(&w->o, fd, &w->entry, w->counts, err);
	if (r == 0)
		r = copy_tree_note(&w->tree, w->path, fd,
				   copy_meta_mode(&w->o, &w->entry), mtime,
				   err);
	return r;
}

static int finish_file(struct copy_writer *w, struct error *err)
{
	int r = 0;

	if (w->file_fd < 0)
		return 0;
	/* a hole at the end */
	if (w->written < w->entry.size &&
	    ftruncate(w->file_fd, (off_t)w->entry.size) < 0)
		return error_set(err, errno, "make '%s' %llu bytes long",
				 w->path, (unsigned long long)w->entry.size);
	if (!w->in_place)
		r = copy_meta_file(&w->o, w->file_fd, &w->entry, w->counts,
				   err);
	if (r == 0)
		fd_close(&w->file_fd);
	return r;
}

/* the directory that the next one is in becomes the current one */
static int begin(struct copy_writer *w, const char *path, struct error *err)
{
	int r = finish_file(w, err);

	if (r == 0)
		r = copy_tree_leave(&w->tree, path, err);
	if (r == 0 && *path)
		r = copy_tree_enter(&w->tree, path, err);
	if (r == 0) {
		snprintf(w->path, sizeof(w->path), "%s", path);
		w->counts->files++;
	}
	return r;
}

int copy_writer_entry(struct copy_writer *w, const char *path,
		      const struct unpack_entry *entry, struct error *err)
{
	int r = begin(w, path, err);

	free(take_ptr(w->xattr_bytes));
	w->xattr_bytes = unpack_entry_keep(entry, &w->entry);
	w->entry.path = w->path;
	w->entry.link = entry->link;
	w->written = 0;
	w->in_place = false;
	/* the base is what it is */
	if (r < 0 || !*path)
		return r;
	const char *name = unpack_path_name(w->path);
	if (entry->type == UNPACK_NODE)
		w->counts->devices++;
	else if (entry->type == UNPACK_DIRECTORY)
		r = place_directory(w, name, err);
	else
		r = place_other(w, name, err);
	w->entry.link = "";
	return r;
}

static int check_goal(struct copy_writer *w, const char *goal,
		      const struct stat *st, struct error *err)
{
	if (S_ISDIR(st->st_mode))
		return error_say(err, EBADMSG,
				 "'%s' is a hard link to the directory '%s'",
				 w->path, goal);
	if (!w->o.inside && !link_table_find(&w->made, st, ""))
		return error_say(err, ENOENT,
				 "'%s' is a hard link to '%s', which was not "
				 "copied before it",
				 w->path, goal);
	return 0;
}

static int link_to(struct copy_writer *w, int dirfd, const char *goal,
		   struct error *err)
{
	const char *from = unpack_path_name(goal);
	const char *name = unpack_path_name(w->path);
	struct stat st, now;

	if (fstatat(dirfd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_say(err, ENOENT,
				 "'%s' is a hard link to '%s', which is not "
				 "there",
				 w->path, goal);
	int r = check_goal(w, goal, &st, err);
	if (r < 0)
		return r;
	if (fstatat(w->tree.parent_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == st.st_dev && now.st_ino == st.st_ino)
		return 0;
	r = make_room(w, name, err);
	if (r < 0)
		return r;
	if (r == 1 || linkat(dirfd, from, w->tree.parent_fd, name, 0) < 0)
		return error_set(err, r == 1 ? EBUSY : errno,
				 "link '%s' to '%s'", w->path, goal);
	return 0;
}

int copy_writer_link(struct copy_writer *w, const char *path, const char *goal,
		     struct error *err)
{
	int r = *path && *goal
			? begin(w, path, err)
			: error_say(err, EBADMSG, "a hard link to a directory");

	if (r < 0)
		return r;
	scoped_fd dir = copy_tree_directory(&w->tree, goal, err);
	return dir < 0 ? dir : link_to(w, dir, goal, err);
}

static int write_at(int fd, uint64_t offset, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, data, size, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int copy_writer_data(struct copy_writer *w, uint64_t offset, const void *data,
		     size_t size, struct error *err)
{
	if (w->file_fd < 0 || offset < w->written || size > w->entry.size ||
	    offset > w->entry.size - size)
		return error_say(err, EBADMSG,
				 "a malformed record: data out of place");
	if (write_at(w->file_fd, offset, data, size) < 0)
		return error_set(err, errno, "write '%s'", w->path);
	w->written = offset + size;
	w->counts->bytes += size;
	return 0;
}

int copy_writer_finish(struct copy_writer *w, struct error *err)
{
	int r = finish_file(w, err);

	return r < 0 ? r : copy_tree_leave(&w->tree, NULL, err);
}
