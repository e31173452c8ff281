#include "core/resolve.h"

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *what;
	enum userns_mode asked;
	enum rootfs_kind rootfs;
	enum driver driver;
	int mount; /* -1: none */
	enum userns_mode mode;
} modes[] = {
	{ "an image", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_AUTO, -1,
	  USERNS_NOMAP },
	{ "a directory", USERNS_AUTO, ROOTFS_DIR, DRIVER_AUTO, -1,
	  USERNS_NOMAP },
	{ "this machine", USERNS_AUTO, ROOTFS_HOST, DRIVER_AUTO, -1,
	  USERNS_NOMAP },
	{ "fuse-overlayfs", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_FUSE_OVERLAYFS,
	  -1, USERNS_NOMAP },
	{ "a tmpfs", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_AUTO, MOUNT_TMPFS,
	  USERNS_NOMAP },
	{ "a bind mount", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_AUTO, MOUNT_BIND,
	  USERNS_AS_ME },
	{ "a volume", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_AUTO, MOUNT_VOLUME,
	  USERNS_AS_ME },
	{ "a root written in place", USERNS_AUTO, ROOTFS_DIR_RW, DRIVER_AUTO,
	  -1, USERNS_AS_ME },
	{ "the kernel's overlayfs", USERNS_AUTO, ROOTFS_IMAGE, DRIVER_OVERLAY,
	  -1, USERNS_AS_ME },
	{ "nomap, asked for", USERNS_NOMAP, ROOTFS_IMAGE, DRIVER_AUTO,
	  MOUNT_BIND, USERNS_NOMAP },
	{ "keep-id, asked for", USERNS_KEEP_ID, ROOTFS_IMAGE, DRIVER_AUTO, -1,
	  USERNS_KEEP_ID },
	{ "single, asked for", USERNS_SINGLE, ROOTFS_IMAGE, DRIVER_AUTO,
	  MOUNT_BIND, USERNS_SINGLE },
};
/* clang-format on */

START_TEST(the_caller_is_in_the_container_when_files_are_shared)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		/* the mount that counts is the last one */
		struct spec_mount mounts[] = {
			{ .kind = MOUNT_TMPFS },
			{ .kind = (enum mount_kind)modes[i].mount },
		};
		struct spec spec = {
			.userns = modes[i].asked,
			.rootfs = modes[i].rootfs,
			.driver = modes[i].driver,
			.mounts = mounts,
			.n_mounts = modes[i].mount < 0 ? 1 : 2,
		};

		ck_assert_msg(spec_resolve_mode(&spec) == modes[i].mode, "%s",
			      modes[i].what);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("resolve");

	tcase_add_test(tests,
		       the_caller_is_in_the_container_when_files_are_shared);
	return suite_run("resolve", tests);
}
