/*
 * core/plan.h - everything that `run` does, in order, and who does it
 */
#pragma once

#include "core/walk.h"

extern const struct step run_plan[]; /* ends with a step without a name */

/* actor_name - "launcher", "outer", "init" */
const char *actor_name(enum actor actor);
