/*
 * cmd/image/commit_config.h - what an image made of a container will run
 */
#pragma once

#include "core/spec.h"
#include "storage/manifest.h"

/*
 * commit_config - put into @config, that of the container's image, what the
 * container was given instead
 *
 * As docker(1) does it: its command, environment, user, working directory,
 * labels.  What every container gets anew (HOSTNAME, TERM, the usual PATH) is
 * left out, as is what is no UTF-8, which an image cannot hold.  pure
 */
void commit_config(const struct spec *spec, struct image_config *config);
