/*
 * probe_control - somebody who talks to the launcher of a container
 *
 *   probe_control DIR ask VERB    one request of this number of core/control.h
 *   probe_control DIR garbage N   N messages that are none, of all sizes
 *   probe_control DIR connect N   N connections at once, that say nothing
 *   probe_control DIR resize N    N requests for another size, one at a time
 *
 * DIR is the container's directory.  The last line is "answer CODE TEXT",
 * "no answer", or "connect ERRNO".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/control.h"

static int connect_control(void)
{
	const struct sockaddr_un address = { AF_UNIX, "control" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address,
			      sizeof(address)) < 0) {
		printf("connect %s\n", strerrorname_np(errno));
		exit(0);
	}
	return fd;
}

static void say_answer(int fd)
{
	struct pollfd answer = { fd, POLLIN, 0 };
	struct control_reply reply = { 0 };
	ssize_t n = -1;

	if (poll(&answer, 1, 10000) == 1)
		n = recv(fd, &reply, sizeof(reply), 0);
	if (n == sizeof(reply))
		printf("answer %d %s\n", reply.err.code, reply.err.text);
	else
		puts("no answer");
}

static void ask(enum control_verb verb)
{
	const struct control_request request = { .verb = verb,
						 .number = SIGKILL };
	int fd = connect_control();

	/* who is not let in may have been hung up on before */
	if (send(fd, &request, sizeof(request), MSG_NOSIGNAL) < 0)
		puts("no answer");
	else
		say_answer(fd);
	close(fd);
}

/* with more descriptors than any request has, now and then */
static ssize_t send_garbage(int fd, const char *data, size_t size, bool fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)data, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	const int eight[8] = { 0, 1, 2, 0, 1, 2, 0, 1 };

	if (fds) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(eight));
		memcpy(CMSG_DATA(&control.header), eight, sizeof(eight));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void talk_garbage(int n)
{
	static char data[100000];
	int fd = connect_control();

	for (int i = 0; i < n; i++) {
		size_t size = (size_t)random() % (i % 10 ? 600 : 100000);
		for (size_t b = 0; b < size; b++)
			data[b] = (char)random();
		/* of the right size, but with a verb that there is not */
		if (i % 7 == 0) {
			size = sizeof(struct control_request);
			((struct control_request *)(void *)data)->verb =
				(enum control_verb)(random() % 1000000 + 100);
		}
		if (send_garbage(fd, data, size, i % 3 == 0) < 0 ||
		    i % 5 == 0) {
			close(fd);
			fd = connect_control();
		}
		while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
			;
	}
	close(fd);
	ask((enum control_verb)12345);
}

static void hold_connections(int n)
{
	for (int i = 0; i < n; i++) {
		const struct sockaddr_un address = { AF_UNIX, "control" };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		/* when the queue is full, those that wait are enough */
		if (fd < 0 || connect(fd, (const struct sockaddr *)&address,
				      sizeof(address)) < 0)
			break;
	}
	puts("holding");
	fflush(stdout);
	if (getchar() == EOF)
		puts("done");
}

static void resize(int n)
{
	struct control_request request = { .verb = CONTROL_RESIZE };
	struct control_reply reply;
	int fd = connect_control();

	for (int i = 0; i < n; i++) {
		request.rows = (uint16_t)(i % 200 + 1);
		request.columns = (uint16_t)(i % 300 + 1);
		if (send(fd, &request, sizeof(request), 0) < 0 ||
		    recv(fd, &reply, sizeof(reply), 0) != sizeof(reply)) {
			puts("no answer");
			return;
		}
	}
	printf("answer %d %s\n", reply.err.code, reply.err.text);
}

int main(int argc, char **argv)
{
	if (argc != 4 || chdir(argv[1]) < 0) {
		perror(argv[1]);
		return 125;
	}
	int n = atoi(argv[3]);
	if (strcmp(argv[2], "ask") == 0)
		ask((enum control_verb)n);
	else if (strcmp(argv[2], "garbage") == 0)
		talk_garbage(n);
	else if (strcmp(argv[2], "connect") == 0)
		hold_connections(n);
	else
		resize(n);
	return 0;
}
