/*
 * cmd/mount_option.h - what -v, --mount and --tmpfs say
 *
 * Pure functions: text in, struct out.  Whether a source exists, and where a
 * relative one lies, is for spec_from_options() to find out.
 */
#pragma once

#include "base/error.h"
#include "core/spec.h"

/*
 * mount.source is as it was typed: a path that begins with "/" or "." for a
 * bind mount, a name for a volume, NULL for a tmpfs.  mount.target is
 * absolute and normal.  Both belong to the struct.
 */
struct mount_option {
	struct spec_mount mount;
	const char *notice; /* said once to the user, or NULL; static */
};

void mount_option_free(struct mount_option *option);

/*
 * mount_option_parse_volume - -v SRC:DST[:OPTION,...]
 *
 * Return: 0; -EINVAL malformed, or an unknown option (the hint names the
 * nearest); -EOPNOTSUPP for what docker or podman know and wolffia does not
 * do, with the reason; -EPERM for a DST that is the container's own: "/",
 * and /proc, /sys, /dev with all that is below them (R4).
 */
int mount_option_parse_volume(const char *text, struct mount_option *ret,
			      struct error *err);

/*
 * mount_option_parse_mount - --mount type=...,src=...,dst=...
 * Fields are separated as in CSV (RFC 4180): one in double quotes may have
 * commas.  Without a type it is a volume, as docker has it.
 */
int mount_option_parse_mount(const char *text, struct mount_option *ret,
			     struct error *err);

/* mount_option_parse_tmpfs - --tmpfs DST[:OPTION,...] */
int mount_option_parse_tmpfs(const char *text, struct mount_option *ret,
			     struct error *err);
