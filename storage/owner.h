/*
 * storage/owner.h - whom a file of a container belongs to in its image
 *
 * On disk its ids are those that the container's ids are outside; in an image
 * they are the container's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

struct owner_map {
	bool squash; /* all files are root's, whatever the disk says */
	/* there is one id: who owns a file of the image, and its mode, are in
	 * the attribute user.containers.override_stat (storage/unpack/unpack.h)
	 */
	bool single;
	/* the id in the image, UINT32_MAX for none; NULL: they are the same */
	uint32_t (*uid)(const void *context, uint32_t id);
	uint32_t (*gid)(const void *context, uint32_t id);
	const void *context;
};

struct owner {
	uint32_t uid, gid;
	uint32_t mode; /* permission bits, 07777 */
};

/*
 * owner_find - of the file that @st was read of
 * @fd: the file, open for reading; -1: it has no attributes
 *
 * An id that the image has no number for can only be ours, so it is root's.
 */
struct owner owner_find(const struct owner_map *map, int fd,
			const struct stat *st);

/*
 * owner_parse - the value of user.containers.override_stat, "uid:gid:0mode";
 * pure.  Written by us when a layer was unpacked, but whoever may write the
 * file may have changed it.
 * Return: 0; -EINVAL
 */
int owner_parse(const char *text, size_t size, struct owner *ret);

/*
 * owner_capability - the value of security.capability as an image has it
 *
 * Within a user namespace the kernel may give it with the namespace's root id
 * (revision 3 of struct vfs_ns_cap_data, capabilities(7)); in an image it has
 * none (revision 2), and belongs to whoever is root there.  pure
 * @to: the same @size bytes at most, may be @value
 * Return: the size of the result; -EINVAL it is malformed; -ERANGE it is for
 * the root of another namespace than the container's.
 */
int owner_capability(const struct owner_map *map, const void *value,
		     size_t size, void *to);
