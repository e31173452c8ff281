/*
 * storage/new_image.h - what every image that is made here has
 */
#pragma once

#include "base/error.h"
#include "storage/manifest.h"

/*
 * new_image_name - the normal form of a name that a user gives
 * Return: 0 with the caller's to free; -EINVAL malformed, or a digest.
 */
int new_image_name(const char *text, char **ret, struct error *err);

/*
 * new_image_stamp - set config->created: now, or SOURCE_DATE_EPOCH, so that
 * the same input makes the same image (reproducible-builds.org)
 */
int new_image_stamp(struct image_config *config, struct error *err);

/*
 * new_image_change - apply instructions as of import --change (import.h), and
 * see that a reader of the image accepts the result
 */
int new_image_change(struct image_config *config, const struct strv *changes,
		     struct error *err);

/* new_image_entry - its entry of the index, but for name, digest and size */
void new_image_entry(struct descriptor *entry);
