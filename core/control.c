#include "core/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/containers.h"

static int not_running(const char *id, struct error *err)
{
	return error_say(err, ESRCH, "the container %.12s is not running", id);
}

int control_connect(const struct store *store, const char *id,
		    struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	scoped_fd dirfd = container_open(store, id, err);

	if (dirfd < 0)
		return dirfd == -ENOENT ? not_running(id, err) : dirfd;
	/* by descriptor: the path of a store may be longer than 107 bytes */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control",
		 fd_link(dirfd).text);
	scoped_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "make a socket");
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == ENOENT || errno == ECONNREFUSED)
			return not_running(id, err);
		return error_set(err, errno,
				 "ask the launcher of container %.12s", id);
	}
	return take_fd(fd);
}

int control_ask(int fd, const struct control_request *request, const int *fds,
		size_t n, struct error *err)
{
	int r = fd_send_message(fd, request, sizeof(*request), fds, n, err);

	if (r == -EPIPE || r == -ECONNRESET)
		return error_say(err, ESRCH, "the container is not running");
	return r;
}

int control_hear(int fd, struct control_reply *ret,
		 int ret_fds[FD_MESSAGE_MOST], struct error *err)
{
	struct control_reply reply;
	int fds[FD_MESSAGE_MOST];
	ssize_t n = fd_receive_message(fd, &reply, sizeof(reply), 0, fds, err);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return error_say(err, ESRCH,
				 "the launcher of the container has died");
	if (n != sizeof(reply))
		return error_say(err, EPROTO,
				 "the launcher of the container is of "
				 "another version");
	for (size_t i = 0; i < FD_MESSAGE_MOST; i++) {
		if (ret_fds)
			ret_fds[i] = fds[i];
		else
			fd_close(&fds[i]);
	}
	if (reply.err.code) {
		*err = reply.err;
		return -err->code;
	}
	*ret = reply;
	return 0;
}

int control_call(const struct store *store, const char *id,
		 const struct control_request *request,
		 struct control_reply *ret, struct error *err)
{
	struct control_reply reply;
	scoped_fd fd = control_connect(store, id, err);

	if (fd < 0)
		return fd;
	int r = control_ask(fd, request, NULL, 0, err);
	if (r == 0)
		r = control_hear(fd, &reply, NULL, err);
	if (r == 0 && ret)
		*ret = reply;
	return r;
}
