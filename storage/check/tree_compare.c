#include "storage/check/tree_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "storage/tree_walk.h"

enum {
	PIECE = 1 << 17,
	NAMES_MAX = 1 << 16, /* XATTR_LIST_MAX; of a value, XATTR_SIZE_MAX */
};

/* Both sides, and where what differs is told. */
struct comparison {
	int found_fd;
	char *differs; /* TREE_DIFFERENCE_MAX bytes */
	char *a, *b;   /* PIECE bytes each */
};

static int differs(struct comparison *c, const char *path, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));

static int differs(struct comparison *c, const char *path, const char *format,
		   ...)
{
	char text[96];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	/* the end of a long path says more than its beginning */
	size_t n = strlen(path), max = 128;
	const char *end = n > max ? path + (n - max) : path;
	snprintf(c->differs, TREE_DIFFERENCE_MAX, "'%s%s' %s",
		 n > max ? "..." : "", *path ? end : ".", text);
	text_escape(c->differs, TREE_DIFFERENCE_MAX, c->differs);
	return 1;
}

static ssize_t read_piece(int fd, char *to)
{
	size_t done = 0;

	while (done < PIECE) {
		ssize_t n = read(fd, to + done, PIECE - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int compare_content(struct comparison *c, const char *path, int wanted,
			   int found, struct error *err)
{
	for (;;) {
		ssize_t n = read_piece(wanted, c->a);
		if (n < 0)
			return error_set(err, (int)-n, "read '%s'", path);
		ssize_t m = read_piece(found, c->b);
		if (m < 0)
			return differs(c, path, "cannot be read: %s",
				       strerror((int)-m));
		if (n != m || memcmp(c->a, c->b, (size_t)n) != 0)
			return differs(c, path, "has other content");
		if (n == 0)
			return 0;
	}
}

static bool is_compared(const char *name)
{
	return text_starts_with(name, "user.") ||
	       strcmp(name, "security.capability") == 0;
}

/* has @b what @a has?  Return: 1 no, with the name in @ret; 0; -errno */
static int miss_attributes(struct comparison *c, int a, int b, char ret[256])
{
	scoped(char) *names = xcalloc(1, NAMES_MAX);
	ssize_t size = flistxattr(a, names, NAMES_MAX);

	if (size < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + size;
	     name += strlen(name) + 1) {
		if (!is_compared(name))
			continue;
		ssize_t n = fgetxattr(a, name, c->a, PIECE);
		ssize_t m = fgetxattr(b, name, c->b, PIECE);
		if (n >= 0 && n == m && memcmp(c->a, c->b, (size_t)n) == 0)
			continue;
		snprintf(ret, 256, "%s", name);
		return 1;
	}
	return 0;
}

static int compare_attributes(struct comparison *c, const char *path,
			      int wanted, int found)
{
	char name[256];
	int r = miss_attributes(c, wanted, found, name);

	if (r == 0)
		r = miss_attributes(c, found, wanted, name);
	if (r < 0)
		return differs(c, path, "cannot be read: %s", strerror(-r));
	return r ? differs(c, path, "has another attribute %.40s", name) : 0;
}

/* an archive has no time for one: it is that of the unpacking */
static bool is_whiteout(const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/');

	return (S_ISCHR(st->st_mode) && st->st_rdev == 0) ||
	       text_starts_with(slash ? slash + 1 : path, ".wh.");
}

static int compare_stat(struct comparison *c, const char *path,
			const struct stat *a, const struct stat *b)
{
	bool directory = S_ISDIR(a->st_mode);

	if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT))
		return differs(c, path, "is of another kind");
	if (a->st_mode != b->st_mode)
		return differs(c, path, "has the mode %04o, not %04o",
			       b->st_mode & 07777, a->st_mode & 07777);
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return differs(c, path, "belongs to %u:%u, not to %u:%u",
			       b->st_uid, b->st_gid, a->st_uid, a->st_gid);
	if (a->st_rdev != b->st_rdev)
		return differs(c, path, "is another device");
	if (!directory && a->st_size != b->st_size)
		return differs(c, path, "has %lld bytes, not %lld",
			       (long long)b->st_size, (long long)a->st_size);
	/* a directory that no entry named has the time of its unpacking */
	if (!directory && !is_whiteout(path, a) &&
	    (a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	     a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		return differs(c, path, "has another time");
	return 0;
}

static int compare_links(struct comparison *c, const struct tree_entry *wanted,
			 const struct tree_entry *found, struct error *err)
{
	ssize_t n = readlinkat(wanted->dirfd, wanted->name, c->a, PIECE);
	ssize_t m = readlinkat(found->dirfd, found->name, c->b, PIECE);

	if (n < 0)
		return error_set(err, errno, "read the link '%s'",
				 wanted->path);
	if (n != m || memcmp(c->a, c->b, (size_t)n) != 0)
		return differs(c, wanted->path, "leads elsewhere");
	return 0;
}

static int compare_files(struct comparison *c, struct tree_entry *wanted,
			 struct tree_entry *found, struct error *err)
{
	struct error why;
	scoped_fd a = tree_open_file(wanted, err);
	scoped_fd b = a < 0 ? -1 : tree_open_file(found, &why);

	if (a < 0)
		return a;
	if (b < 0)
		return differs(c, wanted->path, "cannot be opened: %s",
			       strerror(-b));
	int r = compare_attributes(c, wanted->path, a, b);
	return r ? r : compare_content(c, wanted->path, a, b, err);
}

static int compare_entries(struct comparison *c, struct tree_entry *wanted,
			   struct tree_entry *found, struct error *err)
{
	if (wanted->closed)
		return error_say(err, EACCES, "'%s' may not be read",
				 wanted->path);
	if (found->closed)
		return differs(c, found->path, "may not be read");
	int r = compare_stat(c, wanted->path, &wanted->st, &found->st);
	if (r != 0)
		return r;
	if (S_ISDIR(wanted->st.st_mode) && wanted->fd >= 0 && found->fd >= 0)
		return compare_attributes(c, wanted->path, wanted->fd,
					  found->fd);
	if (S_ISLNK(wanted->st.st_mode))
		return compare_links(c, wanted, found, err);
	if (S_ISREG(wanted->st.st_mode))
		return compare_files(c, wanted, found, err);
	return 0;
}

/* the two went apart: which of them has something that the other has not? */
static int tell_missing(struct comparison *c, const char *wanted,
			const char *found)
{
	struct error ignored;

	if (wanted) {
		scoped_fd fd = path_open_beneath(
			c->found_fd, wanted, O_PATH | O_NOFOLLOW, 0, &ignored);
		if (fd < 0)
			return differs(c, wanted, "is missing");
	}
	return found ? differs(c, found, "does not belong there")
		     : differs(c, wanted, "is missing");
}

static int compare_next(struct comparison *c, struct tree_walk *wanted,
			struct tree_walk *found, struct error *err)
{
	struct tree_entry a = { 0 }, b = { 0 };
	struct error why;
	int event = tree_walk_next(wanted, &a, err);

	if (event < 0)
		return event;
	int other = tree_walk_next(found, &b, &why);
	if (other < 0)
		return differs(c, event ? a.path : "", "cannot be read: %s",
			       strerror(-other));
	if (event == TREE_END && other == TREE_END)
		return -ENODATA;
	if (event != other || strcmp(a.path, b.path) != 0)
		return tell_missing(c, event == TREE_ENTRY ? a.path : NULL,
				    other == TREE_ENTRY ? b.path : NULL);
	return event == TREE_ENTRY ? compare_entries(c, &a, &b, err) : 0;
}

static int compare_roots(struct comparison *c, int wanted_fd, struct error *err)
{
	struct stat a, b;

	if (fstat(wanted_fd, &a) < 0 || fstat(c->found_fd, &b) < 0)
		return error_set(err, errno, "look at a tree");
	int r = compare_stat(c, "", &a, &b);
	return r ? r : compare_attributes(c, "", wanted_fd, c->found_fd);
}

int tree_compare(int wanted_fd, int found_fd, char ret[TREE_DIFFERENCE_MAX],
		 struct error *err)
{
	scoped(char) *a = xcalloc(1, PIECE), *b = xcalloc(1, PIECE);
	struct comparison c = { found_fd, ret, a, b };
	struct tree_walk *wanted = NULL, *found = NULL;
	int r = tree_walk_new(wanted_fd, &wanted, err);

	if (r == 0)
		r = tree_walk_new(found_fd, &found, err);
	if (r == 0)
		r = compare_roots(&c, wanted_fd, err);
	while (r == 0)
		r = compare_next(&c, wanted, found, err);
	tree_walk_free(wanted);
	tree_walk_free(found);
	return r == -ENODATA ? 0 : r;
}
