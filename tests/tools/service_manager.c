/*
 * service_manager - start a service of Type=notify, as systemd does it
 *
 *   service_manager SOCKET COMMAND [ARGUMENT...]
 *
 * SOCKET is a path, or "@" and an abstract name.  Prints a line for each line
 * that the main process sends, "notify READY=1", and "stranger READY=1" for
 * those of others, which NotifyAccess=main has systemd ignore.  What COMMAND
 * prints is passed on as it is.  Ends with its status, as a shell has it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int on = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (n >= sizeof(at.sun_path))
		exit(125);
	memcpy(at.sun_path, name, n);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		fail(name);
	return fd;
}

static pid_t sender_of(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct ucred who = { 0 };

	if (control && control->cmsg_type == SCM_CREDENTIALS)
		memcpy(&who, CMSG_DATA(control), sizeof(who));
	return who.pid;
}

/* all messages that have come */
static void print_messages(int fd, pid_t service)
{
	char text[4096], space[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = { text, sizeof(text) - 1 };

	for (;;) {
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = space,
					  .msg_controllen = sizeof(space) };
		ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
		if (n < 0)
			return;
		text[n] = '\0';
		for (char *line = strtok(text, "\n"); line;
		     line = strtok(NULL, "\n"))
			printf("%s %s\n",
			       sender_of(&message) == service ? "notify"
							      : "stranger",
			       line);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	int status = 0;
	sigset_t mask, old;

	if (argc < 3)
		return 125;
	int messages = listen_at(argv[1]);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &old);
	int signals = signalfd(-1, &mask, SFD_CLOEXEC);
	setenv("NOTIFY_SOCKET", argv[1], 1);
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(argv[2], argv + 2);
		fail(argv[2]);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd fds[] = { { messages, POLLIN, 0 },
					{ signals, POLLIN, 0 } };
		struct signalfd_siginfo info;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		print_messages(messages, pid);
		if (fds[1].revents &&
		    read(signals, &info, sizeof(info)) != sizeof(info))
			fail("read");
	}
	print_messages(messages, pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
