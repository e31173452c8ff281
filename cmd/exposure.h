/*
 * cmd/exposure.h - sources of bind mounts that give away more than a
 * directory of work
 */
#pragma once

#include "base/strv.h"
#include "core/spec.h"

/*
 * exposure_find - what of the user's secrets the mounts of @spec make reachable
 * @ret: one line for each mount that does, appended
 *
 * Sources are compared after their links are resolved, by components.
 */
void exposure_find(const struct spec *spec, const char *store_path,
		   struct strv *ret);
