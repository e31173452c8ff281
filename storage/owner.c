#include "storage/owner.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "base/memory.h"
#include "base/text.h"

static uint32_t translate(uint32_t (*to_image)(const void *, uint32_t),
			  const void *context, uint32_t id)
{
	uint32_t there = to_image ? to_image(context, id) : id;

	return there == UINT32_MAX ? 0 : there;
}

/* one number, up to @end; @base is 10 or 8 */
static int take_number(const char **text, char end, uint32_t base, uint64_t max,
		       uint32_t *ret)
{
	uint64_t value = 0;
	const char *s = *text;

	for (; *s && *s != end; s++) {
		uint32_t digit = (uint32_t)(*s - '0');
		if (digit >= base)
			return -EINVAL;
		value = value * base + digit;
		if (value > max)
			return -EINVAL;
	}
	if (s == *text || *s != end)
		return -EINVAL;
	*text = s + (end != '\0');
	*ret = (uint32_t)value;
	return 0;
}

int owner_parse(const char *text, size_t size, struct owner *ret)
{
	char copy[64];
	const char *s = copy;
	struct owner owner;

	if (size >= sizeof(copy) || memchr(text, '\0', size))
		return -EINVAL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	/* 2^32-1 is no id: chown(2) */
	if (take_number(&s, ':', 10, UINT32_MAX - 1, &owner.uid) < 0 ||
	    take_number(&s, ':', 10, UINT32_MAX - 1, &owner.gid) < 0 ||
	    take_number(&s, '\0', 8, 07777, &owner.mode) < 0)
		return -EINVAL;
	*ret = owner;
	return 0;
}

/*
 * Unpacked for one id, a file's mode lost what would have been that id's own:
 * see single_mode() in unpack_writer.c.  As long as nobody changed the mode on
 * disk, the file has the one it came with.
 */
static uint32_t single_mode(uint32_t came_with, bool directory)
{
	uint32_t mode = (came_with & 01777) | 0600;

	return mode | (directory || (came_with & 0111) ? 0100 : 0);
}

static struct owner find_single(int fd, const struct stat *st)
{
	struct owner owner, now = { .mode = st->st_mode & 07777 };
	char text[64];
	ssize_t n = fd < 0 ? -1
			   : fgetxattr(fd, "user.containers.override_stat",
				       text, sizeof(text));

	if (n < 0 || owner_parse(text, (size_t)n, &owner) < 0)
		return now;
	if (now.mode != single_mode(owner.mode, S_ISDIR(st->st_mode)))
		owner.mode = now.mode;
	return owner;
}

struct owner owner_find(const struct owner_map *map, int fd,
			const struct stat *st)
{
	if (map->squash)
		return (struct owner){ .mode = st->st_mode & 07777 };
	if (map->single)
		return find_single(fd, st);
	return (struct owner){
		.uid = translate(map->uid, map->context, st->st_uid),
		.gid = translate(map->gid, map->context, st->st_gid),
		.mode = st->st_mode & 07777,
	};
}

int owner_capability(const struct owner_map *map, const void *value,
		     size_t size, void *to)
{
	struct vfs_ns_cap_data data = { 0 };

	if (size != sizeof(struct vfs_cap_data) && size != sizeof(data))
		return -EINVAL;
	memcpy(&data, value, size);
	uint32_t magic = le32toh(data.magic_etc);
	uint32_t revision = magic & VFS_CAP_REVISION_MASK;
	uint32_t wanted =
		size == sizeof(data) ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2;
	if (revision != wanted)
		return -EINVAL;
	if (revision == VFS_CAP_REVISION_3) {
		uint32_t root = le32toh(data.rootid);
		if (root != 0 && !map->squash && !map->single &&
		    (!map->uid || map->uid(map->context, root) != 0))
			return -ERANGE;
	}
	data.magic_etc = htole32((magic & ~(uint32_t)VFS_CAP_REVISION_MASK) |
				 VFS_CAP_REVISION_2);
	memcpy(to, &data, sizeof(struct vfs_cap_data));
	return (int)sizeof(struct vfs_cap_data);
}
