#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/rotated.h"

/* Short lines grow twentyfold; it is touched only as far as it is used. */
enum { BUFFER_SIZE = 256 << 10 };

struct log {
	int dirfd;
	struct log_options options;
	int fd;        /* -1: could not be made; tried again with each write */
	uint64_t size; /* of the file */
	bool torn;     /* its last line has no newline */

	uint64_t lost; /* bytes of text since the last notice */
	int lost_code; /* errno: why */

	size_t used;
	char buffer[BUFFER_SIZE];
};

/* a launcher that was killed may have left half a line */
static int find_end(struct log *log, struct error *err)
{
	struct stat st;
	char last = '\n';

	if (fstat(log->fd, &st) < 0)
		return error_set(err, errno, "look at the log");
	if (!S_ISREG(st.st_mode))
		return error_say(err, EINVAL, "the log is not a file");
	log->size = (uint64_t)st.st_size;
	if (st.st_size > 0 && pread(log->fd, &last, 1, st.st_size - 1) < 0)
		return error_set(err, errno, "read the log");
	log->torn = last != '\n';
	return 0;
}

static int open_file(struct log *log, struct error *err)
{
	enum { FLAGS = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW };

	log->fd = openat(log->dirfd, LOG_NAME, FLAGS, 0600);
	if (log->fd < 0)
		return error_set(err, errno, "make the log");
	int r = find_end(log, err);
	if (r < 0)
		fd_close(&log->fd);
	return r;
}

int log_open(struct log **ret, int dirfd, const struct log_options *options,
	     struct error *err)
{
	if (options->none) {
		*ret = NULL;
		return 0;
	}
	struct log *log = xcalloc(1, sizeof(*log));
	struct rlimit limit;
	log->options = *options;
	/* a write beyond it would be answered by SIGXFSZ */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur < log->options.max_size)
		log->options.max_size = limit.rlim_cur;
	log->fd = -1;
	log->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	int r = log->dirfd < 0 ? error_set(err, errno, "make the log")
			       : open_file(log, err);
	if (r < 0) {
		log_close(log);
		return r;
	}
	*ret = log;
	return 0;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	fd_close(&log->fd);
	fd_close(&log->dirfd);
	free(log);
}

static int rotate(struct log *log, struct error *err)
{
	if (log->fd >= 0) {
		int r = rotated_shift(log->dirfd, LOG_NAME,
				      log->options.max_file, err);
		if (r < 0)
			return r;
	}
	fd_close(&log->fd);
	return open_file(log, err);
}

/* have a file with room for @size bytes; Return: 0, -errno */
static int make_room(struct log *log, size_t size)
{
	uint64_t room = log->options.max_size > log->size
				? log->options.max_size - log->size
				: 0;
	struct error err;

	if (log->fd >= 0 && (size <= room || log->size == 0))
		return 0;
	return rotate(log, &err);
}

/* Return: 0; -errno when only *@ret_written bytes could be written */
static int write_out(struct log *log, const char *data, size_t size,
		     size_t *ret_written)
{
	size_t written = 0;
	int code = 0;

	while (written < size && code == 0) {
		ssize_t n = write(log->fd, data + written, size - written);
		if (n > 0)
			written += (size_t)n;
		else if (n == 0 || errno != EINTR)
			code = n == 0 ? ENOSPC : errno;
	}
	log->size += written;
	if (written > 0)
		log->torn = data[written - 1] != '\n';
	*ret_written = written;
	return -code;
}

/* bytes of the container among those of the buffer from @from on */
static uint64_t count_text(const struct log *log, size_t from)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < log->used;) {
		const char *start = log->buffer + i;
		const char *end = memchr(start, '\n', log->used - i);
		size_t next = (size_t)(end - log->buffer) + 1;
		size_t text = i + LOG_HEADER_SIZE;
		struct log_record record = { 0 };

		log_record_parse(start, (size_t)(end - start), &record);
		/* the newline of a partial record is ours */
		size_t stop = record.ends ? next : next - 1;
		if (text < from)
			text = from;
		if (text < stop)
			sum += stop - text;
		i = next;
	}
	return sum;
}

/* Return: 0, or -errno: what could not be written is lost */
static int flush(struct log *log)
{
	size_t written = 0;
	int r = write_out(log, log->buffer, log->used, &written);

	if (r < 0) {
		log->lost += count_text(log, written);
		log->lost_code = -r;
	}
	log->used = 0;
	return r;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* say what is missing; Return: -errno when still nothing can be written */
static int say_lost(struct log *log)
{
	char header[LOG_HEADER_SIZE], notice[256];
	size_t written;

	int r = make_room(log, sizeof(notice));
	if (r < 0)
		return r;
	log_record_header(header, now_ns(), LOG_NOTICE, true);
	int n = snprintf(notice, sizeof(notice), "%s%.*s%llu bytes lost: %s\n",
			 log->torn ? "\n" : "", LOG_HEADER_SIZE, header,
			 (unsigned long long)log->lost,
			 strerror(log->lost_code));
	r = write_out(log, notice, (size_t)n, &written);
	if (r == 0)
		log->lost = 0;
	return r;
}

/* after a failure: Return: -errno while it lasts */
static int recover(struct log *log)
{
	size_t written;

	if (log->lost > 0)
		return say_lost(log);
	return log->torn ? write_out(log, "\n", 1, &written) : 0;
}

/* Return: 0; -errno: neither this one nor what follows can be written */
static int add_record(struct log *log, const char *header, const char *text,
		      size_t size)
{
	size_t whole = LOG_HEADER_SIZE + size + 1;
	int r = 0;

	if (whole > sizeof(log->buffer) - log->used ||
	    log->size + log->used + whole > log->options.max_size)
		r = flush(log);
	if (r == 0 && log->used == 0)
		r = make_room(log, whole);
	if (r < 0)
		return r;
	char *to = log->buffer + log->used;
	memcpy(to, header, LOG_HEADER_SIZE);
	memcpy(to + LOG_HEADER_SIZE, text, size);
	to[whole - 1] = '\n';
	log->used += whole;
	return 0;
}

void log_write(struct log *log, enum log_stream stream, const char *data,
	       size_t size)
{
	char line[LOG_HEADER_SIZE], part[LOG_HEADER_SIZE];

	if (!log || size == 0)
		return;
	int64_t now = now_ns();
	int r = recover(log);
	log_record_header(line, now, stream, true);
	log_record_header(part, now, stream, false);
	while (r == 0 && size > 0) {
		size_t n = size < LOG_TEXT_MAX ? size : LOG_TEXT_MAX;
		const char *newline = memchr(data, '\n', n);

		n = newline ? (size_t)(newline - data) : n;
		r = add_record(log, newline ? line : part, data, n);
		if (r < 0)
			break;
		n += newline != NULL;
		data += n;
		size -= n;
	}
	if (r == 0) {
		flush(log);
		return;
	}
	log->lost += size;
	log->lost_code = -r;
}
