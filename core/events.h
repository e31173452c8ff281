/*
 * core/events.h - what happened to containers, images and volumes
 *
 * There is no daemon that could be asked, so whoever does something appends a
 * line to the file "events" of the store: one JSON object.  With "events.1"
 * it is never more than twice EVENTS_SIZE_MAX (base/rotated.h).
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/store.h"

#define EVENTS_NAME "events"

enum {
	EVENTS_SIZE_MAX = 1 << 20, /* bytes of one file */
	EVENT_LINE_MAX = 32 << 10, /* attributes beyond it are left out */
};

/* Types, and the actions of each, as docker-system-events(1) has them, ... */
#define EVENT_CONTAINER   "container"
#define EVENT_IMAGE       "image"
#define EVENT_VOLUME      "volume"
#define EVENT_CREATE      "create" /* of a container, of a volume */
#define EVENT_START       "start"
#define EVENT_ATTACH      "attach"
#define EVENT_KILL        "kill" /* a signal was sent: attribute signal */
#define EVENT_PAUSE       "pause"
#define EVENT_UNPAUSE     "unpause"
#define EVENT_RENAME      "rename" /* attribute oldName */
#define EVENT_DIE         "die"    /* it ended: attribute exitCode */
#define EVENT_STOP        "stop"   /* it was stopped; comes after die */
#define EVENT_RESTART     "restart"
#define EVENT_OOM         "oom"    /* it ended since there was no memory left */
#define EVENT_COMMIT      "commit" /* attributes imageID, imageRef */
#define EVENT_EXPORT      "export"
#define EVENT_DETACH      "detach"      /* somebody let go of its terminal */
#define EVENT_EXEC_DIE    "exec_die"    /* attributes execID, exitCode */
#define EVENT_EXEC_DETACH "exec_detach" /* attribute execID */
#define EVENT_PULL        "pull"
#define EVENT_PUSH        "push"
#define EVENT_LOAD        "load"
#define EVENT_SAVE        "save"
#define EVENT_IMPORT      "import"
#define EVENT_TAG         "tag"
#define EVENT_UNTAG       "untag"
#define EVENT_PRUNE       "prune" /* no id; attribute reclaimed: bytes */
/* ... and those that podman-events(1) says more simply. */
#define EVENT_EXEC   "exec"   /* docker: exec_create and exec_start */
#define EVENT_REMOVE "remove" /* docker: destroy, and delete of images */

struct event {
	const char *type, *action;
	const char *id;
	const char *name;       /* or NULL */
	const char *image;      /* as it was given for a container; or NULL */
	int64_t time_ns;        /* CLOCK_REALTIME; 0: now */
	struct strv attributes; /* KEY=VALUE: labels, exitCode, signal */
	json_t *owner;          /* of the texts above, from event_parse() */
};

/* event_free - the attributes, and what event_parse() made */
void event_free(struct event *event);
#define scoped_event __attribute__((cleanup(event_free))) struct event

/*
 * events_append - note that something happened
 *
 * Never fails for its caller: on a full or read-only disk the event is lost.
 * Writers that race lose nothing.  The lock between them is held for
 * microseconds; one that is kept for a second is passed by.
 */
void events_append(const struct store *store, const struct event *event);

/* events_append_prune - all of @type that nobody used was removed, which freed
 * @reclaimed bytes; each of them has an event of its own as well */
void events_append_prune(const struct store *store, const char *type,
			 uint64_t reclaimed);

/* event_format - the line of @event, the caller's to free, with a newline */
char *event_format(const struct event *event);

/*
 * event_parse - pure: the event of a line without its newline
 * Return: 0; -EINVAL it is none.
 */
int event_parse(const char *line, size_t size, struct event *ret,
		struct error *err);

struct event_reader;

/*
 * events_open - read them from the oldest on, in the order of their lines
 * @follow: false: end with the last there is now
 */
int events_open(struct event_reader **ret, const struct store *store,
		bool follow, struct error *err);
void events_close(struct event_reader *reader); /* NULL is allowed */

/* events_skip - only what happens from now on */
int events_skip(struct event_reader *reader, struct error *err);

/*
 * events_read - Return: 1 with an event for event_free(); 0 there is no
 * more, or none yet.  A line that is no event is passed over.
 */
int events_read(struct event_reader *reader, struct event *ret,
		struct error *err);

/* As rotated_watch() and rotated_watched(), to wait for more. */
int events_watch(const struct event_reader *reader);
void events_watched(struct event_reader *reader);
