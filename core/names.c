#include "core/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/state_lock.h"

enum { ID_SIZE = 65 };

/* whose is the name?  Return: 0 or -ENOENT */
static int read_name(int names, const char *name, char ret_id[ID_SIZE])
{
	ssize_t n = readlinkat(names, name, ret_id, ID_SIZE - 1);

	if (n <= 0)
		return -ENOENT;
	ret_id[n] = '\0';
	return strchr(ret_id, '/') || ret_id[0] == '.' ? -ENOENT : 0;
}

/* is there a container of this id, that lives or is kept? */
static bool exists(int containers_fd, const char *id)
{
	struct error ignored;
	scoped_fd dirfd =
		openat(containers_fd, id,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dirfd < 0)
		return false;
	if (faccessat(dirfd, "keep", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	scoped_fd lock = state_lock_open(dirfd, 0, &ignored);
	return lock >= 0 && (state_lock_is_held(lock, STATE_ALIVE) ||
			     state_lock_is_held(lock, STATE_BUSY));
}

static int open_names(const struct store *store, struct error *err)
{
	return path_open_beneath(store->dirfd, "names", O_RDONLY | O_DIRECTORY,
				 0, err);
}

int names_claim(const struct store *store, int containers_fd, const char *name,
		const char *id, struct error *err)
{
	char holder[ID_SIZE];
	scoped_fd names = open_names(store, err);

	if (names < 0)
		return names;
	if (symlinkat(id, names, name) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, errno, "take the name %s", name);
	if (read_name(names, name, holder) == 0 &&
	    exists(containers_fd, holder)) {
		error_say(err, EEXIST,
			  "the name %s is taken by the container %.12s", name,
			  holder);
		return error_hint(err,
				  "choose another --name, or leave it out; "
				  "\"wolffia rm %s\" removes that container",
				  name);
	}
	unlinkat(names, name, 0);
	if (symlinkat(id, names, name) < 0)
		return error_set(err, errno, "take the name %s", name);
	return 0;
}

void names_release(const struct store *store, const char *name, const char *id)
{
	char holder[ID_SIZE];
	struct error ignored;
	scoped_fd names = open_names(store, &ignored);

	if (names >= 0 && read_name(names, name, holder) == 0 &&
	    strcmp(holder, id) == 0)
		unlinkat(names, name, 0);
}

int names_find(const struct store *store, const char *name, char **ret_id,
	       struct error *err)
{
	char holder[ID_SIZE];
	scoped_fd names = open_names(store, err);

	if (names < 0)
		return names;
	if (strchr(name, '/') || read_name(names, name, holder) < 0)
		return error_say(err, ENOENT, "there is no container \"%s\"",
				 name);
	*ret_id = xstrdup(holder);
	return 0;
}

void names_sweep(const struct store *store)
{
	int names = openat(store->dirfd, "names",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = names < 0 ? NULL : fdopendir(names);

	if (!list)
		return;
	for (struct dirent *entry; (entry = readdir(list));) {
		char id[ID_SIZE];
		struct stat st;
		if (read_name(names, entry->d_name, id) < 0)
			continue;
		scoped(char) *path = xasprintf("containers/%s", id);
		if (fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			unlinkat(names, entry->d_name, 0);
	}
	closedir(list);
}
