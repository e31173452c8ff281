/*
 * core/report.h - the facts of a container's life for programs
 *
 * One JSON object a line on the descriptor of --status-fd:
 *   {"event":"created","id":...,"name":...}
 *   {"event":"started","id":...,"pid":N,"steps":[{"name":...,"us":N},...]}
 *   {"event":"exited","id":...,"code":N,"signal":N,"cause":...,"message":...}
 * cause: "exit", "signal", "oom", "timeout", "stopped", or "launcher": wolffia,
 * one of its processes, or the process that started it failed (core/record.h);
 * .message says more.
 */
#pragma once

#include "core/launch.h"
#include "core/walk.h"

void report_created(const struct spec *spec);
void report_started(const struct launch *l, const struct step *plan);
/* @cause: CAUSE_*; @err: NULL when the workload ran */
void report_exited(const struct spec *spec, int status, int signal,
		   const char *cause, const struct error *err);
