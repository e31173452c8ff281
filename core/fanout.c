#include "core/fanout.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/terminal.h"

struct fanout *fanout_new(int from, bool owns_from)
{
	struct fanout *fanout = xcalloc(1, sizeof(*fanout));

	fanout->from = from;
	fanout->owns_from = owns_from;
	fanout->ended = from < 0;
	return fanout;
}

static void finish(struct fanout *fanout)
{
	fanout->ended = true;
	if (fanout->owns_from)
		fd_close(&fanout->from);
}

static void drop(struct fanout *fanout, size_t i)
{
	struct sink *sink = &fanout->sinks[i];

	if (sink->owned)
		fd_close(&sink->fd);
	if (sink->primary)
		finish(fanout);
	fanout->sinks[i] = fanout->sinks[--fanout->n_sinks];
}

void fanout_free(struct fanout *fanout)
{
	if (!fanout)
		return;
	finish(fanout);
	while (fanout->n_sinks > 0)
		drop(fanout, 0);
	free(fanout);
}

int fanout_add(struct fanout *fanout, struct sink sink)
{
	struct stat st;

	if (fanout->n_sinks == FANOUT_SINKS)
		return -EMFILE;
	sink.regular = fstat(sink.fd, &st) == 0 && S_ISREG(st.st_mode);
	sink.done = fanout->end; /* what it did not ask for is not for it */
	fanout->sinks[fanout->n_sinks++] = sink;
	return 0;
}

void fanout_remove(struct fanout *fanout, int fd)
{
	for (size_t i = 0; i < fanout->n_sinks; i++)
		if (fanout->sinks[i].fd == fd) {
			drop(fanout, i);
			return;
		}
}

bool fanout_is_blocked(const struct fanout *fanout)
{
	for (size_t i = 0; i < fanout->n_sinks; i++)
		if (fanout->sinks[i].done < fanout->end)
			return true;
	return false;
}

bool fanout_is_done(const struct fanout *fanout)
{
	return fanout->ended && !fanout_is_blocked(fanout);
}

size_t fanout_poll(const struct fanout *fanout, struct pollfd *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < fanout->n_sinks; i++)
		if (fanout->sinks[i].done < fanout->end)
			ret[n++] = (struct pollfd){ fanout->sinks[i].fd,
						    POLLOUT, 0 };
	if (n == 0 && !fanout->ended)
		ret[n++] = (struct pollfd){ fanout->from, POLLIN, 0 };
	return n;
}

/* Return: false when the sink is of no use any more */
static bool empty(struct fanout *fanout, struct sink *sink)
{
	size_t size = fanout->end - sink->done;

	/* what poll(2) promises a pipe will take without blocking (pipe(7)) */
	if (!sink->regular && size > 4096)
		size = 4096;
	ssize_t n = write(sink->fd, fanout->data + sink->done, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n < 0 && sink->primary && errno != EPIPE)
		fanout->error = errno;
	if (n < 0)
		return false;
	sink->done += (size_t)n;
	return true;
}

static void empty_all(struct fanout *fanout, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!fds[i].revents)
			continue;
		for (size_t s = 0; s < fanout->n_sinks; s++) {
			struct sink *sink = &fanout->sinks[s];
			if (sink->fd != fds[i].fd || sink->done >= fanout->end)
				continue;
			if (!empty(fanout, sink))
				drop(fanout, s);
			break;
		}
	}
}

static void fill(struct fanout *fanout)
{
	ssize_t n = read(fanout->from, fanout->data, sizeof(fanout->data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	fanout->end = 0;
	for (size_t i = 0; i < fanout->n_sinks; i++)
		fanout->sinks[i].done = 0;
	if (n <= 0) {
		int error = n < 0 ? errno : 0;
		fanout->error =
			terminal_was_left(fanout->from, error) ? 0 : error;
		finish(fanout);
		return;
	}
	fanout->end = (size_t)n;
	if (fanout->tap)
		fanout->tap(fanout->context, fanout->data, fanout->end);
}

void fanout_move(struct fanout *fanout, const struct pollfd *fds, size_t n)
{
	struct pollfd ready[FANOUT_SINKS];

	if (fanout_is_blocked(fanout)) {
		empty_all(fanout, fds, n);
		return;
	}
	if (n == 0 || !fds[0].revents || fanout->ended)
		return;
	fill(fanout);
	/* most readers are ready at once; else the next poll(2) will tell */
	if (!fanout_is_blocked(fanout))
		return;
	n = fanout_poll(fanout, ready);
	if (poll(ready, (nfds_t)n, 0) > 0)
		empty_all(fanout, ready, n);
}
