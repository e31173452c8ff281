#include "base/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

/* The buffer holds the bytes from .base on of the part that is open. */
struct rotated {
	int dirfd;
	char *name;
	int watch_fd; /* -1: none */

	int fd; /* -1: there was no part yet */
	struct stat part;
	off_t base;
	size_t pos; /* what is before was given out, going forward */
	size_t end;
	bool in_line; /* the line that was given out last has more to come */

	bool follow;
	int end_fd; /* without follow: the part with the end, or -1 */
	struct stat last;

	char buffer[ROTATED_LINE_MAX + 1]; /* a line and its newline */
};

static void part_name(char *to, size_t size, const char *name, unsigned i)
{
	if (i == 0)
		snprintf(to, size, "%s", name);
	else
		snprintf(to, size, "%s.%u", name, i);
}

int rotated_shift(int dirfd, const char *name, unsigned parts,
		  struct error *err)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	if (parts <= 1 && unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove %s", name);
	/* the oldest first: it is replaced by the one before it */
	for (unsigned i = parts; i-- > 1;) {
		part_name(from, sizeof(from), name, i - 1);
		part_name(to, sizeof(to), name, i);
		if (renameat(dirfd, from, dirfd, to) < 0 && errno != ENOENT)
			return error_set(err, errno, "rename %s", from);
	}
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Return: a descriptor, or -errno */
static int open_part(const struct rotated *r, unsigned i, struct stat *ret,
		     struct error *err)
{
	char name[NAME_MAX + 1];

	part_name(name, sizeof(name), r->name, i);
	scoped_fd fd = openat(r->dirfd, name,
			      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, ret) < 0)
		return error_set(err, errno, "open %s", name);
	if (!S_ISREG(ret->st_mode))
		return error_say(err, EINVAL, "%s is not a file", name);
	return take_fd(fd);
}

/* All parts, the newest first. */
struct parts {
	size_t n;
	struct {
		int fd;
		struct stat st;
	} v[ROTATED_PARTS_MAX];
};

static void parts_close(struct parts *parts)
{
	while (parts->n > 0)
		fd_close(&parts->v[--parts->n].fd);
}

#define scoped_parts __attribute__((cleanup(parts_close))) struct parts

/*
 * A rotation meanwhile moves parts in the direction in which they are looked
 * at: none can be missed, but one can be met again, also after newer ones
 * that came by in two rotations.  Before the first time that a part is met
 * stands the next newer one, and behind the last time the next older one.
 */
static int list_parts(const struct rotated *r, struct parts *ret,
		      struct error *err)
{
	ret->n = 0;
	for (unsigned i = 0; i < ROTATED_PARTS_MAX; i++) {
		struct stat st;
		int fd = open_part(r, i, &st, err);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		ret->v[ret->n].fd = fd;
		ret->v[ret->n++].st = st;
	}
	return 0;
}

/* Return: where @part is met first in @parts, or -1 when it is gone */
static int find_first(const struct parts *parts, const struct stat *part)
{
	for (size_t i = 0; i < parts->n; i++)
		if (is_same(&parts->v[i].st, part))
			return (int)i;
	return -1;
}

/* Return: where it is met last, or -1 */
static int find_last(const struct parts *parts, const struct stat *part)
{
	for (size_t i = parts->n; i-- > 0;)
		if (is_same(&parts->v[i].st, part))
			return (int)i;
	return -1;
}

/* go to byte @offset of part @i */
static void enter_part(struct rotated *r, struct parts *parts, size_t i,
		       off_t offset)
{
	fd_close(&r->fd);
	r->fd = take_fd(parts->v[i].fd);
	r->part = parts->v[i].st;
	r->base = offset;
	r->pos = r->end = 0;
	r->in_line = false;
}

static int enter_oldest(struct rotated *r, struct error *err)
{
	scoped_parts parts = { 0 };
	int status = list_parts(r, &parts, err);

	if (status == 0 && parts.n > 0)
		enter_part(r, &parts, parts.n - 1, 0);
	return status;
}

static int watch_directory(struct rotated *r, struct error *err)
{
	enum { EVENTS = IN_MODIFY | IN_CREATE | IN_MOVED_TO };

	r->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (r->watch_fd < 0 && (errno == EMFILE || errno == ENFILE))
		return 0; /* rotated_watch() says what then */
	if (r->watch_fd < 0)
		return error_set(err, errno, "inotify_init1");
	if (inotify_add_watch(r->watch_fd, fd_link(r->dirfd).text, EVENTS) < 0)
		fd_close(&r->watch_fd);
	return 0;
}

/* what is written from now on is not read */
static int note_end(struct rotated *r, struct error *err)
{
	scoped_parts parts = { 0 };
	int status = list_parts(r, &parts, err);

	if (status == 0 && parts.n > 0) {
		r->end_fd = take_fd(parts.v[0].fd);
		r->last = parts.v[0].st;
	}
	return status;
}

int rotated_open(struct rotated **ret, int dirfd, const char *name, bool follow,
		 struct error *err)
{
	struct rotated *r = xcalloc(1, sizeof(*r));
	int status = 0;

	r->fd = r->watch_fd = r->end_fd = -1;
	r->follow = follow;
	r->name = xstrdup(name);
	r->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (r->dirfd < 0)
		status =
			error_set(err, errno, "open the directory of %s", name);
	if (status == 0)
		status = follow ? watch_directory(r, err) : note_end(r, err);
	if (status == 0)
		status = enter_oldest(r, err);
	if (status < 0) {
		rotated_close(r);
		return status;
	}
	*ret = r;
	return 0;
}

void rotated_close(struct rotated *r)
{
	if (!r)
		return;
	fd_close(&r->dirfd);
	fd_close(&r->fd);
	fd_close(&r->end_fd);
	fd_close(&r->watch_fd);
	free(r->name);
	free(r);
}

static void set_line(const struct rotated *r, size_t from, size_t to,
		     struct rotated_line *ret)
{
	ret->text = r->buffer + from;
	ret->size = to - from;
	ret->mark = (struct rotated_mark){
		.dev = r->part.st_dev,
		.ino = r->part.st_ino,
		.offset = r->base + (off_t)from,
	};
}

/* a line, or a full buffer without an end */
static bool take_line(struct rotated *r, struct rotated_line *ret)
{
	char *from = r->buffer + r->pos;
	char *newline = memchr(from, '\n', r->end - r->pos);
	size_t to = newline ? (size_t)(newline - r->buffer) : r->end;

	if (!newline && (r->pos > 0 || r->end < sizeof(r->buffer)))
		return false;
	set_line(r, r->pos, to, ret);
	ret->starts = !r->in_line;
	ret->ends = newline != NULL;
	r->in_line = !newline;
	r->pos = newline ? to + 1 : to;
	return true;
}

/* what a part ends with and has no newline */
static bool take_rest(struct rotated *r, struct rotated_line *ret)
{
	if (r->pos == r->end)
		return false;
	set_line(r, r->pos, r->end, ret);
	ret->starts = !r->in_line;
	ret->ends = false;
	r->in_line = true;
	r->pos = r->end;
	return true;
}

static ssize_t read_at(const struct rotated *r, char *to, size_t size,
		       off_t offset, struct error *err)
{
	ssize_t n;

	do
		n = pread(r->fd, to, size, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_set(err, errno, "read %s", r->name) : n;
}

/* more of this part; Return: how many bytes, or -errno */
static ssize_t refill(struct rotated *r, struct error *err)
{
	if (r->fd < 0)
		return 0;
	memmove(r->buffer, r->buffer + r->pos, r->end - r->pos);
	r->base += (off_t)r->pos;
	r->end -= r->pos;
	r->pos = 0;

	size_t room = sizeof(r->buffer) - r->end;
	off_t offset = r->base + (off_t)r->end;
	if (r->end_fd >= 0 && is_same(&r->part, &r->last)) {
		off_t left = r->last.st_size - offset;
		room = left <= 0 ? 0 : left < (off_t)room ? (size_t)left : room;
	}
	ssize_t n = read_at(r, r->buffer + r->end, room, offset, err);
	if (n > 0)
		r->end += (size_t)n;
	return n;
}

/* is this the part that is being written? without looking at all of them */
static bool is_newest(const struct rotated *r)
{
	struct stat st;

	return r->fd >= 0 &&
	       fstatat(r->dirfd, r->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       is_same(&st, &r->part);
}

/* nothing that was there when it was opened comes after this part */
static bool is_last(const struct rotated *r)
{
	struct stat st;

	if (r->follow)
		return false;
	return r->end_fd < 0 || r->fd < 0 || is_same(&r->part, &r->last) ||
	       fstat(r->end_fd, &st) < 0 || st.st_nlink == 0;
}

/*
 * This part has been read up to its end: on to the next one.
 * Return: 1 there is more to read, or a line in *ret; 0 there is none
 */
static int next_part(struct rotated *r, struct rotated_line *ret,
		     bool *has_line, struct error *err)
{
	scoped_parts parts = { 0 };

	if (is_last(r)) {
		*has_line = take_rest(r, ret);
		return *has_line;
	}
	if (is_newest(r))
		return 0;
	int status = list_parts(r, &parts, err);
	if (status < 0 || parts.n == 0)
		return status;
	/* gone: the oldest there is comes after it */
	int here = r->fd < 0 ? -1 : find_first(&parts, &r->part);
	size_t next = here < 0 ? parts.n : (size_t)here;
	if (next == 0)
		return 0;
	/* its writer has left it only now: it may have been written since */
	ssize_t n = refill(r, err);
	if (n != 0)
		return n < 0 ? (int)n : 1;
	*has_line = take_rest(r, ret);
	enter_part(r, &parts, next - 1, 0);
	return 1;
}

int rotated_next(struct rotated *r, struct rotated_line *ret, struct error *err)
{
	for (;;) {
		bool has_line = false;

		if (take_line(r, ret))
			return 1;
		ssize_t n = refill(r, err);
		if (n == 0)
			n = next_part(r, ret, &has_line, err);
		if (n <= 0 || has_line)
			return (int)n;
	}
}

int rotated_finish(struct rotated *r, struct error *err)
{
	r->follow = false;
	fd_close(&r->end_fd);
	return note_end(r, err);
}

/* Return: 1 at the end of the part before this one, 0 there is none */
static int previous_part(struct rotated *r, struct error *err)
{
	scoped_parts parts = { 0 };
	int status = list_parts(r, &parts, err);

	if (status < 0)
		return status;
	int here = find_last(&parts, &r->part);
	if (here < 0 || (size_t)here + 1 >= parts.n)
		return 0;
	size_t i = (size_t)here + 1;
	enter_part(r, &parts, i, parts.v[i].st.st_size);
	return 1;
}

/* have as much as there is room for before the present place in the buffer */
static int fill_backward(struct rotated *r, struct error *err)
{
	off_t to = r->base + (off_t)r->pos;
	off_t room = sizeof(r->buffer);
	off_t from = to > room ? to - room : 0;
	size_t wanted = (size_t)(to - from);
	ssize_t n = read_at(r, r->buffer, wanted, from, err);

	if (n < 0)
		return (int)n;
	if ((size_t)n < wanted)
		return error_say(err, EIO, "%s became shorter", r->name);
	r->base = from;
	r->pos = r->end = wanted;
	return 0;
}

int rotated_previous(struct rotated *r, struct rotated_line *ret,
		     struct error *err)
{
	while (r->fd >= 0 && r->base + (off_t)r->pos == 0) {
		int status = previous_part(r, err);
		if (status <= 0)
			return status;
	}
	if (r->fd < 0)
		return 0;
	for (bool filled = false;; filled = true) {
		/* the last byte may be the newline of the line itself */
		bool ends = r->pos > 0 && r->buffer[r->pos - 1] == '\n';
		size_t to = r->pos - ends;
		char *before = memrchr(r->buffer, '\n', to);

		if (!before && r->base > 0 && !filled) {
			int status = fill_backward(r, err);
			if (status < 0)
				return status;
			continue;
		}
		/* a byte is left of a long line: no newline, as is known */
		r->pos = before        ? (size_t)(before - r->buffer) + 1
			 : r->base > 0 ? 1
				       : 0;
		set_line(r, r->pos, to, ret);
		ret->starts = before || r->base == 0;
		ret->ends = ends;
		return 1;
	}
}

/* a line that is being written has its begin before the end that was seen */
static int leave_out_unfinished(struct rotated *r, struct error *err)
{
	struct rotated_line line;
	int status = rotated_previous(r, &line, err);

	if (status == 1 && line.ends)
		r->pos = r->end;
	return status < 0 ? status : 0;
}

int rotated_seek_end(struct rotated *r, struct error *err)
{
	scoped_parts parts = { 0 };
	int status = list_parts(r, &parts, err);

	if (status < 0 || parts.n == 0)
		return status;
	int last = r->end_fd < 0 ? 0 : find_first(&parts, &r->last);
	if (last < 0)
		return 0; /* all of it has been rotated away: nothing to read */
	off_t end = r->end_fd < 0 ? parts.v[0].st.st_size : r->last.st_size;
	enter_part(r, &parts, (size_t)last, end);
	return r->follow ? leave_out_unfinished(r, err) : 0;
}

int rotated_seek(struct rotated *r, const struct rotated_mark *mark,
		 struct error *err)
{
	scoped_parts parts = { 0 };
	struct stat part = { .st_dev = mark->dev, .st_ino = mark->ino };
	int status = list_parts(r, &parts, err);

	if (status < 0 || parts.n == 0)
		return status;
	int i = find_first(&parts, &part);
	if (i >= 0)
		enter_part(r, &parts, (size_t)i, mark->offset);
	else
		enter_part(r, &parts, parts.n - 1, 0);
	return 0;
}

bool rotated_is_at(const struct rotated_mark *a, const struct rotated_mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->offset == b->offset;
}

int rotated_watch(const struct rotated *r)
{
	return r->watch_fd;
}

void rotated_watched(struct rotated *r)
{
	char events[4096];

	while (r->watch_fd >= 0 &&
	       read(r->watch_fd, events, sizeof(events)) > 0)
		;
}
