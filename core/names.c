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

/* whose is the name?  Return: 0; -ENOENT nobody's */
static int read_name(int names, const char *name, char ret_id[ID_SIZE],
		     struct error *err)
{
	ssize_t n = readlinkat(names, name, ret_id, ID_SIZE - 1);

	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return error_set(err, errno, "see whose the name %s is", name);
	if (n > 0)
		ret_id[n] = '\0';
	if (n <= 0 || strchr(ret_id, '/') || ret_id[0] == '.')
		return error_set(err, ENOENT, "the name %s", name);
	return 0;
}

/*
 * Is there a container of this id, that lives or is kept?
 * Return: 1, 0, -errno
 */
static int exists(int containers_fd, const char *id, struct error *err)
{
	scoped_fd dirfd =
		openat(containers_fd, id,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dirfd < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno,
						   "open container %.12s", id);
	int r = state_is_kept(dirfd, err);
	if (r != 0)
		return r;
	scoped_fd lock = state_lock_look(dirfd, err);
	if (lock < 0)
		return lock == -ENOENT ? 0 : lock;
	r = state_lock_is_held(lock, STATE_ALIVE, err);
	return r != 0 ? r : state_lock_is_held(lock, STATE_BUSY, err);
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
	int r = read_name(names, name, holder, err);
	if (r == 0)
		r = exists(containers_fd, holder, err);
	if (r > 0) {
		error_say(err, EEXIST,
			  "the name %s is taken by the container %.12s", name,
			  holder);
		return error_hint(err,
				  "choose another --name, or leave it out; "
				  "\"wolffia rm %s\" removes that container",
				  name);
	}
	if (r < 0 && r != -ENOENT)
		return r;
	unlinkat(names, name, 0);
	if (symlinkat(id, names, name) < 0)
		return error_set(err, errno, "take the name %s", name);
	return 0;
}

int names_release(const struct store *store, const char *name, const char *id,
		  struct error *err)
{
	char holder[ID_SIZE];
	scoped_fd names = open_names(store, err);

	if (names < 0)
		return names;
	int r = read_name(names, name, holder, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (strcmp(holder, id) == 0 && unlinkat(names, name, 0) < 0 &&
	    errno != ENOENT)
		return error_set(err, errno, "give up the name %s", name);
	return 0;
}

int names_find(const struct store *store, const char *name, char **ret_id,
	       struct error *err)
{
	char holder[ID_SIZE];
	scoped_fd names = open_names(store, err);

	if (names < 0)
		return names;
	int r = strchr(name, '/') ? -ENOENT
				  : read_name(names, name, holder, err);
	if (r == -ENOENT)
		return error_say(err, ENOENT, "there is no container \"%s\"",
				 name);
	if (r < 0)
		return r;
	*ret_id = xstrdup(holder);
	return 0;
}

/* those that lead to no container: each to @found */
static int each_stale(const struct store *store,
		      void (*found)(int names_fd, const char *name,
				    void *context),
		      void *context, struct error *err)
{
	struct error ignored;
	scoped_fd containers = path_open_beneath(
		store->dirfd, "containers", O_RDONLY | O_DIRECTORY, 0, err);
	/* a name that is taken over meanwhile is not the one that was read */
	scoped_fd guarded = containers < 0 ? -1 : state_guard(containers, err);
	if (guarded < 0)
		return -err->code;
	int names = openat(store->dirfd, "names",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = names < 0 ? NULL : fdopendir(names);

	if (!list) {
		error_set(err, errno, "list the names");
		fd_close(&names);
		return -err->code;
	}
	for (struct dirent *entry; (entry = readdir(list));) {
		char id[ID_SIZE];
		struct stat st;
		if (read_name(names, entry->d_name, id, &ignored) < 0)
			continue;
		scoped(char) *path = xasprintf("containers/%s", id);
		if (fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			found(names, entry->d_name, context);
	}
	closedir(list);
	return 0;
}

static void remove_name(int names_fd, const char *name, void *context)
{
	(void)context;
	unlinkat(names_fd, name, 0);
}

void names_sweep(const struct store *store)
{
	struct error ignored;

	each_stale(store, remove_name, NULL, &ignored);
}

static void list_name(int names_fd, const char *name, void *context)
{
	(void)names_fd;
	strv_add(context, name);
}

int names_stale(const struct store *store, struct strv *ret, struct error *err)
{
	return each_stale(store, list_name, ret, err);
}
