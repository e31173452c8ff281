/*
 * storage/registry/platform.h - which image of an index is for which machine
 *
 * Pure but for platform_of_machine().  Source: image-spec 1.1,
 * image-index.md "Platform variants"; the words are those of Go.
 */
#pragma once

#include "base/error.h"
#include "storage/manifest.h"

/* "linux", "arm", "v7"; a variant of "" is the plain one.  For amd64 the
 * variant is the newest level that can be run: "v1".."v4". */
struct platform {
	char os[16];
	char architecture[16];
	char variant[16];
};

/*
 * platform_parse - "OS/ARCHITECTURE[/VARIANT]", as --platform has it
 * Other names of the same thing are taken: x86_64, aarch64, armhf.
 * Return: 0; -EINVAL with a hint.
 */
int platform_parse(const char *text, struct platform *ret, struct error *err);

/* platform_of_machine - of uname(2) and the processor */
void platform_of_machine(struct platform *ret);

/* platform_from_machine - the same for a uname(2) machine and, for x86-64, a
 * level of 1 to 4 */
void platform_from_machine(const char *machine, int level,
			   struct platform *ret);

/*
 * platform_choose - the entry of @index that runs on @wanted
 *
 * Older variants run on newer processors: of several that fit, the newest
 * arm, and the plain amd64, whose levels are choices of taste.  Attestations
 * ("unknown/unknown") are never chosen; an entry that names no platform will
 * do when no other fits.
 * Return: its place in entries; -ENOENT with the platforms that there are.
 */
int platform_choose(const struct image_index *index,
		    const struct platform *wanted, struct error *err);

/* platform_text - "linux/arm/v7", the caller's to free */
char *platform_text(const struct platform *platform);
