/*
 * cmd/inspect_json.h - what "inspect" says, with the names that podman(1) and
 * docker(1) have for it
 *
 * Pure.  What is not to be had here has the value that means "none" there, so
 * that templates which mention it work; what only wolffia has is in "Wolffia".
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/containers.h"
#include "core/spec.h"
#include "storage/history.h"
#include "storage/manifest.h"

struct inspect_facts {
	const struct container *container;
	const struct spec *spec;
	const char *directory; /* containers/<id> of the store, absolute */
	const char *image_id;  /* hexadecimal, or "" */
	bool has_size;
	uint64_t written, whole; /* bytes: its own, and with its image's */
};

json_t *inspect_container(const struct inspect_facts *facts);

/* inspect_host_config - its member "HostConfig" */
json_t *inspect_host_config(const struct spec *spec);

/* inspect_wolffia - its member "Wolffia": ids, confinement, how it ended */
json_t *inspect_wolffia(const struct inspect_facts *facts);

/* An image, as its documents say it. */
struct image_facts {
	const struct image_index *index; /* for its names */
	const struct descriptor *entry;  /* of the index */
	const struct manifest *manifest;
	const struct image_config *config;
	const struct history *history; /* NULL: none that can be read */
	bool show_secrets;             /* else hints stand for them */
};

/* inspect_image - its member "Wolffia" has "Secrets": cmd/image_secrets.h */
json_t *inspect_image(const struct image_facts *facts);
