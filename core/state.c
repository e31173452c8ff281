#include "core/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/names.h"
#include "core/state_lock.h"

int state_open_containers(const struct store *store, struct error *err)
{
	int fd = path_open_beneath(store->dirfd, "containers",
				   O_RDONLY | O_DIRECTORY, 0, err);

	return fd < 0 ? error_prefix(err, "%s", store->path) : fd;
}

static struct state state_of(const struct store *store, const char *id,
			     const char *name)
{
	return (struct state){
		.store = store,
		.id = xstrdup(id),
		.name = xstrdup(name),
		.dirfd = -1,
		.lock_fd = -1,
		.path = xasprintf("%s/containers/%s", store->path, id),
	};
}

static int open_directory(struct state *state, int containers_fd,
			  struct error *err)
{
	state->dirfd = openat(containers_fd, state->id,
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return state->dirfd < 0
		       ? error_set(err, errno, "open the container's directory")
		       : 0;
}

/* The guard of the containers is held: no sweeper comes between the two. */
static int make_directory(struct state *state, int containers_fd,
			  struct error *err)
{
	if (mkdirat(containers_fd, state->id, 0700) < 0)
		return error_set(err, errno, "make the container's directory");
	int r = open_directory(state, containers_fd, err);
	if (r < 0)
		return r;
	state->lock_fd = state_lock_open(state->dirfd, O_CREAT | O_EXCL, err);
	if (state->lock_fd < 0)
		return state->lock_fd;
	r = state_lock_try(state->lock_fd, STATE_ALIVE, err);
	if (r == 0)
		return error_say(err, EBUSY, "the container is locked");
	return r < 0 ? r : 0;
}

int state_create(struct state *ret, const struct store *store, const char *id,
		 const char *name, struct error *err)
{
	struct state state = state_of(store, id, name);
	scoped_fd containers = state_open_containers(store, err);
	int r = containers < 0 ? containers : 0;

	if (r == 0) {
		scoped_fd guarded = state_guard(containers, err);
		r = guarded < 0 ? guarded
				: make_directory(&state, containers, err);
		if (r == 0) {
			r = names_claim(store, containers, name, id, err);
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

static int is_gone(const char *name, struct error *err)
{
	return error_say(err, ENOENT, "there is no container \"%s\"", name);
}

static int seize(struct state *state, int containers_fd, struct error *err)
{
	int r = open_directory(state, containers_fd, err);

	if (r < 0)
		return r == -ENOENT ? is_gone(state->name, err) : r;
	state->lock_fd = state_lock_open(state->dirfd, 0, err);
	if (state->lock_fd < 0)
		return state->lock_fd == -ENOENT ? is_gone(state->name, err)
						 : state->lock_fd;
	/* who runs it does not hold this one: the wait is for a moment */
	r = state_lock_wait(state->lock_fd, STATE_BUSY, err);
	if (r < 0)
		return r;
	if (faccessat(state->dirfd, "lock", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return is_gone(state->name, err);
	r = state_lock_is_held(state->lock_fd, STATE_ALIVE, err);
	if (r < 0)
		return r;
	if (r > 0) {
		error_say(err, EBUSY, "the container %s is running",
			  state->name);
		return error_hint(err, "\"wolffia stop %s\" ends it",
				  state->name);
	}
	state->named = true;
	return 0;
}

int state_open(struct state *ret, const struct store *store, const char *id,
	       const char *name, struct error *err)
{
	struct state state = state_of(store, id, name);
	scoped_fd containers = state_open_containers(store, err);
	int r = containers < 0 ? containers : seize(&state, containers, err);

	if (r < 0) {
		state_close(&state);
		return r;
	}
	*ret = state;
	return 0;
}

int state_revive(struct state *state, struct error *err)
{
	int r = state_lock_try(state->lock_fd, STATE_ALIVE, err);

	if (r == 0)
		return error_say(err, EBUSY, "the container %s is running",
				 state->name);
	if (r < 0)
		return r;
	state_lock_release(state->lock_fd, STATE_BUSY);
	return 0;
}

int state_keep(struct state *state, struct error *err)
{
	scoped_fd fd =
		openat(state->dirfd, "keep",
		       O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? error_set(err, errno, "keep the container's directory")
		      : 0;
}

int state_rename(struct state *state, const char *name,
		 int (*write)(void *context, const char *name,
			      struct error *err),
		 void *context, struct error *err)
{
	struct error ignored;
	scoped_fd containers = state_open_containers(state->store, err);
	if (containers < 0)
		return containers;
	scoped_fd guarded = state_guard(containers, err);
	if (guarded < 0)
		return guarded;
	int r = names_claim(state->store, containers, name, state->id, err);
	if (r < 0)
		return r;
	r = write(context, name, err);
	if (r < 0) {
		names_release(state->store, name, state->id, &ignored);
		return r;
	}
	r = names_release(state->store, state->name, state->id, err);
	free(state->name);
	state->name = xstrdup(name);
	return r;
}

void state_close(struct state *state)
{
	fd_close(&state->lock_fd);
	fd_close(&state->dirfd);
	free(take_ptr(state->path));
	free(take_ptr(state->id));
	free(take_ptr(state->name));
}
