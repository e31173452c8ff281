/* cmd/rm.c - "wolffia rm" and "wolffia rename" */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/life_tables.h"
#include "cmd/print.h"
#include "cmd/selection.h"
#include "core/control.h"
#include "core/launch_record.h"
#include "core/names.h"
#include "core/record.h"
#include "core/state.h"

struct rm_options {
	struct container_options common;
	struct selection which;
	enum flag force, volumes;
	const char *time;
};

#define TO rm_options
/* clang-format off */
const struct option_entry rm_table[] = {
HEADING("What is removed"),
SELECTION_ROWS(0, "all containers"),
SELECTION_IGNORE_ROW,
HEADING("How"),
FLAG('f', "force", force, "kill what runs, and say nothing of what is not "
     "there"),
FLAG('v', "volumes", volumes,
     "for docker's sake: there are no volumes without a name"),
VALUE('t', "time", time, "SECONDS", "for podman's sake: -f kills at once"),
CONTAINER_ROWS
};
const struct option_entry rename_table[] = {
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int is_running(const struct container *container, struct error *err)
{
	error_say(err, EBUSY, "the container %s is running",
		  container->record.name);
	return error_hint(err, "\"wolffia stop %s\" first, or rm -f",
			  container->record.name);
}

/*
 * End it, if it lives, and hold its directory.  Where nobody listens although
 * the lock is held, it is just being started, or its launcher was killed and
 * the rest is about to end: both are over in a moment.
 */
static int end_and_hold(const struct store *store, const struct record *record,
			struct state *ret, struct error *err)
{
	const struct control_request now = { .verb = CONTROL_STOP,
					     .number = 0 };
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	enum { TRIES = 500 };
	int r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < TRIES; i++) {
		if (i > 0)
			nanosleep(&moment, NULL);
		r = control_call(store, record->id, &now, NULL, err);
		if (r == 0 || r == -ESRCH)
			r = state_open(ret, store, record->id, record->name,
				       err);
	}
	return r;
}

static int remove_one(struct container_verb *verb,
		      const struct container *container, void *context,
		      struct error *err)
{
	const struct rm_options *options = context;
	const struct record *record = &container->record;
	struct state state = STATE_NONE;

	if (container->alive && options->force != FLAG_YES)
		return is_running(container, err);
	int r = container->alive
			? end_and_hold(&verb->store, record, &state, err)
			: state_open(&state, &verb->store, record->id,
				     record->name, err);
	/* one that removes itself */
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = state_remove(&state, -1, err);
	if (r == 0)
		record_event(&verb->store, record, EVENT_REMOVE, NULL);
	return r;
}

int verb_rm(const struct call *call)
{
	struct rm_options options = { 0 };
	struct container_verb verb = {
		.table = rm_table,
		.usage = "rm [OPTION...] CONTAINER...",
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	/* those that are not there are as they should be */
	if (options.force == FLAG_YES)
		options.which.ignore = FLAG_YES;
	if (r == 0)
		r = selection_add(&verb, &options.which, NULL);
	if (r == 0) {
		status = container_verb_each(&verb, true, remove_one, &options);
		/* and what dead launchers left */
		state_sweep(&verb.store, &err);
		names_sweep(&verb.store);
	}
	selection_free(&options.which);
	container_verb_end(&verb);
	return status;
}

/* a container that does not run, with its record */
struct stopped {
	struct state state;
	struct record record;
};

static int write_name(void *context, const char *name, struct error *err)
{
	struct stopped *stopped = context;
	int r = record_read(stopped->state.dirfd, &stopped->record, err);

	if (r < 0)
		return r;
	free(stopped->record.name);
	stopped->record.name = xstrdup(name);
	return record_write(stopped->state.dirfd, &stopped->record, err);
}

static int rename_stopped(struct container_verb *verb, const struct record *old,
			  const char *name, struct error *err)
{
	struct stopped stopped = { .state = STATE_NONE };
	int r = state_open(&stopped.state, &verb->store, old->id, old->name,
			   err);

	if (r == 0)
		r = state_rename(&stopped.state, name, write_name, &stopped,
				 err);
	if (r == 0) {
		scoped(char) *old_name = xasprintf("oldName=%s", old->name);
		record_event(&verb->store, &stopped.record, EVENT_RENAME,
			     old_name);
	}
	record_free(&stopped.record);
	state_close(&stopped.state);
	return r;
}

static int rename_it(struct container_verb *verb, struct error *err)
{
	const char *name = verb->arguments.v[1];
	struct control_request request = { .verb = CONTROL_RENAME };
	struct container container = { 0 };
	int r = spec_check_name(name, err);

	if (r == 0)
		r = container_find(&verb->store, verb->arguments.v[0],
				   &container, err);
	if (r == 0 && container.alive) {
		strncpy(request.name, name, sizeof(request.name) - 1);
		r = control_call(&verb->store, container.record.id, &request,
				 NULL, err);
	} else if (r == 0) {
		r = rename_stopped(verb, &container.record, name, err);
	}
	container_free(&container);
	return r;
}

int verb_rename(const struct call *call)
{
	struct rm_options options = { 0 };
	struct container_verb verb = {
		.table = rename_table,
		.usage = "rename CONTAINER NAME",
		.least = 2,
		.most = 2,
		.missing = "the container or its new name",
	};
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		if (rename_it(&verb, &err) < 0)
			print_error(&err);
		else
			status = 0;
	}
	container_verb_end(&verb);
	return status;
}
