#include "core/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "core/plan.h"

/* A reader that is gone is its own affair: the container goes on. */
static void write_line(const struct spec *spec, json_t *object)
{
	if (object) {
		char *text = json_dumps(object, JSON_COMPACT);
		if (text) {
			scoped(char) *line = xasprintf("%s\n", text);
			ssize_t ignored =
				write(spec->status_fd, line, strlen(line));
			(void)ignored;
		}
		free(text);
	}
	json_decref(object);
}

void report_created(const struct spec *spec)
{
	if (spec->status_fd >= 0)
		write_line(spec,
			   json_pack("{s:s, s:s, s:s?}", "event", "created",
				     "id", spec->id, "name", spec->name));
}

static json_t *timings(const struct launch *l, const struct step *plan)
{
	json_t *steps = json_array();
	uint64_t last = l->started_ns;

	for (int i = 0; plan[i].name; i++) {
		uint64_t now = l->board->finished_ns[i];
		if (now == 0)
			continue;
		json_array_append_new(
			steps,
			json_pack("{s:s, s:s, s:I}", "name", plan[i].name,
				  "actor", actor_name(plan[i].actor), "us",
				  (json_int_t)((now - last) / 1000)));
		last = now;
	}
	return steps;
}

static void report_steps(const struct launch *l, const struct step *plan)
{
	uint64_t last = l->started_ns;

	for (int i = 0; plan[i].name; i++) {
		uint64_t now = l->board->finished_ns[i];
		if (now == 0)
			continue;
		dprintf(STDERR_FILENO, "wolffia: debug: %6llu us %-8s %s\n",
			(unsigned long long)(now - last) / 1000,
			actor_name(plan[i].actor), plan[i].name);
		last = now;
	}
}

void report_started(const struct launch *l, const struct step *plan)
{
	if (l->spec->debug)
		report_steps(l, plan);
	if (l->spec->status_fd >= 0)
		write_line(l->spec, json_pack("{s:s, s:s, s:i, s:o}", "event",
					      "started", "id", l->spec->id,
					      "pid", (int)l->board->init_pid,
					      "steps", timings(l, plan)));
}

void report_exited(const struct spec *spec, int status, int signal,
		   const char *cause, const struct error *err)
{
	if (spec->status_fd >= 0)
		write_line(spec,
			   json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "event",
				     "exited", "id", spec->id, "code", status,
				     "signal", signal, "cause", cause,
				     "message", err ? err->text : ""));
}
