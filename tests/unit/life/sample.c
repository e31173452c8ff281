#include "tests/unit/life/sample.h"

#include <stdlib.h>

#include "base/memory.h"

static void add_mounts(struct spec *spec)
{
	const struct spec_mount mounts[] = {
		{ .kind = MOUNT_BIND,
		  .source = xstrdup("/src/\xff\xfe"),
		  .target = xstrdup("/data"),
		  .read_only = true,
		  .exec = true,
		  .no_recurse = true,
		  .symlinks = true },
		{ .kind = MOUNT_TMPFS,
		  .target = xstrdup("/tm\xc3\xa9"),
		  .size = 1ull << 40,
		  .mode = 01777 },
		{ .kind = MOUNT_VOLUME,
		  .source = xstrdup("/store/volumes/v"),
		  .target = xstrdup("/v\n") },
	};

	spec->n_mounts = ARRAY_SIZE(mounts);
	spec->mounts = xcalloc(spec->n_mounts, sizeof(mounts[0]));
	for (size_t i = 0; i < spec->n_mounts; i++)
		spec->mounts[i] = mounts[i];
}

static void add_rlimits(struct spec *spec)
{
	static const struct spec_rlimit limits[] = {
		{ RLIMIT_NOFILE, { 10, 20 } },
		{ RLIMIT_CORE, { 0, 0 } },
		{ RLIMIT_MEMLOCK, { RLIM_INFINITY, RLIM_INFINITY } },
		{ RLIMIT_AS, { 1ull << 40, RLIM_INFINITY } },
	};

	spec->n_rlimits = ARRAY_SIZE(limits);
	spec->rlimits = xcalloc(spec->n_rlimits, sizeof(limits[0]));
	for (size_t i = 0; i < spec->n_rlimits; i++)
		spec->rlimits[i] = limits[i];
}

static void add_lists(struct spec *spec)
{
	strv_add(&spec->labels, "key=value");
	strv_add(&spec->labels, "empty=");
	strv_add(&spec->argv, "/bin/prog");
	strv_add(&spec->argv, "");
	spec->entrypoint_words = 2;
	strv_add(&spec->argv, "a b\n\"\\");
	/* no UTF-8 */
	strv_add(&spec->argv, "\xff\x80\xc3");
	strv_add(&spec->argv, "\xc3\xa9 \xe2\x82\xac");
	strv_add(&spec->env, "A=1");
	strv_add(&spec->env, "BYTES=\x80\xff");
	strv_add(&spec->user.groups, "wheel");
	strv_add(&spec->user.groups, "12");
	strv_add(&spec->layers, "/store/layers/2");
	strv_add(&spec->layers, "/store/layers/1");
	strv_add(&spec->mask, "/proc/x");
	strv_add(&spec->unmask, "/proc/y");
}

void sample_spec(struct spec *ret)
{
	struct error ignored;
	struct spec spec = {
		.id = xstrdup(SAMPLE_ID),
		.name = xstrdup("web"),
		.hostname = xstrdup("box"),
		.created_ns = 1700000000123456789ull,
		.remove = true,
		.stop_timeout_ms = 1234,
		.restart = RESTART_ON_FAILURE,
		.restart_max = 5,
		.workdir = xstrdup("/srv/\xff"),
		.user.text = xstrdup("user:group"),
		.stop_signal = 3,
		.timeout_ms = 90000,
		.tty = true,
		.interactive = true,
		.stdin_once = true,
		.log = { .none = true, .max_size = UINT64_MAX, .max_file = 7 },
		.pid1 = true,
		.keep = true,
		.status_fd = -1,
		.rootfs = ROOTFS_IMAGE,
		.driver = DRIVER_FUSE_OVERLAYFS,
		.image = xstrdup("docker.io/library/x:1"),
		.image_digest = xstrdup("sha256:abc"),
		.rootfs_dir = xstrdup("/dir"),
		.whiteout_files = true,
		.squash = true,
		.read_only = true,
		.shm_size = 1 << 20,
		.userns = USERNS_KEEP_ID,
		.capabilities = 0x1ffffffffffull,
		.no_new_privileges = true,
		.seccomp = SECCOMP_OFF,
		.landlock = true,
		.masks = true,
		.network = NETWORK_HOST,
		.pids_limit = 77,
	};

	add_lists(&spec);
	add_mounts(&spec);
	add_rlimits(&spec);
	idmap_add(&spec.outer_uids, 0, 1001, 1, &ignored);
	idmap_add(&spec.outer_uids, 1, 100000, 65536, &ignored);
	idmap_add(&spec.outer_gids, 0, 1002, 1, &ignored);
	idmap_add(&spec.outer_gids, 1, 200000, 1000, &ignored);
	idmap_add(&spec.inner_uids, 0, 1, 65536, &ignored);
	idmap_add(&spec.inner_gids, 0, 1, 1000, &ignored);
	*ret = spec;
}
