/*
 * core/launch_record.h - the launcher writes down what happens to its
 * container (core/record.h)
 *
 * A file that cannot be written is an error until somebody was told that the
 * container runs: one that nobody can see would be a lie.  Afterwards it would
 * be worse to end it.
 */
#pragma once

#include "core/events.h"
#include "core/launch.h"

/* launch_record_begin - that there is one, and listen to other commands */
int launch_record_begin(struct launch *l, struct error *err);

int launch_record_started(struct launch *l, struct error *err);
int launch_record_phase(struct launch *l, enum phase phase, struct error *err);

/* launch_record_name - for state_rename(), with a struct launch */
int launch_record_name(void *launch, const char *name, struct error *err);

/*
 * launch_record_ended - the command has
 * @phase: PHASE_EXITED; PHASE_RESTARTING: the launcher will start it again
 * @why:   what went wrong, or NULL
 */
int launch_record_ended(struct launch *l, enum phase phase, int exit_code,
			int signal, const char *cause, const struct error *why,
			struct error *err);

/*
 * launch_event - for "wolffia events", with the container's labels
 * @attribute: one more, KEY=VALUE; or NULL
 */
void launch_event(const struct launch *l, const char *action,
		  const char *attribute);

/* launch_event_of_session - a command of "exec" ended that has no client */
void launch_event_of_session(const struct launch *l, const char *session,
			     int exit_code);

/* record_event - the same of a container without a launcher */
void record_event(const struct store *store, const struct record *record,
		  const char *action, const char *attribute);

/* record_event_with - the same with any number of attributes */
void record_event_with(const struct store *store, const struct record *record,
		       const char *action, const struct strv *attributes);
