#include "cmd/exposure.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "tests/unit/images/suite.h"

static char top[] = "/tmp/test_exposure.XXXXXX";

static const char *const directories[] = {
	"home",
	"home/me",
	"home/me/.ssh",
	"home/me/.ssh/sub",
	"home/me/.ssh2",
	"home/me/.aws",
	"home/me/.docker",
	"home/me/work",
	"home/me/data",
	"home/me/data/wolffia",
	"home/me/data/wolffia/volumes",
	"home/me2",
	"agent",
	"elsewhere",
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "elsewhere/keys", "../home/me/.ssh" },
	{ "elsewhere/home", "../home/me" },
	{ "home/me/.gnupg", "../../elsewhere" },
};

/* clang-format off */
static const struct {
	const char *source; /* below top */
	const char *what;   /* NULL: it gives nothing away */
} sources[] = {
	{ "home/me/work",         NULL },
	{ "home/me2",             NULL },
	{ "home/me/.ssh2",        NULL },
	{ "home/me/.docker",      "your registry credentials" },
	{ "home/me/.docker/config.json", "your registry credentials" },
	{ "home/me/missing",      NULL },
	{ "home/me",              "your whole home directory" },
	{ "home",                 "your whole home directory" },
	{ "home/me/",             "your whole home directory" },
	{ "home/me2/../me",       "your whole home directory" },
	{ "elsewhere/home",       "your whole home directory" },
	{ "home/me/.ssh",         "your ssh keys" },
	{ "home/me/.ssh/sub",     "your ssh keys" },
	{ "elsewhere/keys",       "your ssh keys" },
	{ "elsewhere/keys/sub",   "your ssh keys" },
	{ "home/me/.gnupg",       "your gpg keys" },
	{ "elsewhere",            "your gpg keys" }, /* .gnupg leads to it */
	{ "home/me/.aws",         "your cloud credentials" },
	{ "agent",                "your ssh agent" },
	{ "agent/socket",         "your ssh agent" },
	{ "home/me/data",         "wolffia's own store" },
	{ "home/me/data/wolffia/volumes", "wolffia's own store" },
};
/* clang-format on */

static char *below_top(const char *path)
{
	return xasprintf("%s/%s", top, path);
}

static void make_home(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chdir(top), 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		ck_assert_int_eq(mkdir(directories[i], 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		ck_assert_int_eq(symlink(links[i].target, links[i].name), 0);
	close(creat("agent/socket", 0600));
	close(creat("home/me/.docker/config.json", 0600));
	scoped(char) *home = below_top("home/me");
	scoped(char) *agent = below_top("agent/socket");
	setenv("HOME", home, 1);
	setenv("SSH_AUTH_SOCK", agent, 1);
}

static void remove_home(void)
{
	struct error err;

	ck_assert_int_eq(path_remove_tree(AT_FDCWD, top, &err), 0);
}

static void find(const struct spec_mount *mounts, size_t n, struct strv *ret)
{
	struct spec spec = { .mounts = (struct spec_mount *)mounts,
			     .n_mounts = n };
	scoped(char) *store = below_top("home/me/data/wolffia");

	exposure_find(&spec, store, ret);
}

START_TEST(a_source_that_gives_something_away_is_named)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		scoped(char) *source = below_top(sources[i].source);
		struct spec_mount mount = { .kind = MOUNT_BIND,
					    .source = source };
		scoped_strv found = { 0 };
		scoped(char) *line = xasprintf(
			"the volume %s makes %s writable for the container",
			source, sources[i].what ? sources[i].what : "nothing");

		find(&mount, 1, &found);
		ck_assert_msg(found.n == (sources[i].what ? 1 : 0), "%s: %s",
			      source, found.n ? found.v[0] : "nothing");
		if (found.n)
			ck_assert_str_eq(found.v[0], line);
	}
}
END_TEST

START_TEST(the_root_directory_is_everything)
{
	struct spec_mount mount = { .kind = MOUNT_BIND,
				    .source = (char[]){ "/" },
				    .read_only = true };
	scoped_strv found = { 0 };

	find(&mount, 1, &found);
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.v[0],
			 "the volume / makes all of this machine's files "
			 "readable for the container");
}
END_TEST

START_TEST(only_bind_mounts_count_and_each_has_its_line)
{
	scoped(char) *home = below_top("home/me");
	scoped(char) *keys = below_top("home/me/.ssh");
	struct spec_mount mounts[] = {
		{ .kind = MOUNT_TMPFS },
		{ .kind = MOUNT_VOLUME, .source = home },
		{ .kind = MOUNT_BIND, .source = home },
		{ .kind = MOUNT_BIND, .source = keys },
	};
	scoped_strv found = { 0 };

	find(mounts, 2, &found);
	ck_assert_uint_eq(found.n, 0);
	find(mounts, ARRAY_SIZE(mounts), &found);
	ck_assert_uint_eq(found.n, 2);
	ck_assert_ptr_nonnull(strstr(found.v[0], "home directory"));
	ck_assert_ptr_nonnull(strstr(found.v[1], "ssh keys"));
}
END_TEST

START_TEST(without_a_home_the_rest_still_counts)
{
	scoped(char) *keys = below_top("home/me/.ssh");
	scoped(char) *agent = below_top("agent");
	struct spec_mount mounts[] = {
		{ .kind = MOUNT_BIND, .source = keys },
		{ .kind = MOUNT_BIND, .source = agent },
	};
	static const char *const homes[] = { NULL, "", "home/me" };

	for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
		scoped_strv found = { 0 };

		unsetenv("HOME");
		if (homes[i])
			setenv("HOME", homes[i], 1);
		find(mounts, 2, &found);
		ck_assert_uint_eq(found.n, 1);
		ck_assert_ptr_nonnull(strstr(found.v[0], "ssh agent"));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("exposure");

	tcase_add_checked_fixture(tests, make_home, remove_home);
	tcase_add_test(tests, a_source_that_gives_something_away_is_named);
	tcase_add_test(tests, the_root_directory_is_everything);
	tcase_add_test(tests, only_bind_mounts_count_and_each_has_its_line);
	tcase_add_test(tests, without_a_home_the_rest_still_counts);
	return suite_run("exposure", tests);
}
