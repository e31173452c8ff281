#include "core/events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/rotated.h"
#include "base/text.h"

void event_free(struct event *event)
{
	strv_free(&event->attributes);
	json_decref(event->owner);
	*event = (struct event){ 0 };
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* what is no UTF-8 is escaped: JSON has no other text */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);

	if (value)
		return value;
	size_t room = 4 * strlen(text) + 1;
	scoped(char) *escaped = xcalloc(room, 1);
	text_escape(escaped, room, text);
	return json_string(escaped);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, text_value(text));
}

/* as many as there is room for */
static json_t *attributes_object(const struct strv *attributes)
{
	json_t *object = json_object();
	size_t left = EVENT_LINE_MAX / 2;

	for (size_t i = 0; i < attributes->n; i++) {
		const char *text = attributes->v[i];
		const char *equals = strchr(text, '=');
		scoped(char) *key = xstrndup(
			text, equals ? (size_t)(equals - text) : strlen(text));
		if (strlen(text) > left)
			continue;
		left -= strlen(text);
		/* a key that is no UTF-8 is refused */
		json_object_set_new(object, key,
				    text_value(equals ? equals + 1 : ""));
	}
	return object;
}

char *event_format(const struct event *event)
{
	scoped_json *object = json_object();
	int64_t time = event->time_ns ? event->time_ns : now_ns();

	json_object_set_new(object, "time", json_integer(time));
	set_text(object, "type", event->type);
	set_text(object, "action", event->action);
	set_text(object, "id", event->id);
	set_text(object, "name", event->name);
	set_text(object, "image", event->image);
	json_object_set_new(object, "attributes",
			    attributes_object(&event->attributes));
	char *text = json_dumps(object, JSON_COMPACT);
	char *line = xasprintf("%s\n", text ? text : "{}");
	free(text);
	return line;
}

static int take_text(const json_t *object, const char *key, bool wanted,
		     const char **ret, struct error *err)
{
	int r = json_get_string(object, key, ret, err);

	if (r == 0 && wanted)
		return error_say(err, EINVAL, "there is no \"%s\"", key);
	return r < 0 ? r : 0;
}

static int take_attributes(const json_t *object, struct strv *ret,
			   struct error *err)
{
	json_t *attributes = NULL, *value;
	const char *key;
	int r = json_get_object(object, "attributes", &attributes, err);

	if (r <= 0)
		return r;
	json_object_foreach (attributes, key, value)
		if (!json_is_string(value))
			return error_say(err, EINVAL, "\"%s\" is not a string",
					 key);
	json_object_foreach (attributes, key, value)
		strv_addf(ret, "%s=%s", key, json_string_value(value));
	return 0;
}

int event_parse(const char *line, size_t size, struct event *ret,
		struct error *err)
{
	scoped_event event = { 0 };
	uint64_t time = 0;
	int r = json_parse(line, size, "event", &event.owner, err);

	if (r == 0 && !json_is_object(event.owner))
		r = error_say(err, EINVAL, "an event is an object");
	if (r == 0)
		r = json_get_u64(event.owner, "time", &time, err);
	if (r == 0)
		return error_say(err, EINVAL, "there is no \"time\"");
	if (r > 0)
		r = take_text(event.owner, "type", true, &event.type, err);
	if (r == 0)
		r = take_text(event.owner, "action", true, &event.action, err);
	if (r == 0)
		r = take_text(event.owner, "id", true, &event.id, err);
	if (r == 0)
		r = take_text(event.owner, "name", false, &event.name, err);
	if (r == 0)
		r = take_text(event.owner, "image", false, &event.image, err);
	if (r == 0)
		r = take_attributes(event.owner, &event.attributes, err);
	if (r < 0)
		return r;
	event.time_ns = (int64_t)time;
	*ret = event;
	event = (struct event){ 0 };
	return 0;
}

/*
 * Alone with the file.  A process that is stopped while it holds the lock
 * shall not stop all others: after a second there is no more waiting.
 */
static bool lock_file(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct timespec pause = { .tv_nsec = 200 * 1000 };
	enum { TRIES = 5000 };

	for (int i = 0; i < TRIES; i++) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* the file was rotated away before it was locked */
static bool is_replaced(const struct store *store, const struct stat *opened)
{
	struct stat st;

	return fstatat(store->dirfd, EVENTS_NAME, &st, AT_SYMLINK_NOFOLLOW) <
		       0 ||
	       st.st_ino != opened->st_ino || st.st_dev != opened->st_dev;
}

/* a write beyond it would be answered by SIGXFSZ */
static bool is_over_limit(off_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	       limit.rlim_cur != RLIM_INFINITY && (rlim_t)size > limit.rlim_cur;
}

static void write_line(int fd, off_t size, const char *line)
{
	char last = '\n';
	bool torn =
		size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
	scoped(char) *text = xasprintf("%s%s", torn ? "\n" : "", line);

	if (is_over_limit(size + (off_t)strlen(text)))
		return;
	/* whatever comes of it: nobody could do better */
	ssize_t ignored = write(fd, text, strlen(text));
	(void)ignored;
}

/* Return: 0 done, or not to be done; 1 the file is another one now */
static int try_append(const struct store *store, const char *line)
{
	enum { FLAGS = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW };
	scoped_fd fd = openat(store->dirfd, EVENTS_NAME, FLAGS, 0600);
	struct stat st;
	struct error ignored;

	if (fd < 0)
		return 0;
	bool locked = lock_file(fd);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (is_replaced(store, &st))
		return 1;
	if (st.st_size + (off_t)strlen(line) + 1 > EVENTS_SIZE_MAX)
		return locked && rotated_shift(store->dirfd, EVENTS_NAME, 2,
					       &ignored) == 0;
	write_line(fd, st.st_size, line);
	return 0;
}

void events_append(const struct store *store, const struct event *event)
{
	scoped(char) *line = event_format(event);
	enum { TRIES = 1000 };

	for (int i = 0; i < TRIES && try_append(store, line) > 0; i++)
		;
}

void events_append_prune(const struct store *store, const char *type,
			 uint64_t reclaimed)
{
	scoped_event event = { .type = type, .action = EVENT_PRUNE, .id = "" };

	strv_addf(&event.attributes, "reclaimed=%" PRIu64, reclaimed);
	events_append(store, &event);
}

struct event_reader {
	struct rotated *lines;
};

int events_open(struct event_reader **ret, const struct store *store,
		bool follow, struct error *err)
{
	struct rotated *lines = NULL;
	int r = rotated_open(&lines, store->dirfd, EVENTS_NAME, follow, err);

	if (r < 0)
		return r;
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->lines = lines;
	return 0;
}

void events_close(struct event_reader *reader)
{
	if (reader)
		rotated_close(reader->lines);
	free(reader);
}

int events_skip(struct event_reader *reader, struct error *err)
{
	return rotated_seek_end(reader->lines, err);
}

int events_read(struct event_reader *reader, struct event *ret,
		struct error *err)
{
	struct rotated_line line;
	struct error ignored;
	int r;

	while ((r = rotated_next(reader->lines, &line, err)) > 0)
		if (line.starts && line.ends &&
		    event_parse(line.text, line.size, ret, &ignored) == 0)
			return 1;
	return r;
}

int events_watch(const struct event_reader *reader)
{
	return rotated_watch(reader->lines);
}

void events_watched(struct event_reader *reader)
{
	rotated_watched(reader->lines);
}
