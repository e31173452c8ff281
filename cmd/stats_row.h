/*
 * cmd/stats_row.h - what a container uses, as "stats" shows it
 *
 * Pure functions of two looks at it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/record.h"
#include "core/usage.h"

/* One look at a container. */
struct look {
	uint64_t when_ns; /* CLOCK_MONOTONIC; 0: there was none */
	struct usage usage;
};

struct stats_facts {
	const struct record *record;
	bool runs; /* else nothing is known */
	struct look before, now;
	uint64_t memory; /* bytes that it may have: the machine's */
	long ticks;      /* of the clock of struct usage, a second */
	bool no_trunc;
};

/*
 * stats_row - with docker's names: {{.Name}} {{.CPUPerc}} {{.MemUsage}} ...
 * What is not known is "--".
 */
json_t *stats_row(const struct stats_facts *facts);
json_t *stats_row_headings(void);

/* stats_row_podman - as "podman stats --format json" has it */
json_t *stats_row_podman(const struct stats_facts *facts);
