#include "core/control_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* <asm-generic/socket.h>, Linux 6.5 */
#endif

int control_listen(int dirfd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX,
			      SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(err, errno, "make a socket");
	unlinkat(dirfd, "control", 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control",
		 fd_link(dirfd).text);
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CONTROL_CLIENTS) < 0)
		return error_set(err, errno,
				 "listen in the container's directory");
	return take_fd(fd);
}

void control_server_init(struct control_server *server, int listen_fd)
{
	server->listen_fd = listen_fd;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		server->clients[i] = (struct control_client){
			.fd = -1, .out = -1, .err = -1, .in = -1
		};
}

/* is the process in our user namespace? */
static bool shares_user_namespace(pid_t pid)
{
	char path[64], its[64] = "", ours[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (readlink(path, its, sizeof(its) - 1) < 0 ||
	    readlink("/proc/self/ns/user", ours, sizeof(ours) - 1) < 0)
		return false;
	return strcmp(its, ours) == 0;
}

/*
 * The number of a peer may be another process's by now, so who it names must
 * still live when its namespace was read (unix(7), SO_PEERCRED).
 */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int pidfd = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    peer.uid != getuid() || peer.pid <= 0)
		return false;
	size = sizeof(pidfd);
	/* until Linux 6.5 is the floor */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		pidfd = -1;
	bool ours = shares_user_namespace(peer.pid);
	struct pollfd ended = { pidfd, POLLIN, 0 };
	if (pidfd >= 0 && poll(&ended, 1, 0) != 0)
		ours = false;
	fd_close(&pidfd);
	return ours;
}

static struct control_client *find_room(struct control_server *server)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (server->clients[i].fd < 0)
			return &server->clients[i];
	return NULL;
}

static void add_client(struct control_server *server)
{
	struct control_client *client = find_room(server);
	scoped_fd fd = client ? accept4(server->listen_fd, NULL, NULL,
					SOCK_CLOEXEC | SOCK_NONBLOCK)
			      : -1;

	/* it stays in the queue, and would be reported again at once */
	if (!client)
		server->full = true;
	else if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		server->starved = true;
	if (fd >= 0 && is_trusted(fd))
		*client = (struct control_client){
			.fd = take_fd(fd), .out = -1, .err = -1, .in = -1
		};
}

static void remove_client(struct control_server *server,
			  struct control_client *client)
{
	server->leave(server->context, client);
	fd_close(&client->fd);
	server->full = false;
}

static int handle(struct control_server *server, struct control_client *client,
		  struct control_request *request, int *fds,
		  struct control_reply *reply, int *reply_fds, size_t *n_fds,
		  struct error *err)
{
	request->name[sizeof(request->name) - 1] = '\0';
	return server->handle(server->context, client, request, fds, reply,
			      reply_fds, n_fds, err);
}

static void serve(struct control_server *server, struct control_client *client)
{
	struct control_request request;
	struct control_reply reply = { .exit_code = -1 };
	int fds[FD_MESSAGE_MOST], reply_fds[FD_MESSAGE_MOST];
	size_t n_fds = 0;
	struct error err = { 0 };
	ssize_t n = fd_receive_message(client->fd, &request, sizeof(request),
				       MSG_DONTWAIT, fds, &err);

	if (n == -EAGAIN)
		return;
	if (n == 0 || (n < 0 && n != -EMSGSIZE)) {
		remove_client(server, client);
		return;
	}
	int r = n == sizeof(request)
			? handle(server, client, &request, fds, &reply,
				 reply_fds, &n_fds, &err)
			: error_say(&err, EPROTO,
				    "the launcher of the container is of "
				    "another version");
	for (size_t i = 0; i < FD_MESSAGE_MOST; i++)
		fd_close(&fds[i]);
	if (r > 0)
		return;
	if (r < 0)
		reply.err = err;
	if (fd_send_message(client->fd, &reply, sizeof(reply), reply_fds,
			    r < 0 ? 0 : n_fds, &err) < 0)
		remove_client(server, client);
}

size_t control_server_poll(const struct control_server *server,
			   struct pollfd *ret)
{
	size_t n = 0;

	ret[n++] = (struct pollfd){ server->full || server->starved
					    ? -1
					    : server->listen_fd,
				    POLLIN, 0 };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (server->clients[i].fd >= 0)
			ret[n++] = (struct pollfd){ server->clients[i].fd,
						    POLLIN, 0 };
	return n;
}

int control_server_patience(const struct control_server *server)
{
	enum { AGAIN_MS = 100 };

	return server->starved ? AGAIN_MS : -1;
}

void control_server_move(struct control_server *server,
			 const struct pollfd *fds, size_t n)
{
	server->starved = false;
	for (size_t i = 1; i < n; i++) {
		if (!fds[i].revents)
			continue;
		for (size_t c = 0; c < CONTROL_CLIENTS; c++)
			if (server->clients[c].fd == fds[i].fd) {
				serve(server, &server->clients[c]);
				break;
			}
	}
	if (fds[0].revents)
		add_client(server);
}

void control_server_answer(struct control_server *server, bool all,
			   const struct control_reply *reply)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &server->clients[i];
		if (client->fd < 0 ||
		    !(all ? client->waits_for_all : client->waits))
			continue;
		send(client->fd, reply, sizeof(*reply),
		     MSG_NOSIGNAL | MSG_DONTWAIT);
		client->waits = client->waits_for_all = false;
	}
}

void control_server_close(struct control_server *server)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (server->clients[i].fd >= 0)
			remove_client(server, &server->clients[i]);
	fd_close(&server->listen_fd);
}
