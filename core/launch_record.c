#include "core/launch_record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/control_server.h"

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static int write_down(struct launch *l, struct error *err)
{
	return record_write(l->state->dirfd, &l->record, err);
}

void record_event_with(const struct store *store, const struct record *record,
		       const char *action, const struct strv *attributes)
{
	scoped_event event = {
		.type = EVENT_CONTAINER,
		.action = action,
		.id = record->id,
		.name = record->name,
		.image = record->image,
	};

	strv_extend(&event.attributes, record->labels.v);
	strv_extend(&event.attributes, attributes->v);
	events_append(store, &event);
}

void record_event(const struct store *store, const struct record *record,
		  const char *action, const char *attribute)
{
	scoped_strv attributes = { 0 };

	if (attribute)
		strv_add(&attributes, attribute);
	record_event_with(store, record, action, &attributes);
}

void launch_event(const struct launch *l, const char *action,
		  const char *attribute)
{
	/* one that was never written down has no name to tell */
	if (l->record.id)
		record_event(l->state->store, &l->record, action, attribute);
}

void launch_event_of_session(const struct launch *l, const char *session,
			     int exit_code)
{
	scoped_strv attributes = { 0 };

	strv_addf(&attributes, "execID=%s", session);
	strv_addf(&attributes, "exitCode=%d", exit_code);
	if (l->record.id)
		record_event_with(l->state->store, &l->record, EVENT_EXEC_DIE,
				  &attributes);
}

static int begin_new(struct launch *l, struct error *err)
{
	int r = record_write_spec(l->state->store, !l->spec->remove,
				  l->state->dirfd, l->spec, err);

	record_of(l->spec, &l->record);
	if (r == 0)
		launch_event(l, EVENT_CREATE, NULL);
	return r;
}

int launch_record_begin(struct launch *l, struct error *err)
{
	int dirfd = l->state->dirfd;
	int r = l->again ? record_read(dirfd, &l->record, err)
			 : begin_new(l, err);

	if (r < 0)
		return r;
	set_text(&l->record.name, l->state->name);
	l->record.launcher_pid = getpid();
	/* one that goes with its launcher is there when it runs */
	if (!l->spec->remove)
		r = record_write(dirfd, &l->record, err);
	if (r == 0 && !l->spec->remove)
		r = state_keep(l->state, err);
	/* it is over with its launcher, from now on */
	if (l->spec->remove)
		unlinkat(dirfd, "keep", 0);
	if (r == 0 && !l->log)
		r = log_open(&l->log, dirfd, &l->spec->log, err);
	if (r < 0)
		return r;
	l->control_fd = control_listen(dirfd, err);
	return l->control_fd < 0 ? l->control_fd : 0;
}

int launch_record_started(struct launch *l, struct error *err)
{
	l->record.phase = PHASE_RUNNING;
	l->record.pid = l->board->init_pid;
	l->record.started_ns = record_now();
	l->record.finished_ns = 0;
	l->record.exit_code = l->record.signal = 0;
	set_text(&l->record.cause, CAUSE_NONE);
	set_text(&l->record.message, "");
	int r = write_down(l, err);
	if (r == 0)
		launch_event(l, EVENT_START, NULL);
	return r;
}

int launch_record_phase(struct launch *l, enum phase phase, struct error *err)
{
	enum phase before = l->record.phase;

	l->record.phase = phase;
	if (phase == PHASE_EXITED)
		l->record.launcher_pid = 0;
	int r = write_down(l, err);
	if (r < 0) {
		l->record.phase = before;
		return r;
	}
	if (phase == PHASE_PAUSED)
		launch_event(l, EVENT_PAUSE, NULL);
	else if (phase == PHASE_RUNNING)
		launch_event(l, EVENT_UNPAUSE, NULL);
	return 0;
}

int launch_record_name(void *launch, const char *name, struct error *err)
{
	struct launch *l = launch;
	scoped(char) *old = xstrdup(l->record.name);

	set_text(&l->record.name, name);
	int r = record_write(l->state->dirfd, &l->record, err);
	if (r < 0) {
		set_text(&l->record.name, old);
		return r;
	}
	scoped(char) *note = xasprintf("oldName=%s", old);
	launch_event(l, EVENT_RENAME, note);
	return 0;
}

int launch_record_ended(struct launch *l, enum phase phase, int exit_code,
			int signal, const char *cause, const struct error *why,
			struct error *err)
{
	int r = 0;

	/* one that never ran is still as it was created, with the reason */
	if (l->record.started_ns)
		l->record.phase = phase;
	l->record.pid = 0;
	if (phase != PHASE_RESTARTING)
		l->record.launcher_pid = 0;
	l->record.finished_ns = record_now();
	l->record.exit_code = exit_code;
	l->record.signal = signal;
	set_text(&l->record.cause, cause);
	set_text(&l->record.message, why ? why->text : "");
	if (!l->record.id)
		return 0;
	if (!l->spec->remove)
		r = write_down(l, err);
	scoped(char) *code = xasprintf("exitCode=%d", exit_code);
	if (l->record.started_ns && strcmp(cause, CAUSE_OOM) == 0)
		launch_event(l, EVENT_OOM, NULL);
	if (l->record.started_ns)
		launch_event(l, EVENT_DIE, code);
	return r;
}
