/*
 * cmd/spec_from_options.h - from what was typed to the description of a
 * container: absolute paths, numbers, nothing left to parse
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "cmd/options.h"
#include "core/spec.h"
#include "storage/image.h"

/* What the options are read together with. */
struct spec_source {
	const struct image *image; /* NULL if !options_want_image() */
	const char *store_path;    /* absolute; named volumes lie below it */
	char *const *environment;  /* the caller's: for -e NAME */
};

/*
 * spec_from_options - fill a spec and check it
 * @ret:         spec_free() afterwards; untouched on failure
 * @ret_notices: lines for the user, appended; they are no failures
 *
 * Asks the system for random numbers, the working directory, whether sources
 * of bind mounts exist (the launch resolves them again, by descriptor), and
 * reads the files of --env-file and --label-file.  Modes stay AUTO and id maps
 * stay empty: they are resolved by core.
 *
 * Return: 0; -EINVAL, -EPERM, -EOPNOTSUPP as spec_check() and the parsers say;
 * -ENOENT, -EACCES and others for a file or directory that was named.
 */
int spec_from_options(const struct options *options,
		      const struct spec_source *source, struct spec *ret,
		      struct strv *ret_notices, struct error *err);
