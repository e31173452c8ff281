#include "storage/tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/link_table.h"

enum {
	BLOCK = 131072,
	HOLES_MAX = 10000, /* in one file; with more it is written whole */
	LEFT_MOST = 64 << 20,
};

struct tarball {
	struct archive *archive;
	struct archive_entry *entry;
	struct tarball_options options;
	struct tarball_notes *notes;
	struct link_table links;
	locale_t utf8, before; /* (locale_t)0: none */
	int out_fd;
	/* of writing, when out_err.code is not 0: then nothing is written any
	 * more.  libarchive is not told, since it leaks once it has failed */
	struct error out_err;
	uint64_t left; /* bytes that the entry still wants */
	char block[BLOCK];
};

static const char zeros[BLOCK];

static la_ssize_t write_out(struct archive *archive, void *context,
			    const void *data, size_t size)
{
	struct tarball *t = context;

	(void)archive;
	if (!t->out_err.code) {
		struct error why = { 0 };
		fd_write_all(t->out_fd, data, size, &why);
		t->out_err = why;
	}
	return (la_ssize_t)size;
}

/* @r: of a function of libarchive */
static int check(struct tarball *t, int r, const char *what, struct error *err)
{
	if (t->out_err.code) {
		*err = t->out_err;
		return error_prefix(err, "write the tar");
	}
	/* a warning is about what only other formats have */
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return 0;
	const char *why = archive_error_string(t->archive);
	int code = archive_errno(t->archive);
	return error_say(err, code > 0 ? code : EIO, "%.200s: %s", what,
			 why ? why : "libarchive failed");
}

static int set_options(struct tarball *t)
{
	int r = archive_write_set_format_pax(t->archive);

	if (r == ARCHIVE_OK)
		r = archive_write_set_format_option(t->archive, "pax",
						    "xattrheader", "SCHILY");
	if (r == ARCHIVE_OK && t->options.gzip) {
		r = archive_write_add_filter_gzip(t->archive);
		/* of Debian: a third of the time of level 6, a tenth more room
		 */
		if (r == ARCHIVE_OK)
			r = archive_write_set_filter_option(
				t->archive, "gzip", "compression-level", "1");
		if (r == ARCHIVE_OK)
			r = archive_write_set_filter_option(t->archive, "gzip",
							    "timestamp", NULL);
	}
	if (r == ARCHIVE_OK)
		r = archive_write_set_bytes_per_block(t->archive, BLOCK);
	/* no more zeros behind the end than the two blocks of the format */
	if (r == ARCHIVE_OK)
		r = archive_write_set_bytes_in_last_block(t->archive, 1);
	return r;
}

/*
 * libarchive wants names in UTF-8 and believes that they are in the locale's
 * charset.  Where that is UTF-8, too, it copies them as they are, and marks
 * those that are something else (hdrcharset=BINARY, which GNU tar grumbles
 * about).  In the locale "C" it would mark all that are not ASCII.
 */
static void use_utf8(struct tarball *t)
{
	t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (t->utf8)
		t->before = uselocale(t->utf8);
}

int tarball_new(int out_fd, const struct tarball_options *options,
		struct tarball_notes *notes, struct tarball **ret,
		struct error *err)
{
	struct tarball *t = xcalloc(1, sizeof(*t));

	t->options = *options;
	t->notes = notes;
	t->out_fd = out_fd;
	use_utf8(t);
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	int r = t->archive && t->entry ? set_options(t) : ARCHIVE_FATAL;
	if (r == ARCHIVE_OK)
		r = archive_write_open(t->archive, t, NULL, write_out, NULL);
	r = check(t, r, "begin a tar", err);
	if (r < 0) {
		tarball_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tarball_free(struct tarball *t)
{
	if (!t)
		return;
	/* what was not finished is not to be finished now: not written, nor
	 * filled with zeros, if that would take long */
	t->out_err.code = ECANCELED;
	if (t->archive && t->left > LEFT_MOST)
		archive_write_fail(t->archive);
	if (t->archive)
		archive_write_free(t->archive);
	if (t->entry)
		archive_entry_free(t->entry);
	link_table_free(&t->links);
	if (t->utf8) {
		uselocale(t->before);
		freelocale(t->utf8);
	}
	free(t);
}

int tarball_finish(struct tarball *t, struct error *err)
{
	return check(t, archive_write_close(t->archive), "finish the tar", err);
}

bool tarball_is_reserved(const char *name)
{
	return text_starts_with(name, ".wh.");
}

/*
 * Attributes
 */

/* notes of file systems to themselves: not even worth a note of ours */
static bool is_private(const char *name)
{
	static const char *const prefixes[] = {
		"user.overlay.",   "user.fuseoverlayfs.", "user.containers.",
		"trusted.",        "security.selinux",    "security.ima",
		"security.evm",    "security.SMACK64",    "security.apparmor",
		"system.nfs4_acl",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (text_starts_with(name, prefixes[i]))
			return true;
	return false;
}

static int add_attribute(struct tarball *t, int fd, const char *name,
			 const char *path, struct error *err)
{
	char value[XATTR_SIZE_MAX > 65536 ? XATTR_SIZE_MAX : 65536];
	bool capability = strcmp(name, "security.capability") == 0;

	if (strcmp(name, "user.overlay.metacopy") == 0)
		return error_say(err, EUCLEAN,
				 "/%s refers to the content of another file, "
				 "which cannot be read here",
				 path);
	if (is_private(name))
		return 0;
	if (!capability && !text_starts_with(name, "user.")) {
		t->notes->attributes++;
		return 0;
	}
	ssize_t n = fgetxattr(fd, name, value, sizeof(value));
	/* EOVERFLOW: for a namespace that is none of ours */
	if (n < 0 && (errno == ENODATA || errno == EOVERFLOW)) {
		t->notes->attributes++;
		return 0;
	}
	if (n < 0)
		return error_set(err, errno, "read the attribute %s of /%s",
				 name, path);
	if (capability)
		n = owner_capability(&t->options.owners, value, (size_t)n,
				     value);
	if (n < 0) {
		t->notes->attributes++;
		return 0;
	}
	archive_entry_xattr_add_entry(t->entry, name, value, (size_t)n);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* in the order of their names: a file system gives them in any */
static int add_attributes(struct tarball *t, int fd, const char *path,
			  struct error *err)
{
	char names[65536]; /* XATTR_LIST_MAX */
	const char *sorted[sizeof(names) / 8];
	size_t n = 0;
	ssize_t size = flistxattr(fd, names, sizeof(names));
	int r = 0;

	if (size < 0 && errno != ENOTSUP)
		return error_set(err, errno, "list the attributes of /%s",
				 path);
	for (const char *s = names; size > 0 && s < names + size;
	     s += strlen(s) + 1)
		if (n < ARRAY_SIZE(sorted))
			sorted[n++] = s;
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_attribute(t, fd, sorted[i], path, err);
	return r;
}

/*
 * Content
 */

/* where the data are; a file that the system knows no holes of has none */
static void add_holes(struct tarball *t, int fd, const struct stat *st)
{
	off_t at = 0, end = st->st_size;

	if (st->st_blocks * 512 >= end)
		return;
	for (int n = 0; at < end; n++) {
		off_t data = lseek(fd, at, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			break;
		/* nothing but a hole until the end */
		if (data < 0 || data >= end) {
			archive_entry_sparse_add_entry(t->entry, end, 0);
			break;
		}
		off_t hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0 || hole > end)
			hole = end;
		if (n == HOLES_MAX) {
			archive_entry_sparse_clear(t->entry);
			break;
		}
		archive_entry_sparse_add_entry(t->entry, data, hole - data);
		at = hole;
	}
	lseek(fd, 0, SEEK_SET);
}

static int put(struct tarball *t, const void *data, size_t size,
	       struct error *err)
{
	while (size > 0) {
		la_ssize_t n = archive_write_data(t->archive, data, size);
		int r = check(t, n > 0 ? ARCHIVE_OK : ARCHIVE_FATAL,
			      "write a file into the tar", err);
		if (r < 0)
			return r;
		t->left -= (uint64_t)n;
		data = (const char *)data + n;
		size -= (size_t)n;
	}
	return 0;
}

static int put_zeros(struct tarball *t, off_t size, struct error *err)
{
	int r = 0;

	for (; r == 0 && size > 0; size -= BLOCK)
		r = put(t, zeros, (size_t)(size < BLOCK ? size : BLOCK), err);
	return r;
}

/* exactly as many bytes as the head has promised */
static int put_content(struct tarball *t, int fd, const struct stat *st,
		       const char *path, struct error *err)
{
	off_t at = 0, end = st->st_size;

	while (at < end) {
		off_t data = lseek(fd, at, SEEK_DATA);
		if (data < 0)
			data = errno == ENXIO ? end : at;
		if (data > at) {
			data = data < end ? data : end;
			int r = put_zeros(t, data - at, err);
			if (r < 0)
				return r;
			at = data;
			continue;
		}
		size_t want = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
		ssize_t n = pread(fd, t->block, want, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read /%s", path);
		if (n == 0)
			break;
		int r = put(t, t->block, (size_t)n, err);
		if (r < 0)
			return r;
		at += n;
	}
	struct stat now;
	if (at < end || (fstat(fd, &now) == 0 && now.st_size != end))
		t->notes->changed++;
	return put_zeros(t, end - at, err);
}

/*
 * Entries
 */

static int put_head(struct tarball *t, const char *path, struct error *err)
{
	int r = check(t, archive_write_header(t->archive, t->entry), path, err);

	if (r == 0)
		t->notes->files++;
	return r;
}

static bool is_mount_point(const struct tarball *t, const char *path)
{
	return t->options.mount_points &&
	       strv_contains(t->options.mount_points, path);
}

static void begin(struct tarball *t, const struct stat *st, const char *path,
		  const struct owner *owner)
{
	bool root = is_mount_point(t, path);

	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, path);
	archive_entry_set_filetype(t->entry, st->st_mode & S_IFMT);
	archive_entry_set_perm(t->entry, owner->mode);
	archive_entry_set_uid(t->entry, root ? 0 : owner->uid);
	archive_entry_set_gid(t->entry, root ? 0 : owner->gid);
	archive_entry_set_mtime(t->entry, st->st_mtim.tv_sec,
				st->st_mtim.tv_nsec);
}

/* is it another name of a file that is there already? then write that */
static int add_link(struct tarball *t, const struct stat *st, const char *path,
		    struct error *err)
{
	const char *first =
		st->st_nlink > 1 ? link_table_find(&t->links, st, path) : NULL;

	if (!first)
		return 0;
	archive_entry_set_hardlink(t->entry, first);
	archive_entry_unset_size(t->entry);
	int r = put_head(t, path, err);
	return r < 0 ? r : 1;
}

/* what it covers cannot be seen from here */
static int add_mount_point(struct tarball *t, const struct tree_entry *e,
			   const char *path, struct error *err)
{
	struct owner owner = owner_find(&t->options.owners, -1, &e->st);

	begin(t, &e->st, path, &owner);
	archive_entry_set_size(t->entry, 0);
	return put_head(t, path, err);
}

static int add_file(struct tarball *t, struct tree_entry *e, const char *path,
		    struct error *err)
{
	scoped_fd fd = tree_open_file(e, err);

	if (fd == -EACCES && t->options.partly) {
		t->notes->closed++;
		return 0;
	}
	if (fd == -EXDEV)
		return add_mount_point(t, e, path, err);
	if (fd == -ESTALE) {
		t->notes->changed++;
		return 0;
	}
	if (fd < 0)
		return fd;
	struct owner owner = owner_find(&t->options.owners, fd, &e->st);
	begin(t, &e->st, path, &owner);
	int r = add_link(t, &e->st, path, err);
	if (r != 0)
		return r < 0 ? r : 0;
	archive_entry_set_size(t->entry, e->st.st_size);
	add_holes(t, fd, &e->st);
	r = add_attributes(t, fd, path, err);
	if (r == 0)
		r = put_head(t, path, err);
	if (r < 0)
		return r;
	t->left = (uint64_t)e->st.st_size;
	r = put_content(t, fd, &e->st, path, err);
	return r < 0 ? r
		     : check(t, archive_write_finish_entry(t->archive), path,
			     err);
}

static int add_directory(struct tarball *t, struct tree_entry *e,
			 const char *path, struct error *err)
{
	struct owner owner = owner_find(&t->options.owners, e->fd, &e->st);
	int r = 0;

	begin(t, &e->st, path, &owner);
	if (e->fd >= 0)
		r = add_attributes(t, e->fd, path, err);
	return r < 0 ? r : put_head(t, path, err);
}

/* symbolic links, FIFOs, devices: they have no attributes of ours (xattr(7)) */
static int add_other(struct tarball *t, struct tree_entry *e, const char *path,
		     struct error *err)
{
	struct owner owner = owner_find(&t->options.owners, -1, &e->st);
	char target[PATH_MAX];

	begin(t, &e->st, path, &owner);
	if (S_ISLNK(e->st.st_mode)) {
		ssize_t n = readlinkat(e->dirfd, e->name, target,
				       sizeof(target) - 1);
		if (n < 0 && (errno == ENOENT || errno == EINVAL)) {
			t->notes->changed++;
			return 0;
		}
		if (n < 0 && errno == EACCES && t->options.partly) {
			t->notes->closed++;
			return 0;
		}
		if (n < 0)
			return error_set(err, errno, "read the link /%s", path);
		target[n] = '\0';
		archive_entry_set_symlink(t->entry, target);
	} else if (!S_ISFIFO(e->st.st_mode)) {
		archive_entry_set_rdevmajor(t->entry, major(e->st.st_rdev));
		archive_entry_set_rdevminor(t->entry, minor(e->st.st_rdev));
	}
	int r = add_link(t, &e->st, path, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return put_head(t, path, err);
}

int tarball_add(struct tarball *t, struct tree_entry *e, const char *path,
		struct error *err)
{
	if (e->closed && !t->options.partly)
		return error_set(err, EACCES, "open /%.200s", path);
	if (e->closed)
		t->notes->closed++;
	/* of a directory that may not be opened its name remains */
	if (e->closed && !S_ISDIR(e->st.st_mode))
		return 0;
	switch (e->st.st_mode & S_IFMT) {
	case S_IFREG:
		return add_file(t, e, path, err);
	case S_IFDIR:
		return add_directory(t, e, path, err);
	case S_IFSOCK:
		t->notes->sockets++;
		return 0;
	default:
		return add_other(t, e, path, err);
	}
}

int tarball_add_whiteout(struct tarball *t, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	scoped(char) *mark =
		xasprintf("%.*s.wh.%s", (int)(name - path), path, name);
	struct stat st = { .st_mode = S_IFREG };
	struct owner owner = { .mode = 0600 };

	begin(t, &st, mark, &owner);
	archive_entry_set_size(t->entry, 0);
	return put_head(t, path, err);
}

static void begin_made(struct tarball *t, const char *path, mode_t type,
		       mode_t mode)
{
	struct stat st = { .st_mode = type };
	struct owner owner = { .mode = mode };

	begin(t, &st, path, &owner);
}

int tarball_begin_file(struct tarball *t, const char *path, uint64_t size,
		       struct error *err)
{
	begin_made(t, path, S_IFREG, 0644);
	archive_entry_set_size(t->entry, (la_int64_t)size);
	int r = put_head(t, path, err);
	if (r == 0)
		t->left = size;
	return r;
}

int tarball_write(struct tarball *t, const void *data, size_t size,
		  struct error *err)
{
	if (size > t->left)
		return error_say(err, EINVAL,
				 "a file of the tar is larger than was said");
	return put(t, data, size, err);
}

int tarball_end_file(struct tarball *t, struct error *err)
{
	if (t->left)
		return error_say(err, EINVAL,
				 "a file of the tar is smaller than was said");
	return check(t, archive_write_finish_entry(t->archive),
		     "write a file into the tar", err);
}

int tarball_make_directory(struct tarball *t, const char *path,
			   struct error *err)
{
	begin_made(t, path, S_IFDIR, 0755);
	return put_head(t, path, err);
}

int tarball_add_tree(struct tarball *t, int root_fd, struct error *err)
{
	struct tree_walk *walk = NULL;
	struct tree_entry entry;
	int r = tree_walk_new(root_fd, &walk, err);

	while (r == 0 && (r = tree_walk_next(walk, &entry, err)) > 0) {
		bool leaving = r == TREE_LEAVE;
		r = leaving ? 0 : tarball_add(t, &entry, entry.path, err);
		if (!leaving && is_mount_point(t, entry.path))
			tree_walk_skip(walk);
	}
	tree_walk_free(walk);
	return r;
}
