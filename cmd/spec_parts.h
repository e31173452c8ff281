/*
 * cmd/spec_parts.h - the parts of spec_from_options(), each in a file
 */
#pragma once

#include "cmd/spec_from_options.h"

/* what every container has, unless something else is said */
#define SPEC_DEFAULT_PATH                                                      \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct spec_build {
	const struct options *options;
	const struct spec_source *source;
	struct spec *spec;    /* is filled */
	struct strv *notices; /* are appended */
};

/* cmd/spec_environment.c: variables and labels; after name and terminal */
int spec_take_environment(struct spec_build *build, struct error *err);
int spec_take_labels(struct spec_build *build, struct error *err);

/* cmd/spec_files.c: the root, and what is mounted on it */
int spec_take_root(struct spec_build *build, struct error *err);
int spec_take_mounts(struct spec_build *build, struct error *err);

/* cmd/spec_rights.c: profile, capabilities, ids, network, limits */
int spec_take_rights(struct spec_build *build, struct error *err);
int spec_take_limits(struct spec_build *build, struct error *err);

/* spec_absolute - @path as an absolute and normal one, the caller's to free;
 * -ENOENT when the working directory is gone or out of reach */
int spec_absolute(const char *path, char **ret, struct error *err);

/* spec_notice - tell the user, once and escaped for a terminal */
void spec_notice(struct spec_build *build, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
