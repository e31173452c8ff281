/*
 * core/control_server.h - the launcher's end of core/control.h
 */
#pragma once

#include <poll.h>
#include <stddef.h>

#include "core/control.h"

/* As many at once; others wait until one of them has left. */
enum { CONTROL_CLIENTS = 512 };

struct control_client {
	int fd;             /* -1: free */
	bool waits;         /* for the end of the command */
	bool waits_for_all; /* for the end of the container (STOP) */
	int out, err, in; /* pipes that it gave with ATTACH, ours to close when
			   * it leaves; -1: none */
};

struct control_server {
	int listen_fd; /* -1: not listening */
	bool full;     /* nobody is let in until somebody has left */
	bool starved;  /* there was no descriptor: to be tried again */
	struct control_client clients[CONTROL_CLIENTS];
	/* does what is asked; takes over the descriptors it keeps, setting them
	 * to -1.  Return: 1 answer later; 0, -errno answer now */
	int (*handle)(void *context, struct control_client *client,
		      const struct control_request *request, int *fds,
		      struct control_reply *reply, int *reply_fds,
		      size_t *n_reply_fds, struct error *err);
	/* the client is gone; forget what it gave */
	void (*leave)(void *context, struct control_client *client);
	void *context;
};

/* control_listen - on control in @dirfd; an old one is replaced */
int control_listen(int dirfd, struct error *err);

void control_server_init(struct control_server *server, int listen_fd);

/* control_server_poll - CONTROL_CLIENTS + 1 at most; Return: how many */
size_t control_server_poll(const struct control_server *server,
			   struct pollfd *ret);

/* control_server_patience - how long poll(2) may take, in ms; -1: for ever */
int control_server_patience(const struct control_server *server);

/* control_server_move - after poll(2) filled the @fds, or its time was over */
void control_server_move(struct control_server *server,
			 const struct pollfd *fds, size_t n);

/* control_server_answer - reply to all who wait for an end
 * @all: the container's, else the command's */
void control_server_answer(struct control_server *server, bool all,
			   const struct control_reply *reply);

/* control_server_close - hang up on everybody */
void control_server_close(struct control_server *server);
