/* Attributes that a container may have written: an owner, a capability. */
#include <assert.h>
#include <string.h>

#include <linux/capability.h>

#include "storage/owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct owner_map same = { 0 };
	unsigned char to[sizeof(struct vfs_ns_cap_data)];
	struct owner owner;

	if (owner_parse((const char *)data, size, &owner) == 0)
		assert(owner.mode <= 07777 && owner.uid != UINT32_MAX &&
		       owner.gid != UINT32_MAX);
	int n = owner_capability(&same, data, size, to);
	assert(n < 0 || (size_t)n == sizeof(struct vfs_cap_data));
	return 0;
}
