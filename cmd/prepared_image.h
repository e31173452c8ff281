/*
 * cmd/prepared_image.h - the image of a container: found, fetched, unpacked
 *
 * A part of prepared_make().  What fetches and unpacks is wolffia-image.
 */
#pragma once

#include "base/error.h"
#include "cmd/prepared.h"

/*
 * prepared_find_image - fill .image and hold it, as --pull and --platform say
 * Return: 0; -ECHILD it was said what is wrong; errors of image_find()
 */
int prepared_find_image(struct prepared *p, struct error *err);

/* prepared_no_image - what is said of images makes no sense without one */
int prepared_no_image(const struct options *options, struct error *err);
