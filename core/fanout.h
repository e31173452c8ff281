/*
 * core/fanout.h - what a stream of the container says, to all who listen
 *
 * One source, read into one buffer; the next is read when everybody has taken
 * this one.  So a reader that is slow slows the writer inside, nothing is
 * lost, and no memory grows.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { FANOUT_SINKS = 16 };

struct sink {
	int fd;
	bool owned;   /* closed when it goes */
	bool primary; /* without it there is no use in reading on */
	bool regular; /* a regular file: it never blocks */
	size_t done;  /* so much of the buffer is written */
};

struct fanout {
	int from;
	bool owns_from;
	bool ended; /* nothing more is read */
	int error;  /* errno: not all was passed on, though the reader is there
		     */
	struct sink sinks[FANOUT_SINKS];
	size_t n_sinks;
	/* sees every byte once, before the sinks; may be NULL */
	void (*tap)(void *context, const char *data, size_t size);
	void *context;
	size_t end; /* of what is in the buffer */
	char data[65536];
};

/* fanout_new - the caller frees it; -1 for @from: one that has ended */
struct fanout *fanout_new(int from, bool owns_from);
void fanout_free(struct fanout *fanout);

/* fanout_add - @sink.done is ignored; Return: -EMFILE there is no room */
int fanout_add(struct fanout *fanout, struct sink sink);

/* fanout_remove - the sink that writes to @fd, if it is still there */
void fanout_remove(struct fanout *fanout, int fd);

/* fanout_poll - what it waits for, at most FANOUT_SINKS; Return: how many */
size_t fanout_poll(const struct fanout *fanout, struct pollfd *ret);

/* fanout_move - after poll(2) filled the @fds of fanout_poll() */
void fanout_move(struct fanout *fanout, const struct pollfd *fds, size_t n);

/* fanout_is_done - nothing more comes, and all is passed on */
bool fanout_is_done(const struct fanout *fanout);

/* fanout_is_blocked - it waits for a sink */
bool fanout_is_blocked(const struct fanout *fanout);
