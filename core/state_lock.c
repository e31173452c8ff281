#include "core/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

static struct flock byte(enum state_lock lock, short type)
{
	return (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)lock,
		.l_len = 1,
	};
}

int state_lock_open(int dirfd, int flags, struct error *err)
{
	int fd = openat(dirfd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags,
			0600);

	return fd >= 0 ? fd : error_set(err, errno, "open the lock");
}

int state_lock_look(int dirfd, struct error *err)
{
	int fd = openat(dirfd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 ? fd : error_set(err, errno, "open the lock");
}

int state_lock_try(int fd, enum state_lock lock, struct error *err)
{
	struct flock request = byte(lock, F_WRLCK);

	if (fcntl(fd, F_OFD_SETLK, &request) == 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return error_set(err, errno, "lock a container");
}

int state_lock_wait(int fd, enum state_lock lock, struct error *err)
{
	struct flock request = byte(lock, F_WRLCK);

	while (fcntl(fd, F_OFD_SETLKW, &request) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "lock a container");
	return 0;
}

void state_lock_release(int fd, enum state_lock lock)
{
	struct flock request = byte(lock, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &request);
}

int state_lock_is_held(int fd, enum state_lock lock, struct error *err)
{
	struct flock request = byte(lock, F_WRLCK);

	if (fcntl(fd, F_OFD_GETLK, &request) < 0)
		return error_set(err, errno, "look at the lock of a container");
	return request.l_type != F_UNLCK;
}

int state_is_kept(int dirfd, struct error *err)
{
	if (faccessat(dirfd, "keep", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0
			       : error_set(err, errno,
					   "see whether a container is kept");
}

int state_guard(int containers_fd, struct error *err)
{
	struct flock request = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	scoped_fd fd = openat(containers_fd, ".guard",
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_set(err, errno,
				 "open the guard of the containers");
	while (fcntl(fd, F_OFD_SETLKW, &request) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "lock the containers");
	return take_fd(fd);
}
