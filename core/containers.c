#include "core/containers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "core/names.h"
#include "core/state.h"
#include "core/state_lock.h"

int container_open(const struct store *store, const char *id, struct error *err)
{
	scoped_fd containers = state_open_containers(store, err);

	if (containers < 0)
		return containers;
	int fd = openat(containers, id,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 ? fd : error_set(err, errno, "open container %.12s", id);
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

/* a launcher that was killed could not write down how it ended */
static void bury(struct record *record)
{
	if (record->phase == PHASE_CREATED || record->phase == PHASE_EXITED)
		return;
	record->phase = PHASE_EXITED;
	record->exit_code = 137;
	record->signal = 9;
	set_text(&record->cause, CAUSE_LAUNCHER);
	set_text(&record->message, "its launcher was killed");
}

/*
 * One that is kept and whose record is damaged is still there, to be seen and
 * removed: under its id, with the reason.
 */
static void make_up(const char *id, const struct error *why, struct record *ret)
{
	*ret = (struct record){
		.id = xstrdup(id),
		.name = xasprintf("%.12s", id),
		.image = xstrdup(""),
		.command = xstrdup(""),
		.phase = PHASE_EXITED,
		.exit_code = STATUS_WOLFFIA,
		.cause = xstrdup(CAUSE_LAUNCHER),
		.message = xstrdup(why->text),
	};
}

static int read_record(int dirfd, const char *id, bool alive,
		       struct record *ret, struct error *err)
{
	int r = record_read(dirfd, ret, err);

	if (r == -EINVAL || (r == -ENOENT && !alive)) {
		make_up(id, err, ret);
		return 0;
	}
	return r < 0 ? error_prefix(err, "container %.12s", id) : 0;
}

/* Return: 0; -ENOENT there is nothing to be seen (yet, or any more) */
static int look(int containers_fd, const char *id, struct container *ret,
		struct error *err)
{
	scoped_fd dirfd =
		openat(containers_fd, id,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	/* what is no directory is no container */
	if (dirfd < 0)
		return error_set(err,
				 errno == ENOTDIR || errno == ELOOP ? ENOENT
								    : errno,
				 "open container %.12s", id);
	scoped_fd lock = state_lock_look(dirfd, err);
	if (lock < 0)
		return lock;
	/* the lock is looked at first: what ends in between has written how */
	int alive = state_lock_is_held(lock, STATE_ALIVE, err);
	int kept = alive == 0 ? state_is_kept(dirfd, err) : 1;
	if (alive < 0 || kept < 0)
		return -err->code;
	if (!kept)
		return error_set(err, ENOENT, "container %.12s", id);
	int r = read_record(dirfd, id, alive, &ret->record, err);
	if (r < 0)
		return r;
	/* it may have been started in between */
	if (!alive)
		alive = state_lock_is_held(lock, STATE_ALIVE, err);
	if (alive < 0) {
		record_free(&ret->record);
		return alive;
	}
	ret->alive = alive;
	if (!ret->alive)
		bury(&ret->record);
	return 0;
}

static DIR *open_list(const struct store *store, struct error *err)
{
	int fd = state_open_containers(store, err);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list && fd >= 0) {
		error_set(err, errno, "list the containers");
		fd_close(&fd);
	}
	return list;
}

static bool is_hex(const char *text)
{
	return *text && !text[strspn(text, "0123456789abcdef")];
}

/* Return: 0 with the id in *ret; -ENOENT, -ENOTUNIQ */
static int find_prefix(const struct store *store, const char *prefix,
		       char **ret, struct error *err)
{
	scoped(char) *found = NULL;
	DIR *list = is_hex(prefix) ? open_list(store, err) : NULL;
	bool unique = true;

	if (is_hex(prefix) && !list)
		return -err->code;
	for (struct dirent *entry; list && (entry = readdir(list));) {
		if (entry->d_name[0] == '.' ||
		    !text_starts_with(entry->d_name, prefix))
			continue;
		unique = !found;
		if (!found)
			found = xstrdup(entry->d_name);
	}
	if (list)
		closedir(list);
	if (!unique)
		return error_say(err, ENOTUNIQ,
				 "\"%s\" is the beginning of more than one id",
				 prefix);
	if (!found)
		return -ENOENT;
	*ret = take_ptr(found);
	return 0;
}

static int not_found(const struct store *store, const char *name,
		     struct error *err)
{
	struct container *list = NULL;
	struct strv names = { 0 };
	struct error ignored;
	size_t n = 0;

	container_list(store, &list, &n, &ignored);
	for (size_t i = 0; i < n; i++)
		strv_add(&names, list[i].record.name);
	const char *near =
		text_nearest(name, (const char *const *)strv_argv(&names));
	error_say(err, ENOENT, "there is no container \"%s\"", name);
	if (near)
		error_hint(err, "did you mean %s?", near);
	else
		error_hint(err, "\"wolffia ps -a\" lists them");
	strv_free(&names);
	containers_free(list, n);
	return -ENOENT;
}

int container_find(const struct store *store, const char *name,
		   struct container *ret, struct error *err)
{
	scoped(char) *id = NULL;
	struct container found = { 0 };
	int r = names_find(store, name, &id, err);

	if (r == -ENOENT)
		r = find_prefix(store, name, &id, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0) {
		scoped_fd containers = state_open_containers(store, err);
		if (containers < 0)
			return containers;
		r = look(containers, id, &found, err);
	}
	if (r == -ENOENT)
		return not_found(store, name, err);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}

void container_free(struct container *container)
{
	record_free(&container->record);
}

static int by_age(const void *a, const void *b)
{
	const struct container *x = a, *y = b;

	return (x->record.created_ns < y->record.created_ns) -
	       (x->record.created_ns > y->record.created_ns);
}

/* the next that may be a container's; NULL with errno, or 0 at the end */
static struct dirent *next_entry(DIR *list)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(list);
	} while (entry && entry->d_name[0] == '.');
	return entry;
}

int container_list(const struct store *store, struct container **ret,
		   size_t *ret_n, struct error *err)
{
	struct container *all = NULL;
	size_t n = 0, room = 0;
	DIR *list = open_list(store, err);
	int r = 0;

	if (!list)
		return -err->code;
	for (struct dirent *entry; r == 0 && (entry = next_entry(list));) {
		if (n == room) {
			room = 2 * room + 16;
			all = xreallocarray(all, room, sizeof(*all));
		}
		all[n] = (struct container){ 0 };
		r = look(dirfd(list), entry->d_name, &all[n], err);
		if (r == 0)
			n++;
		else if (r == -ENOENT)
			r = 0;
	}
	if (r == 0 && errno)
		r = error_set(err, errno, "list the containers");
	closedir(list);
	if (r < 0) {
		containers_free(all, n);
		return r;
	}
	if (n > 1)
		qsort(all, n, sizeof(*all), by_age);
	*ret = all;
	*ret_n = n;
	return 0;
}

void containers_free(struct container *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		container_free(&list[i]);
	free(list);
}
