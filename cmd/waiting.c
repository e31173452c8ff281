#include "cmd/waiting.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/rotated.h"
#include "cmd/when.h"

void waiting_add(struct waiting *waiting, int fd, short events)
{
	waiting->fds = xreallocarray(waiting->fds, waiting->n + 1,
				     sizeof(*waiting->fds));
	waiting->fds[waiting->n++] = (struct pollfd){ fd, events, 0 };
}

void waiting_add_watch(struct waiting *waiting, int watch_fd)
{
	waiting_add(waiting, watch_fd, POLLIN);
	waiting->look_again |= watch_fd < 0;
}

/* for poll(2): rounded up, so that the time has come when it is over */
static int milliseconds_until(int64_t ns)
{
	int64_t left = ns - when_now();

	if (left <= 0)
		return 0;
	left = left / 1000000 + 1;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int waiting_poll(struct waiting *waiting, int64_t until_ns, struct error *err)
{
	int timeout = until_ns == INT64_MAX ? -1 : milliseconds_until(until_ns);

	if (timeout == 0)
		return 0;
	if (waiting->look_again &&
	    (timeout < 0 || timeout > ROTATED_INTERVAL_MS))
		timeout = ROTATED_INTERVAL_MS;
	if (poll(waiting->fds, (nfds_t)waiting->n, timeout) < 0 &&
	    errno != EINTR)
		return error_set(err, errno, "wait");
	return 1;
}

bool waiting_ready(const struct waiting *waiting, int fd)
{
	for (size_t i = 0; fd >= 0 && i < waiting->n; i++)
		if (waiting->fds[i].fd == fd)
			return waiting->fds[i].revents != 0;
	return false;
}

void waiting_free(struct waiting *waiting)
{
	free(waiting->fds);
	*waiting = (struct waiting){ 0 };
}
