/*
 * core/state_remove.c - how a container's directory goes: at its end, by
 * "rm", or by the next command after its launcher was killed
 */
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
#include "core/names.h"
#include "core/state.h"
#include "core/state_lock.h"

/* Return: the wait status of the process that did it; -errno */
static int fork_and_remove(int dirfd, int userns_fd, struct error *err)
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
	return process_wait(pid, err);
}

/* The tree belongs to ids of the container: removed by id 0 of the outer. */
static int remove_in_namespace(int dirfd, int userns_fd, struct error *err)
{
	char how[64];
	int status = fork_and_remove(dirfd, userns_fd, err);

	/* whoever killed it may have meant another one: once more */
	if (status > 0 && WIFSIGNALED(status))
		status = fork_and_remove(dirfd, userns_fd, err);
	if (status <= 0)
		return status;
	error_say(err, EACCES,
		  "cannot remove the files of the container: who was to do it "
		  "%s",
		  process_describe(status, how, sizeof(how)));
	return error_hint(err, "the next start or \"wolffia rm\" tries it "
			       "again");
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

static int remove_written(const struct state *state, int userns_fd,
			  struct error *err)
{
	struct outer_ids ids;
	struct error ignored;

	if (remove_if_empty(state->dirfd))
		return 0;
	if (userns_fd >= 0)
		return remove_in_namespace(state->dirfd, userns_fd, err);
	/* mostly the files are other ids'; of --userns single they are ours,
	 * and there may be no others */
	if (remove_by_call((void *)(uintptr_t)state, &ignored) == 0)
		return 0;
	int r = outer_find_ids(false, &ids, err);
	return r < 0 ? r
		     : outer_call(&ids, remove_by_call,
				  (void *)(uintptr_t)state, err);
}

/* the files that are ours; the lock is the last, so that what is left is
 * seen as dead */
static int remove_files(int dirfd, struct error *err)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!list) {
		fd_close(&copy);
		return error_set(err, errno, "list the container's directory");
	}
	for (struct dirent *entry; (entry = readdir(list));)
		if (strcmp(entry->d_name, "lock") != 0 &&
		    entry->d_type != DT_DIR &&
		    unlinkat(dirfd, entry->d_name, 0) < 0 && errno != ENOENT)
			r = error_set(err, errno, "remove %s", entry->d_name);
	closedir(list);
	if (r == 0 && unlinkat(dirfd, "lock", 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove the lock");
	return r;
}

static int remove_directory(struct state *state, int outer_userns_fd,
			    struct error *err)
{
	/* first: from here on the next command goes on with it */
	unlinkat(state->dirfd, "keep", 0);
	int r = remove_written(state, outer_userns_fd, err);
	if (r == 0 && state->named)
		r = names_release(state->store, state->name, state->id, err);
	if (r == 0)
		r = remove_files(state->dirfd, err);
	scoped(char) *path = xasprintf("containers/%s", state->id);
	if (r == 0 && unlinkat(state->store->dirfd, path, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT) /* a sweeper was quicker */
		r = error_set(err, errno, "remove %s", state->path);
	return r;
}

int state_remove(struct state *state, int outer_userns_fd, struct error *err)
{
	int r = state->dirfd < 0
			? 0
			: remove_directory(state, outer_userns_fd, err);

	state_close(state);
	return r;
}

/*
 * Return: 1 dead, and locked by us; 0 alive, kept, or gone; -errno.  The guard
 * is held: one that is just being made is not seen half.
 */
static int is_dead(struct state *dead, int containers_fd, struct error *err)
{
	dead->dirfd = openat(containers_fd, dead->id,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dead->dirfd < 0)
		return 0;
	dead->lock_fd = state_lock_open(dead->dirfd, 0, err);
	/* the lock goes last: mostly nothing else is in there.  What has files
	 * and no lock is nobody's */
	if (dead->lock_fd == -ENOENT &&
	    unlinkat(containers_fd, dead->id, AT_REMOVEDIR) < 0 &&
	    errno == ENOTEMPTY)
		dead->lock_fd = state_lock_open(dead->dirfd, O_CREAT, err);
	if (dead->lock_fd < 0)
		return dead->lock_fd;
	int r = state_lock_try(dead->lock_fd, STATE_BUSY, err);
	if (r <= 0)
		return r;
	r = state_lock_is_held(dead->lock_fd, STATE_ALIVE, err);
	if (r == 0)
		r = state_is_kept(dead->dirfd, err);
	return r < 0 ? r : !r;
}

/* without the guard, and mostly enough: it is kept, or alive */
static bool seems_fine(int containers_fd, const char *id)
{
	struct error ignored;
	scoped(char) *keep = xasprintf("%s/keep", id);

	if (faccessat(containers_fd, keep, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	scoped_fd dirfd =
		openat(containers_fd, id,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	scoped_fd lock = dirfd < 0 ? -1 : state_lock_look(dirfd, &ignored);
	return lock >= 0 && state_lock_is_held(lock, STATE_ALIVE, &ignored) > 0;
}

static int sweep_one(const struct store *store, int containers_fd,
		     const char *id, struct error *err)
{
	struct state dead = STATE_NONE;
	int r;

	if (seems_fine(containers_fd, id))
		return 0;
	dead.store = store;
	dead.id = xstrdup(id);
	dead.path = xasprintf("%s/containers/%s", store->path, id);
	{
		scoped_fd guarded = state_guard(containers_fd, err);
		r = guarded < 0 ? guarded : is_dead(&dead, containers_fd, err);
	}
	if (r <= 0) {
		state_close(&dead);
		return r;
	}
	r = state_remove(&dead, -1, err);
	return r < 0 ? r : 1;
}

int state_sweep(const struct store *store, struct error *err)
{
	scoped_fd containers = state_open_containers(store, err);
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
		names_sweep(store);
	return removed;
}
