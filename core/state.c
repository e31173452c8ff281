#include "core/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/process.h"
#include "base/status.h"

/*
 * Return: 1 locked, 0 somebody holds it, -errno.  Open file description locks
 * end with the last copy of the descriptor: fcntl(2), Linux 3.15.
 */
static int try_lock(int fd, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return error_set(err, errno, "lock a container");
}

/* @flags: O_CREAT | O_EXCL or 0; -ENOENT: its container is being removed */
static int open_lock(int dirfd, int flags, struct error *err)
{
	int fd = openat(dirfd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags,
			0600);

	return fd >= 0 ? fd : error_set(err, errno, "open the lock");
}

/* The guard of the containers is held: no sweeper comes between the two. */
static int make_directory(struct state *state, int containers_fd,
			  struct error *err)
{
	if (mkdirat(containers_fd, state->id, 0700) < 0)
		return error_set(err, errno, "make the container's directory");
	state->dirfd = openat(containers_fd, state->id,
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (state->dirfd < 0)
		return error_set(err, errno, "open the container's directory");
	state->lock_fd = open_lock(state->dirfd, O_CREAT | O_EXCL, err);
	if (state->lock_fd < 0)
		return state->lock_fd;
	int r = try_lock(state->lock_fd, err);
	if (r == 0)
		return error_say(err, EBUSY, "the container is locked");
	return r < 0 ? r : 0;
}

/* Held for the moment in which a directory is made or judged to be dead. */
static int guard(int containers_fd, short type, struct error *err)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	scoped_fd fd = openat(containers_fd, ".guard",
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_set(err, errno,
				 "open the guard of the containers");
	while (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "lock the containers");
	return take_fd(fd);
}

static int open_containers(const struct store *store, struct error *err)
{
	int fd = path_open_beneath(store->dirfd, "containers",
				   O_RDONLY | O_DIRECTORY, 0, err);

	return fd < 0 ? error_prefix(err, "%s", store->path) : fd;
}

/* Return: 1 alive, 0 dead or gone, -errno */
static int is_alive(int containers_fd, const char *id, struct error *err)
{
	scoped_fd dirfd =
		openat(containers_fd, id,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dirfd < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "open %s", id);
	scoped_fd lock = open_lock(dirfd, 0, err);
	if (lock < 0)
		return lock == -ENOENT ? 0 : lock;
	int r = try_lock(lock, err);
	return r < 0 ? r : !r;
}

static int claim_name(struct state *state, int containers_fd, struct error *err)
{
	char holder[128];

	scoped_fd names = path_open_beneath(state->store->dirfd, "names",
					    O_RDONLY | O_DIRECTORY, 0, err);
	if (names < 0)
		return names;
	if (symlinkat(state->id, names, state->name) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, errno, "take the name %s", state->name);
	ssize_t n = readlinkat(names, state->name, holder, sizeof(holder) - 1);
	holder[n < 0 ? 0 : n] = '\0';
	int alive = n <= 0 || strchr(holder, '/')
			    ? 0
			    : is_alive(containers_fd, holder, err);
	if (alive < 0)
		return alive;
	if (alive) {
		error_say(err, EEXIST,
			  "the name %s is taken by the container "
			  "%.12s",
			  state->name, holder);
		return error_hint(err,
				  "choose another --name, or leave it out");
	}
	/* the guard is held, so nobody else is doing the same */
	unlinkat(names, state->name, 0);
	if (symlinkat(state->id, names, state->name) < 0)
		return error_set(err, errno, "take the name %s", state->name);
	return 0;
}

int state_create(struct state *ret, const struct store *store, const char *id,
		 const char *name, struct error *err)
{
	struct state state = {
		.store = store,
		.id = (char *)id,
		.name = (char *)name,
		.dirfd = -1,
		.lock_fd = -1,
		.path = xasprintf("%s/containers/%s", store->path, id),
	};
	scoped_fd containers = open_containers(store, err);
	int r = containers < 0 ? containers : 0;

	if (r == 0) {
		scoped_fd guarded = guard(containers, F_WRLCK, err);
		r = guarded < 0 ? guarded
				: make_directory(&state, containers, err);
		if (r == 0 && name) {
			r = claim_name(&state, containers, err);
			state.named = r == 0;
		}
	}
	if (r < 0) {
		struct error ignored;
		state_remove(&state, -1, &ignored);
		return r;
	}
	*ret = state;
	return 0;
}

/* The tree belongs to ids of the container: removed by id 0 of the outer. */
static int remove_in_namespace(int dirfd, int userns_fd, struct error *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		static const char *const trees[] = { "upper", "work" };
		if (setns(userns_fd, CLONE_NEWUSER) < 0)
			_exit(STATUS_WOLFFIA);
		for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
			if (path_remove_tree(dirfd, trees[i], err) < 0)
				_exit(STATUS_WOLFFIA);
		_exit(0);
	}
	int status = process_wait(pid, err);
	if (status != 0)
		return error_say(err, EACCES,
				 "remove the files of the container");
	return 0;
}

static int remove_by_call(void *argument, struct error *err)
{
	const struct state *state = argument;
	int r = path_remove_tree(state->dirfd, "upper", err);

	return r < 0 ? r : path_remove_tree(state->dirfd, "work", err);
}

/*
 * Mostly the container wrote nothing, and empty directories go at once.  Those
 * of overlayfs are closed, and hold a mark of "volatile".
 */
static bool remove_if_empty(int dirfd)
{
	static const char *const closed[] = {
		"work/work",
		"work/work/incompat",
		"work/work/incompat/volatile",
	};
	static const char *const parts[] = {
		"work/work/incompat/volatile",
		"work/work/incompat",
		"work/work",
		"work",
		"upper",
	};

	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (fchmodat(dirfd, closed[i], 0700, 0) < 0)
			break;
	unlinkat(dirfd, "work/work/incompat/volatile/dirty", 0);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (unlinkat(dirfd, parts[i], AT_REMOVEDIR) < 0 &&
		    errno != ENOENT && errno != ENOTDIR)
			return false;
	return true;
}

static int remove_contents(struct state *state, int userns_fd,
			   struct error *err)
{
	struct outer_ids ids;

	if (remove_if_empty(state->dirfd))
		return 0;
	if (userns_fd >= 0)
		return remove_in_namespace(state->dirfd, userns_fd, err);
	int r = outer_find_ids(false, &ids, err);
	return r < 0 ? r : outer_call(&ids, remove_by_call, state, err);
}

int state_remove(struct state *state, int outer_userns_fd, struct error *err)
{
	int r = 0;

	if (state->dirfd >= 0) {
		r = remove_contents(state, outer_userns_fd, err);
		if (state->named) {
			scoped(char) *name = xasprintf("names/%s", state->name);
			unlinkat(state->store->dirfd, name, 0);
		}
		/* last the lock, so that what is left is seen as dead */
		if (r == 0)
			unlinkat(state->dirfd, "lock", 0);
		scoped(char) *path = xasprintf("containers/%s", state->id);
		if (r == 0 &&
		    unlinkat(state->store->dirfd, path, AT_REMOVEDIR) < 0 &&
		    errno != ENOENT) /* a sweeper was quicker */
			r = error_set(err, errno, "remove %s", state->path);
	}
	fd_close(&state->lock_fd);
	fd_close(&state->dirfd);
	free(take_ptr(state->path));
	return r;
}

static int sweep_one(const struct store *store, int containers_fd,
		     const char *id, struct error *err)
{
	struct state dead = {
		.store = store,
		.id = (char *)id,
		.dirfd = -1,
		.lock_fd = -1,
	};
	int r;

	{
		scoped_fd guarded = guard(containers_fd, F_WRLCK, err);
		if (guarded < 0)
			return guarded;
		dead.dirfd =
			openat(containers_fd, id,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (dead.dirfd < 0)
			return 0;
		dead.lock_fd = open_lock(dead.dirfd, 0, err);
		r = dead.lock_fd < 0 ? dead.lock_fd
				     : try_lock(dead.lock_fd, err);
		/* the lock goes last: nothing else is in there */
		if (dead.lock_fd == -ENOENT)
			unlinkat(containers_fd, id, AT_REMOVEDIR);
	}
	if (r <= 0) {
		fd_close(&dead.lock_fd);
		fd_close(&dead.dirfd);
		return r;
	}
	dead.path = xasprintf("%s/containers/%s", store->path, id);
	r = state_remove(&dead, -1, err);
	return r < 0 ? r : 1;
}

/* names of containers that are not there any more */
static void sweep_names(const struct store *store)
{
	int names = openat(store->dirfd, "names",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = names < 0 ? NULL : fdopendir(names);

	if (!list)
		return;
	for (struct dirent *entry; (entry = readdir(list));) {
		char id[128];
		struct stat st;
		ssize_t n =
			readlinkat(names, entry->d_name, id, sizeof(id) - 1);
		if (n <= 0)
			continue;
		id[n] = '\0';
		scoped(char) *path = xasprintf("containers/%s", id);
		if (fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			unlinkat(names, entry->d_name, 0);
	}
	closedir(list);
}

int state_sweep(const struct store *store, struct error *err)
{
	scoped_fd containers = open_containers(store, err);
	int copy = containers < 0 ? -1
				  : openat(containers, ".",
					   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	int removed = 0;

	if (!list) {
		fd_close(&copy);
		return containers < 0
			       ? containers
			       : error_set(err, errno, "list containers");
	}
	for (struct dirent *entry; (entry = readdir(list));) {
		if (entry->d_name[0] == '.')
			continue;
		if (sweep_one(store, containers, entry->d_name, err) > 0)
			removed++;
	}
	closedir(list);
	if (removed)
		sweep_names(store);
	return removed;
}
