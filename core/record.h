/*
 * core/record.h - what is known of a container, in its directory
 *
 * spec.json is written once, when it is made.  status.json is written by the
 * live launcher at each change, under a temporary name and renamed, and holds
 * all that a list shows, so that a list reads one file a container.
 *
 * What it says of the past is so; that a container runs is a lock, and never
 * taken from here (core/containers.h puts the two together).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/spec.h"
#include "storage/store.h"

enum phase {
	PHASE_CREATED, /* never started */
	PHASE_RUNNING,
	PHASE_PAUSED,
	PHASE_RESTARTING, /* its launcher waits to start it again */
	PHASE_EXITED,
};

/* How it ended; the names are those of --status-fd. */
#define CAUSE_NONE    ""
#define CAUSE_EXIT    "exit"
#define CAUSE_SIGNAL  "signal"
#define CAUSE_OOM     "oom"
#define CAUSE_TIMEOUT "timeout"
#define CAUSE_STOPPED "stopped" /* by stop, kill, or a signal to us */
#define CAUSE_LAUNCHER                                                         \
	"launcher" /* wolffia, its helper, or its parent failed */

struct record {
	char *id, *name;
	char *image;   /* as given; "" with a directory */
	char *command; /* the arguments, with blanks between */
	struct strv labels;
	struct strv mounts; /* sources, or names of volumes */
	uint64_t created_ns;
	bool removes; /* itself, at its end */
	bool tty;

	enum phase phase;
	pid_t pid;          /* of PID 1, on the host; 0 unless it runs */
	pid_t launcher_pid; /* 0 unless it runs */
	uint64_t started_ns, finished_ns; /* CLOCK_REALTIME; 0: never */
	int exit_code;                    /* for the shell: 0..255, 128+N */
	int signal;                       /* that ended it, or 0 */
	char *cause;                      /* CAUSE_* */
	char *message;                    /* of the error, or "" */
	uint32_t restarts;
};

/* record_of - the record of a container that is just made */
void record_of(const struct spec *spec, struct record *ret);
void record_free(struct record *record);

/*
 * record_to_json, record_from_json - the text of the file, and back
 * Return: 0; -EINVAL it is not what record_to_json() wrote.
 */
json_t *record_to_json(const struct record *record);
int record_from_json(const json_t *object, struct record *ret,
		     struct error *err);

/* record_write, record_read - status.json in the directory @dirfd */
int record_write(int dirfd, const struct record *record, struct error *err);
int record_read(int dirfd, struct record *ret, struct error *err);

/*
 * record_write_spec, record_read_spec - spec.json, and the file "image"
 * @store: NULL: nobody removes images
 * @kept:  the container is: that its image is still there, and that it is kept
 *         for this container, is one step for those who remove images.  One
 *         that goes with its launcher holds the layers, and that is enough
 * Return: 0; -ENOENT the image was removed.
 */
int record_write_spec(const struct store *store, bool kept, int dirfd,
		      const struct spec *spec, struct error *err);
int record_read_spec(int dirfd, struct spec *ret, struct error *err);

/* record_now - CLOCK_REALTIME in nanoseconds */
uint64_t record_now(void);

/* phase_name - "created", "running", "paused", ... as docker says them */
const char *phase_name(enum phase phase);
