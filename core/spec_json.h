/*
 * core/spec_json.h - a spec as one JSON object, so that a container can be
 * kept, looked at, and started again
 *
 * What concerns only this start is not in it: descriptors, --quiet, --debug.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "core/spec.h"

json_t *spec_to_json(const struct spec *spec);

/*
 * spec_from_json - the opposite; spec_check()ed
 * @ret: spec_free() afterwards
 * Return: 0; -EINVAL it is not what spec_to_json() wrote; -ENOTSUP a newer
 * version of wolffia wrote it.
 */
int spec_from_json(const json_t *object, struct spec *ret, struct error *err);
