/*
 * cmd/container_row.h - a container as "ps" shows it
 *
 * Pure functions of a record and the time.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "core/containers.h"

/* What a list says besides the record; the members may be NULL: not known. */
struct row_more {
	uint64_t now_ns; /* CLOCK_REALTIME */
	bool no_trunc;
	const char *image_id;     /* hexadecimal */
	const char *network;      /* "none" */
	const struct strv *argv;  /* instead of the record's one text */
	const struct strv *paths; /* where its mounts are */
	bool has_size;
	uint64_t written, whole; /* bytes: its own, and with its image's */
};

/*
 * container_row - for the templates of docker(1), with its names:
 * {{.ID}} {{.Names}} {{.Status}} and so on
 */
json_t *container_row(const struct container *container,
		      const struct row_more *more);

/* container_row_headings - what stands over the columns of such */
json_t *container_row_headings(void);

/* container_row_podman - as "podman ps --format json" has it */
json_t *container_row_podman(const struct container *container,
			     const struct row_more *more);

/*
 * container_row_status - "Up 3 minutes (Paused)", "Exited (0) 2 hours ago"
 * Of one whose launcher was killed nobody knows when: "Exited (137)".
 * Return: the caller's to free.
 */
char *container_row_status(const struct record *record, uint64_t now_ns);
