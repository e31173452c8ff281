#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/close_range.h>
#include <linux/magic.h>

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
	char room[CMSG_SPACE(FD_MESSAGE_MOST * sizeof(int))];
};

int fd_send_message(int socket, const void *data, size_t size, const int *fds,
		    size_t n, struct error *err)
{
	union control control = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)data,
			      .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		return error_set(err, errno, "send a message");
	return 0;
}

/* what came along; more than there is room for the kernel closes itself, but
 * alignment may leave room for one that nobody asked for */
static void take_descriptors(struct msghdr *message, int fds[FD_MESSAGE_MOST])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (!header || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_RIGHTS)
		return;
	size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		if (i < FD_MESSAGE_MOST)
			fds[i] = fd;
		else
			close(fd);
	}
}

ssize_t fd_receive_message(int socket, void *data, size_t size, int flags,
			   int fds[FD_MESSAGE_MOST], struct error *err)
{
	union control control = { 0 };
	struct iovec part = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	for (size_t i = 0; i < FD_MESSAGE_MOST; i++)
		fds[i] = -1;
	do {
		n = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0)
		return error_set(err, errno, "receive a message");
	take_descriptors(&message, fds);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	for (size_t i = 0; i < FD_MESSAGE_MOST; i++)
		fd_close(&fds[i]);
	return error_set(err, EMSGSIZE, "receive a message");
}

int fd_send(int socket, int fd, struct error *err)
{
	int r = fd_send_message(socket, "", 1, &fd, 1, err);

	return r < 0 ? error_set(err, err->code, "send a descriptor") : 0;
}

int fd_receive(int socket, int *ret_fd, struct error *err)
{
	int fds[FD_MESSAGE_MOST];
	char byte;
	ssize_t n = fd_receive_message(socket, &byte, 1, 0, fds, err);
	bool alone = n == 1 && fds[0] >= 0 && fds[1] < 0;

	if (alone) {
		*ret_fd = fds[0];
		return 0;
	}
	for (size_t i = 0; n >= 0 && i < FD_MESSAGE_MOST; i++)
		fd_close(&fds[i]);
	return error_set(err, n < 0 ? err->code : EPROTO,
			 "receive a descriptor");
}

static int close_range_call(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static void change(int fd, unsigned flags)
{
	if (flags & CLOSE_RANGE_CLOEXEC)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	else
		close(fd);
}

/*
 * Who has a container's root as its own has no /proc, or one that somebody
 * else filled.  None of ours has lowered the hard limit before.
 */
static int each_number(unsigned first, unsigned last, unsigned flags)
{
	enum { MOST = 1 << 20 }; /* fs.nr_open, unless an administrator says */
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	if (limit.rlim_max > MOST) {
		errno = EMFILE;
		return -1;
	}
	for (unsigned fd = first; fd <= last && fd < limit.rlim_max; fd++)
		change((int)fd, flags);
	return 0;
}

/* the list of the kernel, or NULL */
static DIR *open_list(void)
{
	DIR *list = opendir("/proc/self/fd");
	struct statfs fs;

	if (list &&
	    (fstatfs(dirfd(list), &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)) {
		closedir(list);
		return NULL;
	}
	return list;
}

/* until Linux 5.11 (CLOSE_RANGE_CLOEXEC) is the floor */
static int each_by_hand(unsigned first, unsigned last, unsigned flags)
{
	DIR *list = open_list();

	if (!list)
		return each_number(first, last, flags);
	for (struct dirent *entry; (entry = readdir(list));) {
		unsigned fd = (unsigned)atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd < first || fd > last ||
		    (int)fd == dirfd(list))
			continue;
		change((int)fd, flags);
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

int fd_close_inherited(int except, struct error *err)
{
	DIR *list = opendir("/proc/self/fd");

	if (!list)
		return error_set(err, errno, "list the open descriptors");
	for (struct dirent *entry; (entry = readdir(list));) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || fd < 3 || fd == except)
			continue;
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			close(fd);
	}
	closedir(list);
	return 0;
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
