#include "core/relay.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/terminal.h"

struct relay *relay_new(int from, bool owns_from, int to, bool owns_to)
{
	struct relay *relay = xcalloc(1, sizeof(*relay));
	struct stat st;

	relay->from = from;
	relay->to = to;
	relay->owns_from = owns_from;
	relay->owns_to = owns_to;
	relay->ended = from < 0;
	relay->regular = fstat(to, &st) == 0 && S_ISREG(st.st_mode);
	return relay;
}

struct relay *relay_new_idle(int to, bool lasting)
{
	struct relay *relay = relay_new(-1, false, to, true);

	relay->ended = to < 0;
	relay->lasting = lasting;
	return relay;
}

static void finish(struct relay *relay)
{
	relay->ended = true;
	if (relay->owns_from)
		fd_close(&relay->from);
	if (relay->owns_to)
		fd_close(&relay->to);
}

int relay_connect(struct relay *relay, int from)
{
	if (relay->ended)
		return -EPIPE;
	if (relay->from >= 0)
		return -EBUSY;
	relay->from = from;
	return 0;
}

void relay_disconnect(struct relay *relay)
{
	relay->from = -1;
	if (!relay->lasting)
		finish(relay);
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	finish(relay);
	free(relay);
}

struct pollfd relay_poll(const struct relay *relay)
{
	if (relay->ended)
		return (struct pollfd){ -1, 0, 0 };
	if (relay->start < relay->end)
		return (struct pollfd){ relay->to, POLLOUT, 0 };
	return (struct pollfd){ relay->from, POLLIN, 0 };
}

static void fill(struct relay *relay)
{
	ssize_t n = read(relay->from, relay->data, RELAY_SIZE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0 && relay->lasting) {
		relay->from = -1;
		return;
	}
	if (n <= 0) {
		int error = n < 0 ? errno : 0;
		relay->error =
			terminal_was_left(relay->from, error) ? 0 : error;
		finish(relay);
		return;
	}
	if (relay->filter)
		n = relay->filter(relay->context, relay->data, (size_t)n);
	relay->start = 0;
	relay->end = (size_t)n;
}

static void empty(struct relay *relay)
{
	size_t size = relay->end - relay->start;

	/* what poll(2) promises a pipe will take without blocking (pipe(7)) */
	if (!relay->regular && size > 4096)
		size = 4096;
	ssize_t n = write(relay->to, relay->data + relay->start, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) { /* nobody reads: the writer inside shall know */
		relay->error = errno == EPIPE ? 0 : errno;
		finish(relay);
		return;
	}
	relay->start += (size_t)n;
}

void relay_move(struct relay *relay, short revents)
{
	if (relay->ended || !revents)
		return;
	if (relay->start < relay->end) {
		empty(relay);
		return;
	}
	fill(relay);
	/* most readers are ready at once; else poll(2) will tell */
	struct pollfd to = { relay->to, POLLOUT, 0 };
	if (!relay->ended && poll(&to, 1, 0) == 1)
		empty(relay);
}
