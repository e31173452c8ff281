/*
 * core/relay.h - bytes between the container's streams and the launcher's
 *
 * Nothing is held back but one buffer a stream: a reader that is slow outside
 * slows the writer inside.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A pipe full, and what a filter may add to it. */
enum { RELAY_SIZE = 65536, RELAY_SLACK = 64 };

struct relay {
	int from, to;   /* -1: closed */
	bool owns_from; /* close it at the end */
	bool owns_to;
	bool lasting; /* the end of @from is not its end: another may come */
	int error; /* errno: not all was passed on, though the reader is there
		    */
	bool ended;
	bool regular; /* @to is a regular file: it never blocks */
	/* sees what was read and may change it, by RELAY_SLACK bytes more;
	 * Return: the new size.  NULL: none */
	ssize_t (*filter)(void *context, char *data, size_t size);
	void *context;
	size_t start, end;
	char data[RELAY_SIZE + RELAY_SLACK];
};

/* relay_new - the caller frees it; -1 for @from: one that has ended */
struct relay *relay_new(int from, bool owns_from, int to, bool owns_to);

/* relay_new_idle - one to @to that waits for relay_connect() */
struct relay *relay_new_idle(int to, bool lasting);

/* relay_connect - read @from, which stays the caller's; Return: -EBUSY it has
 * one already; -EPIPE it has ended */
int relay_connect(struct relay *relay, int from);
void relay_disconnect(struct relay *relay);
void relay_free(struct relay *relay);

/* relay_poll - what it waits for; .fd -1 when it has ended */
struct pollfd relay_poll(const struct relay *relay);

/* relay_move - after poll(2) said that its descriptor is ready */
void relay_move(struct relay *relay, short revents);
