/*
 * cmd/image/push_name.h - where an image is to be pushed
 *
 * Only ever to the registry that was typed: short names, which are searched
 * for when an image is pulled, name none, and "localhost/..." is no registry.
 * Pure.
 */
#pragma once

#include "base/error.h"
#include "storage/reference.h"

/*
 * push_name_parse - of a destination, or of the name of an image of the store
 * "docker://" before it is passed over: so podman and skopeo write it.
 * Return: 0 with a domain; -EINVAL it is no name, names no registry, or has a
 * digest.
 */
int push_name_parse(const char *text, struct reference *ret, struct error *err);

/* push_name_of_image - the same of an image that was typed without a
 * destination: the hint says how to write one */
int push_name_of_image(const char *text, struct reference *ret,
		       struct error *err);
