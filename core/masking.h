/*
 * core/masking.h - covering and freezing paths of a container's file systems
 */
#pragma once

#include "core/launch.h"

/* nosuid, nodev, noexec: of all that shows the kernel */
#define MASKING_SYSTEM                                                         \
	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/*
 * masking_hide - cover @path below @base, so that nothing is in it
 * @empty_fd: a mount that covers directories, shared by the calls: -1 before
 *            the first, closed by the caller after the last
 * Return: 0, also when there is no such path.
 */
int masking_hide(struct launch *l, int base, const char *path, int *empty_fd,
		 struct error *err);

/* masking_freeze - make @path below @base read-only, with all mounts in it */
int masking_freeze(int base, const char *path, struct error *err);

/* masking_is_lifted - did --security-opt unmask= name @path or what holds it?
 */
bool masking_is_lifted(const struct spec *spec, const char *path);

/*
 * masking_cover - all masks of core/confine/masks.h, and those asked for, in
 * one of the system's directories
 * @top: "/proc" or "/sys", which lies below @base
 */
int masking_cover(struct launch *l, int base, const char *top,
		  struct error *err);
