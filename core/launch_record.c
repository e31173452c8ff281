#include "core/launch_record.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "core/control_server.h"

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static void write_down(struct launch *l)
{
	struct error ignored;

	record_write(l->state->dirfd, &l->record, &ignored);
}

static int begin_new(struct launch *l, struct error *err)
{
	int r = record_write_spec(l->state->dirfd, l->spec, err);

	record_of(l->spec, &l->record);
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
	r = record_write(dirfd, &l->record, err);
	if (r == 0 && !l->spec->remove)
		r = state_keep(l->state, err);
	if (r < 0)
		return r;
	l->control_fd = control_listen(dirfd, err);
	return l->control_fd < 0 ? l->control_fd : 0;
}

void launch_record_started(struct launch *l)
{
	l->record.phase = PHASE_RUNNING;
	l->record.pid = l->board->init_pid;
	l->record.started_ns = record_now();
	l->record.finished_ns = 0;
	l->record.exit_code = l->record.signal = 0;
	set_text(&l->record.cause, CAUSE_NONE);
	set_text(&l->record.message, "");
	write_down(l);
}

void launch_record_phase(struct launch *l, enum phase phase)
{
	l->record.phase = phase;
	write_down(l);
}

int launch_record_name(struct launch *l, struct error *err)
{
	set_text(&l->record.name, l->state->name);
	return record_write(l->state->dirfd, &l->record, err);
}

void launch_record_ended(struct launch *l, enum phase phase, int exit_code,
			 int signal, const char *cause, const struct error *err)
{
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
	set_text(&l->record.message, err ? err->text : "");
	if (l->record.id)
		write_down(l);
}
