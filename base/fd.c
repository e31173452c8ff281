#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "base/memory.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

struct fd_path fd_link(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

ssize_t fd_read_all(int fd, size_t max, char **ret, struct error *err)
{
	scoped(char) *data = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		if (size + 1 >= room) {
			room = room ? room * 2 : 4096;
			data = xreallocarray(data, room, 1);
		}
		ssize_t n = read(fd, data + size, room - size - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read");
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > max)
			return error_say(err, EFBIG, "more than %zu bytes",
					 max);
	}
	data[size] = '\0';
	*ret = take_ptr(data);
	return (ssize_t)size;
}

int fd_write_all(int fd, const void *data, size_t size, struct error *err)
{
	const char *from = data;

	while (size > 0) {
		ssize_t n = write(fd, from, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "write");
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_file(int dirfd, const char *path, size_t max, char **ret,
		     struct error *err)
{
	scoped_fd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	ssize_t n = fd_read_all(fd, max, ret, err);
	return n < 0 ? error_prefix(err, "%s", path) : n;
}

int fd_write_file(int dirfd, const char *path, const char *text,
		  struct error *err)
{
	scoped_fd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	/* one write: the files of /proc take a value whole or not at all */
	ssize_t n = write(fd, text, strlen(text));
	if (n < 0)
		return error_set(err, errno, "write to %s", path);
	if ((size_t)n != strlen(text))
		return error_set(err, EIO, "write to %s", path);
	return 0;
}

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int fd_send(int socket, int fd, struct error *err)
{
	char byte = 0;
	union control control = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		return error_set(err, errno, "send a descriptor");
	return 0;
}

/* two fit as well, in what alignment adds: no stranger leaves one open here */
static void close_received(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (!header || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_RIGHTS)
		return;
	size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		close(fd);
	}
}

int fd_receive(int socket, int *ret_fd, struct error *err)
{
	char byte = 0;
	union control control = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(err, errno, "receive a descriptor");
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (n == 0 || !header || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int))) {
		close_received(&message);
		return error_set(err, EPROTO, "receive a descriptor");
	}
	memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return 0;
}

static int close_range_call(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

/* until Linux 5.11 (CLOSE_RANGE_CLOEXEC) is the floor */
static int each_by_hand(unsigned first, unsigned last, unsigned flags)
{
	DIR *list = opendir("/proc/self/fd");

	if (!list)
		return -1;
	for (struct dirent *entry; (entry = readdir(list));) {
		unsigned fd = (unsigned)atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd < first || fd > last ||
		    (int)fd == dirfd(list))
			continue;
		if (flags & CLOSE_RANGE_CLOEXEC)
			fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		else
			close((int)fd);
	}
	closedir(list);
	return 0;
}

static int range(unsigned first, unsigned last, unsigned flags,
		 struct error *err)
{
	if (first > last || close_range_call(first, last, flags) == 0)
		return 0;
	if (each_by_hand(first, last, flags) == 0)
		return 0;
	return error_set(err, errno, "close descriptors from %u on", first);
}

int fd_close_above(const int *keep, size_t n, struct error *err)
{
	unsigned first = 3;

	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 3)
			continue;
		int r = range(first, (unsigned)keep[i] - 1, 0, err);
		if (r < 0)
			return r;
		first = (unsigned)keep[i] + 1;
	}
	return range(first, ~0u, 0, err);
}

int fd_cloexec_above(int except, struct error *err)
{
	unsigned from = 3;

	if (except >= 3) {
		int r = range(3, (unsigned)except - 1, CLOSE_RANGE_CLOEXEC,
			      err);
		if (r < 0)
			return r;
		from = (unsigned)except + 1;
	}
	return range(from, ~0u, CLOSE_RANGE_CLOEXEC, err);
}

int fd_fill_standard(struct error *err)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* the lowest free number is the missing one */
		if (open("/dev/null", O_RDWR) < 0)
			return error_set(err, errno, "open /dev/null");
	}
	return 0;
}
