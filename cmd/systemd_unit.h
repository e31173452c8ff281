/*
 * cmd/systemd_unit.h - a unit for systemd's user manager that runs a container
 *
 * Pure.  The launcher is the service: what systemd starts, sees ready by
 * sd_notify(3), and whose exit status is the container's.
 * Source: systemd.service(5), systemd.unit(5), systemd.syntax(7).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/spec.h"

struct unit_facts {
	const char *program; /* wolffia, absolute */
	const char *store;   /* absolute */
	const char *name;    /* of the container */
	const char *unit;    /* of the unit, without ".service" */
	const struct spec *spec;
	const char *restart; /* systemd's word, or NULL: as the spec says */
	uint64_t stop_ms;    /* with .has_stop: instead of the spec's */
	bool has_stop;
};

/* systemd_unit_text - Return: the unit, the caller's to free */
char *systemd_unit_text(const struct unit_facts *facts);

/*
 * systemd_quote - a word of a command line, or a path
 * In quotation marks if need be; % is doubled, controls are \xNN.
 * Return: the caller's to free.
 */
char *systemd_quote(const char *word);

/* systemd_unit_name_is_valid - letters, digits and ":-_.\@", up to 247 */
bool systemd_unit_name_is_valid(const char *name);
