/*
 * base/fd.h - file descriptors: owned by a scope, close-on-exec from birth
 *
 * -1 is "none".  Every function that makes a descriptor makes it O_CLOEXEC.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define scoped_fd __attribute__((cleanup(fd_close))) int

/* fd_close - close *@fd unless it is negative, and make it -1; keeps errno */
void fd_close(int *fd);

#define take_fd(fd)                                                            \
	({                                                                     \
		int taken_ = (fd);                                             \
		(fd) = -1;                                                     \
		taken_;                                                        \
	})

/* fd_link - "/proc/self/fd/N", a path that leads to what @fd has open */
struct fd_path {
	char text[32];
};
struct fd_path fd_link(int fd);

/*
 * fd_read_all - everything up to end of file
 * @max: more than that is -EFBIG; at most @max bytes are held in memory
 *
 * Return: the number of bytes; *@ret is the caller's to free and has a NUL
 * behind its last byte.
 */
ssize_t fd_read_all(int fd, size_t max, char **ret, struct error *err);

/* fd_write_all - write all of @data; goes on after EINTR and short writes */
int fd_write_all(int fd, const void *data, size_t size, struct error *err);

/* fd_read_file - open @path below @dirfd (AT_FDCWD for none) and read it */
ssize_t fd_read_file(int dirfd, const char *path, size_t max, char **ret,
		     struct error *err);

/* fd_write_file - write @text into an existing file such as /proc/self/x */
int fd_write_file(int dirfd, const char *path, const char *text,
		  struct error *err);

/* fd_send / fd_receive - hand a descriptor over a Unix socket (unix(7)) */
int fd_send(int socket, int fd, struct error *err);
int fd_receive(int socket, int *ret_fd, struct error *err);

enum { FD_MESSAGE_MOST = 4 };

/*
 * fd_send_message - a message with descriptors, over a SOCK_SEQPACKET socket
 * @fds: @n of them, at most FD_MESSAGE_MOST; they stay the caller's
 */
int fd_send_message(int socket, const void *data, size_t size, const int *fds,
		    size_t n, struct error *err);

/*
 * fd_receive_message - the opposite
 * @size:  what does not fit is -EMSGSIZE
 * @flags: as for recvmsg(2)
 * @fds:   the caller's to close; those that did not come are -1
 * Return: the bytes, 0 at the end of file; -EAGAIN with MSG_DONTWAIT
 */
ssize_t fd_receive_message(int socket, void *data, size_t size, int flags,
			   int fds[FD_MESSAGE_MOST], struct error *err);

/*
 * fd_close_above - close every descriptor from 3 on that is not in @keep
 * @keep: sorted upwards, @n of them.  Source: close_range(2), Linux 5.9; an
 * older kernel is served by reading /proc/self/fd, or where the kernel's is not
 * there number by number: -EMFILE where the hard limit is above 1,048,576.
 */
int fd_close_above(const int *keep, size_t n, struct error *err);

/*
 * fd_cloexec_above - mark every descriptor from 3 on close-on-exec, but for
 * @except (-1: none).  What a careless parent left open goes no further (R1).
 */
int fd_cloexec_above(int except, struct error *err);

/*
 * fd_close_inherited - close every descriptor from 3 on that would outlive an
 * exec, but for @except (-1: none): ours are all close-on-exec, so what is not
 * was left open by who started us
 */
int fd_close_inherited(int except, struct error *err);

/* fd_fill_standard - make 0, 1 and 2 open (/dev/null) if they are not */
int fd_fill_standard(struct error *err);
