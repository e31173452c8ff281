/*
 * core/disk_usage.h - the room that trees of files take on disk
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

/*
 * disk_usage - bytes of the blocks of all files and directories below @paths
 * @paths: of trees and files, absolute; one that is not there has none
 * @freed: count what would be free without them: a file with a name elsewhere
 *         takes its room all the same
 * @ret:   one for each path
 *
 * A file with several names is counted once, for the first of @paths that has
 * it (with @freed, the last).  The files belong to ids of containers: a process
 * that is id 0 of the outer user namespace looks at them.
 */
int disk_usage(const struct strv *paths, bool freed, uint64_t *ret,
	       struct error *err);
