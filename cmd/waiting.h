/*
 * cmd/waiting.h - until one of some descriptors is ready, or a time has come
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct waiting {
	struct pollfd *fds;
	size_t n;
	bool look_again; /* something has no descriptor to tell of it */
};

/* waiting_add - @events as of poll(2); 0: only for its end, as of a pipe that
 * nobody reads */
void waiting_add(struct waiting *waiting, int fd, short events);

/* waiting_add_watch - rotated_watch(), which may be none */
void waiting_add_watch(struct waiting *waiting, int watch_fd);

/*
 * waiting_poll - wait
 * @until_ns: CLOCK_REALTIME; INT64_MAX: for ever
 * Return: 1 something may have happened; 0 the time has come; -errno
 */
int waiting_poll(struct waiting *waiting, int64_t until_ns, struct error *err);

/* waiting_ready - has it happened to @fd? */
bool waiting_ready(const struct waiting *waiting, int fd);

void waiting_free(struct waiting *waiting);
#define scoped_waiting __attribute__((cleanup(waiting_free))) struct waiting
