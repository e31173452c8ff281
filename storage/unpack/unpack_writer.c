#include "storage/unpack/unpack_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/unpack/unpack_tree.h"

struct unpack_writer {
	struct unpack_tree tree;
	struct unpack_result *counts;
	uint32_t ids;
	uint64_t max_bytes;
	/* the file whose content is being written */
	int file_fd;      /* -1: none */
	bool wants_data;  /* the entry is a file, written or left out */
	uint64_t written; /* up to here */
	struct unpack_entry entry;
	char *xattr_bytes; /* what entry.xattrs points to */
	char name[UNPACK_NAME_MAX + 1];
};

int unpack_writer_new(int target_fd, const struct unpack_options *options,
		      struct unpack_result *counts, struct unpack_writer **ret,
		      struct error *err)
{
	struct unpack_writer *writer = xcalloc(1, sizeof(*writer));
	int r = unpack_tree_init(&writer->tree, target_fd, options, err);

	if (r < 0) {
		free(writer);
		return r;
	}
	writer->counts = counts;
	writer->ids = options->single ? UINT32_MAX : options->ids;
	writer->max_bytes =
		options->max_bytes ? options->max_bytes : UINT64_C(64) << 30;
	writer->file_fd = -1;
	*ret = writer;
	return 0;
}

void unpack_writer_free(struct unpack_writer *writer)
{
	if (!writer)
		return;
	fd_close(&writer->file_fd);
	unpack_tree_free(&writer->tree);
	free(writer->xattr_bytes);
	free(writer);
}

static int check_id(struct unpack_writer *writer, int64_t id, const char *kind,
		    const char *path, struct error *err)
{
	/* 2^32-1 is "no id" to chown(2) */
	if (id < 0 || id >= UINT32_MAX)
		return error_say(err, ERANGE,
				 "'%s' belongs to %s id %lld, which no file "
				 "can have",
				 path, kind, (long long)id);
	if (id >= writer->ids)
		return error_say(err, ERANGE,
				 "'%s' belongs to %s id %lld, but only ids 0 "
				 "to %lld can be written",
				 path, kind, (long long)id,
				 (long long)writer->ids - 1);
	if ((uint32_t)id > writer->counts->highest_id)
		writer->counts->highest_id = (uint32_t)id;
	return 0;
}

static int set_xattrs(struct unpack_writer *writer, int fd,
		      const struct unpack_entry *entry, struct error *err)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct unpack_xattr *xattr = &entry->xattrs[i];
		bool is_user = strncmp(xattr->name, "user.", 5) == 0;

		/* what the kernel has no place for; see xattr(7) */
		if (entry->type != UNPACK_FILE &&
		    !(entry->type == UNPACK_DIRECTORY && is_user)) {
			writer->counts->skipped_xattrs++;
			continue;
		}
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) <
		    0)
			return error_set(err, errno,
					 "set the attribute %s of '%s'",
					 xattr->name, entry->path);
	}
	return 0;
}

/* With one id: readable for it, and no set-id bit that would be its own. */
static uint32_t single_mode(const struct unpack_entry *entry)
{
	uint32_t mode = (entry->mode & 01777) | 0600;

	if (entry->type == UNPACK_DIRECTORY || (entry->mode & 0111))
		mode |= 0100;
	return mode;
}

/*
 * The order matters: chown(2) clears set-id bits and security.capability, and
 * everything changes the time.
 */
static int set_metadata(struct unpack_writer *writer, int fd,
			const struct unpack_entry *entry, struct error *err)
{
	struct timespec times[2] = { { .tv_sec = entry->mtime,
				       .tv_nsec = entry->mtime_nsec } };
	bool single = writer->tree.single;
	int r = 0;

	if (!single && fchown(fd, (uid_t)entry->uid, (gid_t)entry->gid) < 0)
		return error_set(err, errno, "set the owner of '%s'",
				 entry->path);
	if (single && entry->type != UNPACK_FIFO)
		r = unpack_tree_owner_xattr(fd, (uint32_t)entry->uid,
					    (uint32_t)entry->gid, entry->mode,
					    err);
	if (r == 0)
		r = set_xattrs(writer, fd, entry, err);
	if (r < 0)
		return r;
	if (fchmod(fd, single ? single_mode(entry) : entry->mode) < 0)
		return error_set(err, errno, "set the mode of '%s'",
				 entry->path);
	times[1] = times[0];
	if (futimens(fd, times) < 0)
		return error_set(err, errno, "set the time of '%s'",
				 entry->path);
	return 0;
}

static int make_file(struct unpack_writer *writer, int dirfd, const char *name,
		     const struct unpack_entry *entry)
{
	(void)entry;
	writer->file_fd = openat(
		dirfd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return writer->file_fd < 0 ? -1 : 0;
}

static int make_symlink(struct unpack_writer *writer, int dirfd,
			const char *name, const struct unpack_entry *entry)
{
	struct timespec times[2] = { { .tv_sec = entry->mtime,
				       .tv_nsec = entry->mtime_nsec } };

	times[1] = times[0];
	/* see xattr(7): a symbolic link has none of those we take */
	writer->counts->skipped_xattrs += entry->n_xattrs;
	if (symlinkat(entry->link, dirfd, name) < 0)
		return -1;
	if (!writer->tree.single &&
	    fchownat(dirfd, name, (uid_t)entry->uid, (gid_t)entry->gid,
		     AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW);
}

static int make_fifo(struct unpack_writer *writer, int dirfd, const char *name,
		     const struct unpack_entry *entry)
{
	(void)entry;
	if (mkfifoat(dirfd, name, 0600) < 0)
		return -1;
	/* O_RDWR does not wait for another end; see fifo(7) */
	writer->file_fd = openat(dirfd, name,
				 O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return writer->file_fd < 0 ? -1 : 0;
}

/* clang-format off */
static const struct {
	const char *what;
	int (*make)(struct unpack_writer *writer, int dirfd, const char *name,
	            const struct unpack_entry *entry); /* sets errno */
} makers[UNPACK_TYPES_END] = {
	[UNPACK_FILE]    = { "file",          make_file },
	[UNPACK_SYMLINK] = { "symbolic link", make_symlink },
	[UNPACK_FIFO]    = { "FIFO",          make_fifo },
};
/* clang-format on */

static int place_other(struct unpack_writer *writer,
		       const struct unpack_entry *entry, struct error *err)
{
	struct unpack_tree *tree = &writer->tree;
	int r = tree->whiteout_files
			? unpack_tree_make_room(tree, tree->parent_fd,
						writer->name, false, err)
			: 0;

	if (r < 0)
		return r;
	r = makers[entry->type].make(writer, tree->parent_fd, writer->name,
				     entry);
	if (r < 0 && errno == EEXIST) {
		r = unpack_tree_make_room(tree, tree->parent_fd, writer->name,
					  false, err);
		if (r < 0)
			return r;
		r = makers[entry->type].make(writer, tree->parent_fd,
					     writer->name, entry);
	}
	if (r < 0)
		return error_set(err, errno, "make the %s '%s'",
				 makers[entry->type].what, entry->path);
	return 0;
}

static int place_directory(struct unpack_writer *writer,
			   const struct unpack_entry *entry, struct error *err)
{
	struct unpack_tree *tree = &writer->tree;
	scoped_fd fd = -1;
	int r = 0;

	if (entry->path[0])
		r = unpack_tree_directory(tree, tree->parent_fd, writer->name,
					  &fd, err);
	else
		/* its time must not be put back when it is left */
		r = unpack_tree_leave(tree, err);
	if (r < 0)
		return r;
	return set_metadata(writer, entry->path[0] ? fd : tree->root_fd, entry,
			    err);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Names in two directories that were resolved by the kernel: nothing is
 * followed, so the link is to a symbolic link if that is what is there. */
static int place_hardlink(struct unpack_writer *writer,
			  const struct unpack_entry *entry, struct error *err)
{
	struct unpack_tree *tree = &writer->tree;
	const char *from = unpack_path_name(entry->link);
	struct stat goal, now;
	scoped_fd dir = unpack_tree_find(tree, entry->link, err);

	if (dir < 0)
		return error_prefix(err, "link '%s' to '%s'", entry->path,
				    entry->link);
	if (fstatat(dir, from, &goal, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISCHR(goal.st_mode))
		return error_say(err, ENOENT,
				 "'%s' is a hard link to '%s', which is not "
				 "in the archive before it",
				 entry->path, entry->link);
	if (S_ISDIR(goal.st_mode))
		return error_say(err, EBADMSG,
				 "'%s' is a hard link to the directory '%s'",
				 entry->path, entry->link);
	if (fstatat(tree->parent_fd, writer->name, &now, AT_SYMLINK_NOFOLLOW) ==
		    0 &&
	    same_file(&goal, &now))
		return 0;
	int r = unpack_tree_make_room(tree, tree->parent_fd, writer->name,
				      false, err);
	if (r < 0)
		return r;
	if (linkat(dir, from, tree->parent_fd, writer->name, 0) < 0)
		return error_set(err, errno, "link '%s' to '%s'", entry->path,
				 entry->link);
	return 0;
}

/* Whiteouts and the like; 1 when that was all there is to do. */
static int apply_meaning(struct unpack_writer *writer,
			 const struct unpack_entry *entry, struct error *err)
{
	int meaning = unpack_path_meaning(entry->path, err);
	int r = 1;

	if (meaning == UNPACK_ORDINARY && entry->type == UNPACK_HARDLINK) {
		meaning = unpack_path_meaning(entry->link, err);
		if (meaning > UNPACK_ORDINARY)
			return error_say(err, EBADMSG,
					 "'%s' is a hard link to a whiteout",
					 entry->path);
	}
	if (meaning <= UNPACK_ORDINARY)
		return meaning;
	if (meaning == UNPACK_AUFS ||
	    unpack_tree_hides(&writer->tree, entry->path))
		return 1;
	r = unpack_tree_enter(&writer->tree, entry->path, err);
	if (r < 0)
		return r;
	if (meaning == UNPACK_OPAQUE)
		r = unpack_tree_opaque(writer->tree.parent_fd, err);
	else if (meaning == UNPACK_WHITEOUT)
		r = unpack_tree_whiteout(
			&writer->tree,
			unpack_path_name(entry->path) + strlen(".wh."), err);
	return r < 0 ? r : 1;
}

static int finish_file(struct unpack_writer *writer, struct error *err)
{
	const struct unpack_entry *entry = &writer->entry;
	int r = 0;

	writer->wants_data = false;
	if (writer->file_fd < 0)
		return 0;
	/* a hole at the end */
	if (entry->type == UNPACK_FILE && writer->written < entry->size &&
	    ftruncate(writer->file_fd, (off_t)entry->size) < 0)
		return error_set(err, errno, "make '%s' %llu bytes long",
				 entry->path, (unsigned long long)entry->size);
	r = set_metadata(writer, writer->file_fd, entry, err);
	fd_close(&writer->file_fd);
	return r;
}

static int place(struct unpack_writer *writer, const struct unpack_entry *entry,
		 struct error *err)
{
	int r = writer->tree.layer ? apply_meaning(writer, entry, err) : 0;

	if (r != 0)
		return r;
	if (entry->type == UNPACK_NODE) {
		writer->counts->skipped_devices++;
		return 0;
	}
	r = unpack_tree_enter(&writer->tree, entry->path, err);
	if (r < 0)
		return r;
	if (entry->type == UNPACK_DIRECTORY)
		return place_directory(writer, entry, err);
	if (entry->type == UNPACK_HARDLINK)
		return place_hardlink(writer, entry, err);
	return place_other(writer, entry, err);
}

int unpack_writer_entry(struct unpack_writer *writer,
			const struct unpack_entry *entry, struct error *err)
{
	int r = finish_file(writer, err);

	if (r == 0)
		r = unpack_tree_count(&writer->tree, err);
	if (r == 0)
		r = check_id(writer, entry->uid, "user", entry->path, err);
	if (r == 0)
		r = check_id(writer, entry->gid, "group", entry->path, err);
	if (r < 0)
		return r;
	writer->counts->skipped_xattrs += entry->skipped_xattrs;
	snprintf(writer->name, sizeof(writer->name), "%s",
		 unpack_path_name(entry->path));
	r = place(writer, entry, err);
	if (r < 0)
		return r;
	writer->written = 0;
	writer->wants_data = entry->type == UNPACK_FILE;
	free(writer->xattr_bytes);
	writer->xattr_bytes = unpack_entry_keep(entry, &writer->entry);
	writer->entry.path = writer->name;
	return entry->type == UNPACK_FIFO ? finish_file(writer, err) : 0;
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

int unpack_writer_data(struct unpack_writer *writer, uint64_t offset,
		       const void *data, size_t size, struct error *err)
{
	const struct unpack_entry *entry = &writer->entry;

	if (!writer->wants_data || offset < writer->written ||
	    size > entry->size || offset > entry->size - size)
		return error_say(err, EBADMSG,
				 "a malformed record: data out of place");
	writer->written = offset + size;
	writer->counts->bytes += size;
	if (writer->counts->bytes > writer->max_bytes)
		return error_say(err, EFBIG,
				 "its files have more than %llu bytes",
				 (unsigned long long)writer->max_bytes);
	/* the content of a ".wh." entry */
	if (writer->file_fd < 0)
		return 0;
	if (write_at(writer->file_fd, offset, data, size) < 0)
		return error_set(err, errno, "write '%s'", entry->path);
	return 0;
}

int unpack_writer_finish(struct unpack_writer *writer, struct error *err)
{
	int r = finish_file(writer, err);

	if (r == 0)
		r = unpack_tree_leave(&writer->tree, err);
	writer->counts->files = writer->tree.files;
	writer->counts->whiteout_files = writer->tree.whiteouts;
	return r;
}
