#include "storage/stage_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "storage/stage_layers.h"

/* What the process tells at its end. */
struct report {
	int code;
	struct error err;
	struct unpack_result result;
};

struct stage_stream {
	struct stage *stage;
	struct stage_stream *next; /* of the same stage */
	const char *what;
	char *name; /* of the directory in the stage */
	int fd;
	pid_t pid;
	struct report *report; /* shared */
};

/* As long as another unpacker has the writing end of a pipe, its reader never
 * sees the end: two that wait for one another would wait for ever. */
static void close_streams(const struct stage *stage)
{
	for (struct stage_stream *s = stage->streams; s; s = s->next)
		fd_close(&s->fd);
}

static void forget(struct stage_stream *stream)
{
	struct stage_stream **at = &stream->stage->streams;

	while (*at && *at != stream)
		at = &(*at)->next;
	if (*at)
		*at = stream->next;
}

_Noreturn static void unpack(struct stage_stream *stream, int tar_fd,
			     pid_t parent)
{
	struct report *report = stream->report;

	process_die_with_parent(parent);
	close_streams(stream->stage);
	report->code =
		stage_unpack_layer(stream->stage, tar_fd, stream->name,
				   stream->what, &report->result, &report->err);
	_exit(0);
}

/* @tar_fd: what is unpacked; @fd: where that is written to, or -1; it is taken
 */
static int begin(struct stage *stage, const char *what, int tar_fd, int fd,
		 struct stage_stream **ret, struct error *err)
{
	struct stage_stream *stream = xcalloc(1, sizeof(*stream));
	pid_t parent = getpid();

	stream->stage = stage;
	stream->what = what;
	stream->fd = fd;
	stream->name = stage_new_layer(stage);
	stream->report =
		mmap(NULL, sizeof(*stream->report), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stream->report == MAP_FAILED) {
		error_set(err, errno, "prepare to unpack %s", what);
		stream->report = NULL;
		stage_stream_free(&stream);
		return -err->code;
	}
	stream->report->code = -ECHILD;
	error_say(&stream->report->err, ECHILD,
		  "the process that unpacks %s has died", what);
	stream->next = stage->streams;
	stage->streams = stream;
	stream->pid = fork();
	if (stream->pid == 0)
		unpack(stream, tar_fd, parent);
	if (stream->pid < 0) {
		error_set(err, errno, "fork");
		stage_stream_free(&stream);
		return -err->code;
	}
	stage->foreign_files = true;
	*ret = stream;
	return 0;
}

int stage_stream_begin(struct stage *stage, const char *what,
		       struct stage_stream **ret, struct error *err)
{
	enum { PIPE_SIZE = 1 << 20 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "prepare to unpack %s", what);
	scoped_fd tar = ends[0];
	/* only quicker; a user may have too many large pipes */
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	fcntl(ends[1], F_SETFL, O_WRONLY | O_NONBLOCK);
	return begin(stage, what, tar, ends[1], ret, err);
}

int stage_stream_begin_blob(struct stage *stage, const char *blob_digest,
			    const char *what, struct stage_stream **ret,
			    struct error *err)
{
	scoped(char) *path = xasprintf("blobs/%s", blob_digest);
	scoped_fd tar = openat(stage->dirfd, path, O_RDONLY | O_CLOEXEC);

	return tar < 0 ? error_set(err, errno, "open %s", what)
		       : begin(stage, what, tar, -1, ret, err);
}

int stage_stream_fd(const struct stage_stream *stream)
{
	return stream->fd;
}

ssize_t stage_stream_write(struct stage_stream *stream, const void *data,
			   size_t size, struct error *err)
{
	ssize_t n;

	do {
		n = write(stream->fd, data, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? error_set(err, errno, "unpack %s", stream->what) : n;
}

/* Return: 0 when @fd has one of @events; -ECANCELED */
static int await(int fd, short events, int cancel_fd, struct error *err)
{
	struct pollfd fds[] = { { .fd = fd, .events = events },
				{ .fd = cancel_fd, .events = POLLIN } };

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "poll");
	return fds[1].revents ? error_say(err, ECANCELED, "interrupted") : 0;
}

int stage_stream_write_all(struct stage_stream *stream, const void *data,
			   size_t size, int cancel_fd, struct error *err)
{
	const char *from = data;

	while (size > 0) {
		ssize_t n = stage_stream_write(stream, from, size, err);
		int r = n < 0 ? (int)n : 0;
		if (r == -EAGAIN)
			r = await(stream->fd, POLLOUT, cancel_fd, err);
		if (r < 0)
			return r;
		if (n < 0)
			continue;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

static int await_end(const struct stage_stream *stream, int cancel_fd,
		     struct error *err)
{
	scoped_fd pidfd = (int)syscall(SYS_pidfd_open, stream->pid, 0);

	return pidfd < 0 ? error_set(err, errno, "pidfd_open")
			 : await(pidfd, POLLIN, cancel_fd, err);
}

void stage_stream_close(struct stage_stream *stream)
{
	fd_close(&stream->fd);
}

int stage_stream_end(struct stage_stream **ret, const char *blob_digest,
		     const char *diff_id, int cancel_fd, struct error *err)
{
	struct stage_stream *stream = *ret;
	struct report *report = stream->report;
	struct error ignored;

	fd_close(&stream->fd);
	int r = await_end(stream, cancel_fd, err);
	if (r < 0) {
		stage_stream_free(ret);
		return r;
	}
	process_wait(stream->pid, &ignored);
	stream->pid = 0;
	r = report->code;
	if (r < 0)
		*err = report->err;
	else
		r = stage_keep_layer(stream->stage, stream->name, blob_digest,
				     diff_id, stream->what, &report->result,
				     err);
	stage_stream_free(ret);
	return r;
}

void stage_stream_free(struct stage_stream **ret)
{
	struct stage_stream *stream = *ret;
	struct error ignored;

	if (!stream)
		return;
	forget(stream);
	fd_close(&stream->fd);
	if (stream->pid > 0) {
		kill(stream->pid, SIGKILL);
		process_wait(stream->pid, &ignored);
	}
	if (stream->report)
		munmap(stream->report, sizeof(*stream->report));
	free(stream->name);
	free(stream);
	*ret = NULL;
}
