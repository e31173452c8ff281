/*
 * spec_check() is the only check of what comes from a config.json, so each of
 * its bounds is tested here without any command line.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/spec.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void set(char **field, const char *text)
{
	free(*field);
	*field = text ? xstrdup(text) : NULL;
}

static struct spec_mount *add_mount(struct spec *spec, enum mount_kind kind,
				    const char *source, const char *target)
{
	spec->mounts = xreallocarray(spec->mounts, spec->n_mounts + 1,
				     sizeof(*spec->mounts));
	struct spec_mount *mount = &spec->mounts[spec->n_mounts++];

	*mount = (struct spec_mount){ .kind = kind };
	set(&mount->source, source);
	set(&mount->target, target);
	return mount;
}

static void add_rlimit(struct spec *spec, int resource, rlim_t soft,
		       rlim_t hard)
{
	spec->rlimits = xreallocarray(spec->rlimits, spec->n_rlimits + 1,
				      sizeof(*spec->rlimits));
	spec->rlimits[spec->n_rlimits++] =
		(struct spec_rlimit){ resource, { soft, hard } };
}

static void make_good(struct spec *spec)
{
	*spec = (struct spec){ .stop_signal = 15,
			       .status_fd = -1,
			       .shm_size = 65536,
			       .pids_limit = 10 };
	set(&spec->id, ID);
	set(&spec->name, "name");
	set(&spec->hostname, "host");
	set(&spec->workdir, "/");
	set(&spec->user.text, "");
	strv_add(&spec->argv, "sh");
	strv_add(&spec->env, "A=1");
	strv_add(&spec->labels, "k=v");
	strv_add(&spec->layers, "/layer");
	add_mount(spec, MOUNT_BIND, "/a", "/b");
	add_rlimit(spec, RLIMIT_NOFILE, 1, 2);
}

static void long_text(char **field, char c, size_t n)
{
	free(*field);
	*field = xcalloc(n + 1, 1);
	memset(*field, c, n);
}

#define SPOIL(name, ...)                                                       \
	static void name(struct spec *s)                                       \
	{                                                                      \
		__VA_ARGS__;                                                   \
	}

SPOIL(no_id, set(&s->id, NULL))
SPOIL(short_id, s->id[63] = '\0')
SPOIL(upper_id, s->id[0] = 'A')
SPOIL(id_path, memcpy(s->id, "../", 3))
SPOIL(no_name, set(&s->name, NULL))
SPOIL(long_name, long_text(&s->name, 'a', 129))
SPOIL(name_newline, set(&s->name, "a\nb"))
SPOIL(long_hostname, long_text(&s->hostname, 'a', 65))
SPOIL(label_control, strv_add(&s->labels, "a=\x1b"))
SPOIL(label_bare, strv_add(&s->labels, "a"))
SPOIL(env_bare, strv_add(&s->env, "A"))
SPOIL(env_nameless, strv_add(&s->env, "=1"))
SPOIL(env_newline, strv_add(&s->env, "A\nB=1"))
SPOIL(no_argv, strv_free(&s->argv))
SPOIL(empty_argv0, set(&s->argv.v[0], ""))
SPOIL(long_argument, long_text(&s->argv.v[0], 'a', 131072))
SPOIL(workdir_relative, set(&s->workdir, "x"))
SPOIL(workdir_dots, set(&s->workdir, "/a/../b"))
SPOIL(no_workdir, set(&s->workdir, NULL))
SPOIL(signal_zero, s->stop_signal = 0)
SPOIL(signal_high, s->stop_signal = 65)
SPOIL(user_high, set(&s->user.text, "4294967295"))
SPOIL(user_newline, set(&s->user.text, "a\nb"))
SPOIL(group_empty, strv_add(&s->user.groups, ""))
SPOIL(no_layers, strv_free(&s->layers))
SPOIL(layer_relative, strv_add(&s->layers, "x"))
SPOIL(rootfs_none, s->rootfs = ROOTFS_DIR)
SPOIL(rootfs_slash, s->rootfs = ROOTFS_DIR; set(&s->rootfs_dir, "/"))
SPOIL(rootfs_unknown, s->rootfs = (enum rootfs_kind)9)
SPOIL(driver_unknown, s->driver = (enum driver)9)
SPOIL(host_overlay, s->rootfs = ROOTFS_HOST; s->driver = DRIVER_OVERLAY)
SPOIL(target_root, add_mount(s, MOUNT_BIND, "/a", "/"))
SPOIL(target_proc, add_mount(s, MOUNT_BIND, "/a", "/proc/sys"))
SPOIL(target_dots, add_mount(s, MOUNT_BIND, "/a", "/x/../proc"))
SPOIL(target_slashes, add_mount(s, MOUNT_BIND, "/a", "//x"))
SPOIL(target_relative, add_mount(s, MOUNT_BIND, "/a", "x"))
SPOIL(no_target, add_mount(s, MOUNT_BIND, "/a", NULL))
SPOIL(target_twice, add_mount(s, MOUNT_TMPFS, NULL, "/b"))
SPOIL(target_covers, add_mount(s, MOUNT_TMPFS, NULL, "/c/d");
      add_mount(s, MOUNT_TMPFS, NULL, "/c"))
SPOIL(source_relative, add_mount(s, MOUNT_BIND, "a", "/c"))
SPOIL(no_source, add_mount(s, MOUNT_VOLUME, NULL, "/c"))
SPOIL(tmpfs_source, add_mount(s, MOUNT_TMPFS, "/a", "/c"))
SPOIL(mode_high, add_mount(s, MOUNT_TMPFS, NULL, "/c")->mode = 010000)
SPOIL(shm_zero, s->shm_size = 0)
SPOIL(shm_huge, s->shm_size = UINT64_MAX)
SPOIL(mask_relative, strv_add(&s->mask, "x"))
SPOIL(unmask_dots, strv_add(&s->unmask, "/proc/../x"))
SPOIL(userns_unknown, s->userns = (enum userns_mode)9)
SPOIL(seccomp_unknown, s->seccomp = (enum seccomp_mode)9)
SPOIL(network_unknown, s->network = (enum network_mode)9)
SPOIL(pids_high, s->pids_limit = 4194305)
SPOIL(status_low, s->status_fd = -2)
SPOIL(rlimit_unknown, add_rlimit(s, 99, 1, 1))
SPOIL(rlimit_twice, add_rlimit(s, RLIMIT_NOFILE, 1, 1))
SPOIL(rlimit_above, add_rlimit(s, RLIMIT_CORE, 2, 1))

/* clang-format off */
#define ROW(function, text) { #function, function, text }
static const struct {
	const char *name;
	void (*spoil)(struct spec *);
	const char *message;
} bad[] = {
	ROW(no_id, "the id \"\""),
	ROW(short_id, "is not 64 hexadecimal digits"),
	ROW(upper_id, "is not 64 hexadecimal digits"),
	ROW(id_path, "is not 64 hexadecimal digits"),
	ROW(no_name, "cannot be a container's name"),
	ROW(long_name, "cannot be a container's name"),
	ROW(name_newline, "\"a\\x0ab\" cannot be a container's name"),
	ROW(long_hostname, "cannot be a host name"),
	ROW(label_control, "has control characters"),
	ROW(label_bare, "is not KEY=VALUE"),
	ROW(env_bare, "is not NAME=VALUE"),
	ROW(env_nameless, "is not NAME=VALUE"),
	ROW(env_newline, "control characters"),
	ROW(no_argv, "no command"),
	ROW(empty_argv0, "the command is empty"),
	ROW(long_argument, "argument 0 has 131072 bytes"),
	ROW(workdir_relative, "the working directory"),
	ROW(workdir_dots, "the working directory"),
	ROW(no_workdir, "the working directory"),
	ROW(signal_zero, "stop signal 0"),
	ROW(signal_high, "stop signal 65"),
	ROW(user_high, "user id: 4294967295"),
	ROW(user_newline, "neither the name nor the number"),
	ROW(group_empty, "the number of a group"),
	ROW(no_layers, "no layers"),
	ROW(layer_relative, "the layer \"x\""),
	ROW(rootfs_none, "the root directory \"\""),
	ROW(rootfs_slash, "cannot be a container's root"),
	ROW(rootfs_unknown, "no kind 9 of root"),
	ROW(driver_unknown, "no driver 9"),
	ROW(host_overlay, "cannot serve @host"),
	ROW(target_root, "nothing can be mounted on \"/\""),
	ROW(target_proc, "nothing can be mounted on /proc/sys"),
	ROW(target_dots, "is not absolute"),
	ROW(target_slashes, "is not absolute"),
	ROW(target_relative, "is not absolute"),
	ROW(no_target, "is not absolute"),
	ROW(target_twice, "two mounts are to be on /b"),
	ROW(target_covers, "the mount on /c would cover that on /c/d"),
	ROW(source_relative, "the source \"a\" of /c"),
	ROW(no_source, "the source \"\" of /c"),
	ROW(tmpfs_source, "has a source"),
	ROW(mode_high, "the mode 10000"),
	ROW(shm_zero, "size of /dev/shm"),
	ROW(shm_huge, "size of /dev/shm"),
	ROW(mask_relative, "to mask"),
	ROW(unmask_dots, "to unmask"),
	ROW(userns_unknown, "no mode 9"),
	ROW(seccomp_unknown, "seccomp mode 9"),
	ROW(network_unknown, "network mode 9"),
	ROW(pids_high, "4194305 processes"),
	ROW(status_low, "is not a descriptor"),
	ROW(rlimit_unknown, "no resource 99"),
	ROW(rlimit_twice, "limited twice"),
	ROW(rlimit_above, "above the hard one"),
};
/* clang-format on */

START_TEST(a_good_spec_is_good)
{
	struct spec spec;
	struct error err = { 0 };

	make_good(&spec);
	ck_assert_msg(spec_check(&spec, &err) == 0, "%s", err.text);
	spec_free(&spec);
	ck_assert_ptr_null(spec.id);
}
END_TEST

START_TEST(each_bound_is_kept)
{
	struct spec spec;
	struct error err = { 0 };

	make_good(&spec);
	bad[_i].spoil(&spec);
	int r = spec_check(&spec, &err);
	ck_assert_msg(r < 0, "%s is taken", bad[_i].name);
	ck_assert_msg(strstr(err.text, bad[_i].message) != NULL, "%s: %s",
		      bad[_i].name, err.text);
	spec_free(&spec);
}
END_TEST

START_TEST(arguments_in_all_fit_into_the_kernel)
{
	struct spec spec;
	struct error err = { 0 };
	scoped(char) *big = xcalloc(100001, 1);

	make_good(&spec);
	memset(big, 'a', 100000);
	for (int i = 0; i < 20; i++)
		strv_add(&spec.argv, big);
	ck_assert_msg(spec_check(&spec, &err) == 0, "%s", err.text);
	strv_add(&spec.argv, big);
	ck_assert_int_eq(spec_check(&spec, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "arguments and environment"));
	spec_free(&spec);
}
END_TEST

START_TEST(names_are_read_as_they_are_written)
{
	for (int i = 0; i <= USERNS_SINGLE; i++)
		ck_assert_int_eq(userns_mode_from_name(
					 userns_mode_name((enum userns_mode)i)),
				 i);
	ck_assert_int_eq(userns_mode_from_name("host"), -1);
	ck_assert_ptr_null(userns_mode_name((enum userns_mode)9));
	ck_assert_int_eq(driver_from_name("auto"), DRIVER_AUTO);
	ck_assert_int_eq(driver_from_name("overlay"), DRIVER_OVERLAY);
	ck_assert_int_eq(driver_from_name("fuse-overlayfs"),
			 DRIVER_FUSE_OVERLAYFS);
	ck_assert_int_eq(
		driver_from_name(driver_name(DRIVER_FUSE_BELOW_OVERLAY)), -1);
	ck_assert_ptr_null(driver_name((enum driver)9));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spec");
	TCase *tests = tcase_create("spec");

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_good_spec_is_good);
	tcase_add_loop_test(tests, each_bound_is_kept, 0, ARRAY_SIZE(bad));
	tcase_add_test(tests, arguments_in_all_fit_into_the_kernel);
	tcase_add_test(tests, names_are_read_as_they_are_written);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
