#include "core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "core/spec_json.h"
#include "storage/digest.h"
#include "storage/image_store.h"

enum { FILE_LARGEST = 16 * 1024 * 1024, COMMAND_SHOWN = 4096 };

/* clang-format off */
static const char *const phase_names[] = {
	[PHASE_CREATED]    = "created",
	[PHASE_RUNNING]    = "running",
	[PHASE_PAUSED]     = "paused",
	[PHASE_RESTARTING] = "restarting",
	[PHASE_EXITED]     = "exited",
};
/* clang-format on */

const char *phase_name(enum phase phase)
{
	return phase_names[phase];
}

uint64_t record_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static char *join_command(const struct strv *argv)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < argv->n && strlen(text) < COMMAND_SHOWN; i++) {
		char *next =
			xasprintf("%s%s%s", text, i ? " " : "", argv->v[i]);
		free(text);
		text = next;
	}
	return text;
}

void record_of(const struct spec *spec, struct record *ret)
{
	*ret = (struct record){
		.id = xstrdup(spec->id),
		.name = xstrdup(spec->name),
		.image = xstrdup(spec->rootfs == ROOTFS_HOST ? "@host"
				 : spec->image               ? spec->image
				 : spec->rootfs_dir          ? spec->rootfs_dir
							     : ""),
		.command = join_command(&spec->argv),
		.created_ns = spec->created_ns,
		.removes = spec->remove,
		.tty = spec->tty,
		.cause = xstrdup(CAUSE_NONE),
		.message = xstrdup(""),
	};
	strv_extend(&ret->labels, spec->labels.v);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		const char *slash = m->source ? strrchr(m->source, '/') : NULL;
		if (m->kind == MOUNT_VOLUME && slash)
			strv_add(&ret->mounts, slash + 1);
		else if (m->source)
			strv_add(&ret->mounts, m->source);
	}
}

void record_free(struct record *record)
{
	free(record->id);
	free(record->name);
	free(record->image);
	free(record->command);
	free(record->cause);
	free(record->message);
	strv_free(&record->labels);
	strv_free(&record->mounts);
	*record = (struct record){ 0 };
}

/*
 * On a full disk what is there has room for about as much again: how a
 * container ended is worth a moment in which a reader may find half of it.
 */
static int overwrite_file(int dirfd, const char *name, const char *text,
			  struct error *err)
{
	scoped_fd fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return error_set(err, errno, "open");
	int r = fd_write_all(fd, text, strlen(text), err);
	if (r == 0 && ftruncate(fd, (off_t)strlen(text)) < 0)
		r = error_set(err, errno, "truncate");
	return r;
}

/* whole or not at all, for every reader and after every crash of ours */
static int replace_file(int dirfd, const char *name, json_t *object,
			struct error *err)
{
	scoped(char) *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	scoped(char) *temporary = xasprintf("%s.new", name);

	json_decref(object);
	if (!text)
		return error_say(err, EINVAL, "write %s: it has no text form",
				 name);
	scoped_fd fd = openat(
		dirfd, temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? error_set(err, errno, "open")
		       : fd_write_all(fd, text, strlen(text), err);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = error_set(err, errno, "rename");
	if (r < 0)
		unlinkat(dirfd, temporary, 0);
	struct error ignored;
	if ((r == -ENOSPC || r == -EDQUOT) &&
	    overwrite_file(dirfd, name, text, &ignored) == 0)
		r = 0;
	return r < 0 ? error_prefix(err, "write %s", name) : 0;
}

json_t *record_to_json(const struct record *record)
{
	json_t *object = json_object();

	json_object_set_new(object, "id", json_from_text(record->id));
	json_object_set_new(object, "name", json_from_text(record->name));
	json_object_set_new(object, "image", json_from_text(record->image));
	json_object_set_new(object, "command", json_from_text(record->command));
	json_object_set_new(object, "labels", json_from_texts(&record->labels));
	json_object_set_new(object, "mounts", json_from_texts(&record->mounts));
	json_object_set_new(object, "cause", json_from_text(record->cause));
	json_object_set_new(object, "message", json_from_text(record->message));
	json_t *rest = json_pack(
		"{s:I, s:b, s:b, s:i, s:i, s:i, s:I, s:I, s:i, s:i, s:I}",
		"created_ns", (json_int_t)record->created_ns, "removes",
		record->removes, "tty", record->tty, "phase",
		(int)record->phase, "pid", (int)record->pid, "launcher_pid",
		(int)record->launcher_pid, "started_ns",
		(json_int_t)record->started_ns, "finished_ns",
		(json_int_t)record->finished_ns, "exit_code", record->exit_code,
		"signal", record->signal, "restarts",
		(json_int_t)record->restarts);
	json_object_update(object, rest);
	json_decref(rest);
	return object;
}

int record_write(int dirfd, const struct record *record, struct error *err)
{
	return replace_file(dirfd, "status.json", record_to_json(record), err);
}

static int get_numbers(const json_t *object, struct record *ret,
		       struct error *err)
{
	int phase = 0, pid = 0, launcher = 0;
	uint64_t restarts = 0;
	int r = json_get_u64(object, "created_ns", &ret->created_ns, err);

	if (r >= 0)
		r = json_get_u64(object, "started_ns", &ret->started_ns, err);
	if (r >= 0)
		r = json_get_u64(object, "finished_ns", &ret->finished_ns, err);
	if (r >= 0)
		r = json_get_u64(object, "restarts", &restarts, err);
	if (r >= 0)
		r = json_get_bool(object, "removes", &ret->removes, err);
	if (r >= 0)
		r = json_get_bool(object, "tty", &ret->tty, err);
	if (r >= 0)
		r = json_get_int(object, "phase", &phase, err);
	if (r >= 0)
		r = json_get_int(object, "pid", &pid, err);
	if (r >= 0)
		r = json_get_int(object, "launcher_pid", &launcher, err);
	if (r >= 0)
		r = json_get_int(object, "exit_code", &ret->exit_code, err);
	if (r >= 0)
		r = json_get_int(object, "signal", &ret->signal, err);
	if (r >= 0 && (phase < 0 || phase > PHASE_EXITED))
		r = error_say(err, EINVAL, "\"phase\": %d", phase);
	ret->phase = (enum phase)phase;
	ret->pid = pid;
	ret->launcher_pid = launcher;
	ret->restarts = (uint32_t)restarts;
	return r < 0 ? r : 0;
}

static int get_texts(const json_t *object, struct record *ret,
		     struct error *err)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{ "id", &ret->id },       { "name", &ret->name },
		{ "image", &ret->image }, { "command", &ret->command },
		{ "cause", &ret->cause }, { "message", &ret->message },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++) {
		r = json_get_text(object, texts[i].key, texts[i].to, err);
		if (r == 0)
			r = error_say(err, EINVAL, "\"%s\" is missing",
				      texts[i].key);
	}
	if (r >= 0)
		r = json_get_texts(object, "labels", &ret->labels, err);
	if (r >= 0)
		r = json_get_texts(object, "mounts", &ret->mounts, err);
	return r < 0 ? r : 0;
}

int record_from_json(const json_t *object, struct record *ret,
		     struct error *err)
{
	struct record record = { 0 };
	int r = get_texts(object, &record, err);

	if (r == 0)
		r = get_numbers(object, &record, err);
	if (r < 0) {
		record_free(&record);
		return r;
	}
	*ret = record;
	return 0;
}

int record_read(int dirfd, struct record *ret, struct error *err)
{
	scoped_json *object = NULL;
	int r = json_read_file(dirfd, "status.json", FILE_LARGEST, &object,
			       err);

	if (r < 0)
		return r;
	r = record_from_json(object, ret, err);
	return r < 0 ? error_prefix(err, "status.json") : 0;
}

static int write_image(int dirfd, const struct spec *spec, struct error *err)
{
	if (!spec->image_digest)
		return 0;
	scoped(char) *line = xasprintf("%s\n", spec->image_digest);
	scoped_fd fd = openat(
		dirfd, "image",
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, errno, "write the image's digest");
	return fd_write_all(fd, line, strlen(line), err);
}

/* under the lock of those who remove images: see collect_find() */
static int keep_image(const struct store *store, bool kept, int dirfd,
		      const struct spec *spec, struct error *err)
{
	if (!store || !spec->image_digest)
		return write_image(dirfd, spec, err);
	scoped(char) *blob = digest_blob_path(spec->image_digest);
	scoped(char) *path = xasprintf("oci/%s", blob);
	scoped_fd lock = kept ? store_lock(store, err) : -1;

	if (kept && lock < 0)
		return lock;
	if (faccessat(store->dirfd, path, F_OK, 0) == 0)
		return write_image(dirfd, spec, err);
	/* what another store has is not for this one to keep */
	if (image_store_has_blob(store, spec->image_digest))
		return 0;
	return kept ? error_say(err, ENOENT, "the image %s was removed",
				spec->image)
		    : write_image(dirfd, spec, err);
}

int record_write_spec(const struct store *store, bool kept, int dirfd,
		      const struct spec *spec, struct error *err)
{
	int r = keep_image(store, kept, dirfd, spec, err);

	return r < 0 ? r
		     : replace_file(dirfd, "spec.json", spec_to_json(spec),
				    err);
}

int record_read_spec(int dirfd, struct spec *ret, struct error *err)
{
	scoped_json *object = NULL;
	int r = json_read_file(dirfd, "spec.json", FILE_LARGEST, &object, err);

	if (r == 0)
		r = spec_from_json(object, ret, err);
	return r < 0 ? error_prefix(err, "spec.json") : 0;
}
