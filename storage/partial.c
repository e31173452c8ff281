#include "storage/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

static bool is_locked(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/* Return: is it nobody's?  With @remove it is removed then */
static bool take(int dirfd, const char *name, bool remove, uint64_t *bytes)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	scoped_fd fd = openat(dirfd, name,
			      (remove ? O_RDWR : O_RDONLY) | O_CLOEXEC |
				      O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    is_locked(fd))
		return false;
	/* who goes on with it locks it first, and sees that it has no name */
	if (remove && (fcntl(fd, F_OFD_SETLK, &whole) < 0 ||
		       unlinkat(dirfd, name, 0) < 0))
		return false;
	*bytes += (uint64_t)st.st_blocks * 512;
	return true;
}

int partial_sweep(const struct store *store, bool remove,
		  void (*found)(void *context, const char *name), void *context,
		  uint64_t *ret_bytes, struct error *err)
{
	scoped_fd fd = openat(store->dirfd, "partial",
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	*ret_bytes = 0;
	/* of a store that is only looked at, and was never used */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (!list)
		return error_set(err, errno, "open %s/partial", store->path);
	fd = -1;
	for (struct dirent *entry; (entry = readdir(list));)
		if (entry->d_name[0] != '.' &&
		    take(dirfd(list), entry->d_name, remove, ret_bytes) &&
		    found)
			found(context, entry->d_name);
	closedir(list);
	return 0;
}
