/*
 * core/plan.h - everything that `run` does, in order, and who does it
 */
#pragma once

#include "core/walk.h"

/* they end with a step without a name */
extern const struct step run_plan[];
extern const struct step visit_plan[]; /* core/visit.h */

/* actor_name - "launcher", "outer", "init" */
const char *actor_name(enum actor actor);
