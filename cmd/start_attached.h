/*
 * cmd/start_attached.h - a container that is started with somebody attached to
 * it who may let go: "start -a", "run -it --detach-keys"
 */
#pragma once

#include "core/attach_client.h"
#include "core/launch.h"

/*
 * start_attached - launch in the background, and be attached from the first
 * moment until the command ends, or the keys are typed
 * @how:        LAUNCH_HOW, but for what does not concern streams
 * @started_ns: as for launch_run()
 * @ret_status: for the shell; set in every case
 *
 * Return: enum attached_end of core/attached.h; -errno
 */
int start_attached(const struct record *record, const struct spec *spec,
		   struct state *state, struct launch_how *how,
		   const struct attach_options *options, uint64_t started_ns,
		   int *ret_status, struct error *err);
