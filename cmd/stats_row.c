#include "cmd/stats_row.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cmd/human.h"
#include "cmd/show_json.h"

#define UNKNOWN "--"

enum { ID_SHOWN = 12 };

/* member, podman's member, heading */
/* clang-format off */
static const char *const columns[][3] = {
	{ "CPUPerc",  "cpu_percent", "CPU %" },
	{ "MemUsage", "mem_usage",   "MEM USAGE / LIMIT" },
	{ "MemPerc",  "mem_percent", "MEM %" },
	{ "NetIO",    "net_io",      "NET I/O" },
	{ "BlockIO",  "block_io",    "BLOCK I/O" },
	{ "PIDs",     "pids",        "PIDS" },
};
/* clang-format on */

json_t *stats_row_headings(void)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "Container", "CONTAINER",
				   "ID", "CONTAINER ID", "Name", "NAME");

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		show_set(object, columns[i][0], columns[i][2]);
	return object;
}

static char *share(double part, double whole)
{
	return whole > 0 ? xasprintf("%.2f%%", 100 * part / whole)
			 : xstrdup(UNKNOWN);
}

/* of one processor: two that are busy are 200 % */
static char *cpu_text(const struct stats_facts *facts)
{
	const struct look *a = &facts->before, *b = &facts->now;

	if (!facts->runs || a->when_ns == 0)
		return xstrdup(UNKNOWN);
	/* a process whose parent does not wait for it takes its time along */
	uint64_t ticks = b->usage.cpu_ticks > a->usage.cpu_ticks
				 ? b->usage.cpu_ticks - a->usage.cpu_ticks
				 : 0;
	return share((double)ticks / (double)facts->ticks,
		     (double)(b->when_ns - a->when_ns) / 1e9);
}

static char *pair(uint64_t a, uint64_t b, char *(*write)(uint64_t))
{
	scoped(char) *x = a == USAGE_UNKNOWN ? xstrdup(UNKNOWN) : write(a);
	scoped(char) *y = b == USAGE_UNKNOWN ? xstrdup(UNKNOWN) : write(b);

	return xasprintf("%s / %s", x, y);
}

/* Return: as columns[] */
static char *cell(const struct stats_facts *facts, size_t column)
{
	static const struct usage unknown = {
		.memory = USAGE_UNKNOWN,
		.received = USAGE_UNKNOWN,
		.sent = USAGE_UNKNOWN,
		.read = USAGE_UNKNOWN,
		.written = USAGE_UNKNOWN,
	};
	const struct usage *u = facts->runs ? &facts->now.usage : &unknown;

	switch (column) {
	case 0:
		return cpu_text(facts);
	case 1:
		return pair(u->memory,
			    facts->runs ? facts->memory : USAGE_UNKNOWN,
			    human_bytes);
	case 2:
		return facts->runs
			       ? share((double)u->memory, (double)facts->memory)
			       : xstrdup(UNKNOWN);
	case 3:
		return pair(u->received, u->sent, human_size);
	case 4:
		return pair(u->read, u->written, human_size);
	default:
		return facts->runs ? xasprintf("%llu",
					       (unsigned long long)u->threads)
				   : xstrdup(UNKNOWN);
	}
}

static json_t *make_row(const struct stats_facts *facts, bool podman)
{
	scoped(char) *id = facts->no_trunc
				   ? xstrdup(facts->record->id)
				   : xstrndup(facts->record->id, ID_SHOWN);
	json_t *row = json_object();

	show_set(row, podman ? "id" : "ID", id);
	show_set(row, podman ? "name" : "Name", facts->record->name);
	if (!podman)
		show_set(row, "Container", id);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		scoped(char) *text = cell(facts, i);
		show_set(row, columns[i][podman ? 1 : 0], text);
	}
	return row;
}

json_t *stats_row(const struct stats_facts *facts)
{
	return make_row(facts, false);
}

json_t *stats_row_podman(const struct stats_facts *facts)
{
	return make_row(facts, true);
}
