#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *base, *path, *normal;
} normal_forms[] = {
	{ "/",    "/",            "/" },
	{ "/",    "",             "/" },
	{ "/",    ".",            "/" },
	{ "/",    "..",           "/" },
	{ "/",    "//",           "/" },
	{ "/",    "/../../..",    "/" },
	{ "/",    "a",            "/a" },
	{ "/w",   "a",            "/w/a" },
	{ "/w/",  "a/",           "/w/a" },
	{ "/w",   "",             "/w" },
	{ "/w",   ".",            "/w" },
	{ "/w",   "./a/./b/.",    "/w/a/b" },
	{ "/w",   "..",           "/" },
	{ "/w/x", "../a",         "/w/a" },
	{ "/w/x", "../../../a",   "/a" },
	{ "/w/.././x", "a",       "/x/a" },
	{ "/w",   "/a",           "/a" },
	{ "/w",   "/a//b///c/",   "/a/b/c" },
	{ "/w",   "/a/../b",      "/b" },
	{ "/w",   "/a/b/..",      "/a" },
	{ "/w",   "/..a/b..",     "/..a/b.." },
	{ "/w",   "/.../.a",      "/.../.a" },
	{ "/w",   "/a/../../b/",  "/b" },
};

static const struct {
	const char *path, *ancestor;
	bool is_below;
} families[] = {
	{ "/scratch",     "/scratch",  true },
	{ "/scratch/a",   "/scratch",  true },
	{ "/scratch/a/b", "/scratch",  true },
	{ "/scratch2",    "/scratch",  false },
	{ "/scratch2/a",  "/scratch",  false },
	{ "/scratch",     "/scratch2", false },
	{ "/scratc",      "/scratch",  false },
	{ "/a/scratch",   "/scratch",  false },
	{ "/",            "/scratch",  false },
	{ "/scratch",     "/",         true },
	{ "/",            "/",         true },
};

/*
 * outside/secret               what must not be reached
 * root/dir/file, root/secret   what a link may lead to
 * root/...                     links, as an image's author would make them
 */
static const struct {
	const char *name, *target;
} links[] = {
	{ "root/absolute",      "/dir" },
	{ "root/dir/up",        "../secret" },
	{ "root/to_outside",    "../outside" },
	{ "root/far_up",        "../../../../../../../../outside" },
	{ "root/host_etc",      "/etc" },
	{ "root/dangling",      "/not/there" },
	{ "root/dangling_one",  "missing" },
	{ "root/loop",          "loop" },
	{ "root/chain",         "absolute" },
};

/* what open(2) says with the directory "root" as "/" */
static const struct {
	const char *path;
	int result;
	const char *content; /* of the file; NULL: it is a directory */
} openings[] = {
	{ "/",                       0, NULL },
	{ "..",                      0, NULL },
	{ "dir/file",                0, "inside" },
	{ "/dir/file",               0, "inside" },
	{ "/absolute/file",          0, "inside" },
	{ "chain/file",              0, "inside" },
	{ "dir/up",                  0, "root's own" },
	{ "../../secret",            0, "root's own" },
	{ "/dir/../../../secret",    0, "root's own" },
	{ "to_outside/secret",       -ENOENT, NULL },
	{ "../outside/secret",       -ENOENT, NULL },
	{ "far_up/secret",           -ENOENT, NULL },
	{ "host_etc/passwd",         -ENOENT, NULL },
	{ "dangling",                -ENOENT, NULL },
	{ "loop",                    -ELOOP, NULL },
	{ "dir/file/x",              -ENOTDIR, NULL },
};

/* and what is refused because it may not leave, nor contain links */
static const struct {
	const char *path;
	int result;
} beneath[] = {
	{ "dir/file",         0 },
	{ "dir/../secret",    0 },
	{ ".",                0 },
	{ "/",                -EXDEV },
	{ "/dir/file",        -EXDEV },
	{ "..",               -EXDEV },
	{ "dir/../..",        -EXDEV },
	{ "../root/secret",   -EXDEV },
	{ "absolute",         -ELOOP },
	{ "absolute/file",    -ELOOP },
	{ "dir/up",           -ELOOP },
	{ "chain/file",       -ELOOP },
	{ "missing",          -ENOENT },
};

static const struct {
	const char *path;
	int result;
	const char *made; /* below root/ */
} makings[] = {
	{ "/",                0, "." },
	{ "new",              0, "new" },
	{ "/a/b/c",           0, "a/b/c" },
	{ "dir/x/",           0, "dir/x" },
	{ "../../y",          0, "y" },
	{ "absolute/x",       0, "dir/x" },
	{ "chain/x/y",        0, "dir/x/y" },
	{ "to_outside/x",     -ENOTDIR, NULL },
	{ "far_up",           -ENOTDIR, NULL },
	{ "dangling",         -ENOTDIR, NULL },
	{ "dangling/x",       -ENOTDIR, NULL },
	{ "dangling_one/x",   -ENOTDIR, NULL },
	{ "loop/x",           -ELOOP, NULL },
	{ "dir/file",         -ENOTDIR, NULL },
	{ "dir/file/x",       -ENOTDIR, NULL },
};
/* clang-format on */

static char top[] = "/tmp/test_path.XXXXXX";
static int top_fd, root_fd;

static void write_new(const char *path, const char *text)
{
	struct error err = { 0 };
	scoped_fd fd = openat(top_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_msg(fd_write_all(fd, text, strlen(text), &err) == 0, "%s: %s",
		      path, err.text);
}

static void make_top(void)
{
	static const char *const directories[] = { "root", "root/dir",
						   "outside" };

	umask(0);
	ck_assert_ptr_nonnull(mkdtemp(top));
	top_fd = open(top, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		ck_assert_int_eq(mkdirat(top_fd, directories[i], 0755), 0);
	write_new("root/dir/file", "inside");
	write_new("root/secret", "root's own");
	write_new("outside/secret", "outside");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		ck_assert_int_eq(
			symlinkat(links[i].target, top_fd, links[i].name), 0);
	root_fd = openat(top_fd, "root", O_PATH | O_DIRECTORY);
}

static void remove_top(void)
{
	struct error err = { 0 };

	ck_assert_msg(path_remove_tree(AT_FDCWD, top, &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(access(top, F_OK), -1);
}

START_TEST(a_normal_form_has_no_dots_and_no_empty_parts)
{
	for (size_t i = 0; i < ARRAY_SIZE(normal_forms); i++) {
		scoped(char) *normal = path_normalize(normal_forms[i].base,
						      normal_forms[i].path);

		ck_assert_msg(strcmp(normal, normal_forms[i].normal) == 0,
			      "%s at %s: %s", normal_forms[i].path,
			      normal_forms[i].base, normal);
	}
}
END_TEST

START_TEST(paths_are_compared_by_components)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		ck_assert_msg(
			path_is_below(families[i].path, families[i].ancestor) ==
				families[i].is_below,
			"%s below %s", families[i].path, families[i].ancestor);
}
END_TEST

START_TEST(links_mean_in_the_root_what_they_say)
{
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		struct error err = { 0 };
		scoped(char) *content = NULL;
		scoped_fd fd = path_open_in_root(root_fd, openings[i].path,
						 O_RDONLY, 0, &err);

		ck_assert_msg((fd < 0 ? fd : 0) == openings[i].result,
			      "%s: %d %s", openings[i].path, fd, err.text);
		if (fd < 0)
			continue;
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		if (!openings[i].content)
			continue;
		ck_assert(fd_read_all(fd, 100, &content, &err) > 0);
		ck_assert_str_eq(content, openings[i].content);
	}
}
END_TEST

START_TEST(dots_at_the_root_stay_in_the_root)
{
	struct error err;
	struct stat root, found;
	scoped_fd fd = path_open_in_root(root_fd, "../..", O_PATH, 0, &err);

	ck_assert_int_eq(fstat(root_fd, &root), 0);
	ck_assert_int_eq(fstat(fd, &found), 0);
	ck_assert_uint_eq(found.st_ino, root.st_ino);
}
END_TEST

START_TEST(magic_links_are_refused)
{
	struct error err;
	scoped_fd host = open("/", O_PATH | O_DIRECTORY);
	scoped(char) *path = xasprintf("/proc/self/fd/%d", root_fd);

	ck_assert_int_eq(path_open_in_root(host, path, O_PATH, 0, &err),
			 -ELOOP);
	ck_assert_int_eq(
		path_open_in_root(host, "/proc/self/exe", O_RDONLY, 0, &err),
		-ELOOP);
	ck_assert_int_eq(
		path_open_in_root(host, "/proc/self/root/etc", O_PATH, 0, &err),
		-ELOOP);
}
END_TEST

START_TEST(a_file_is_created_in_the_root_only)
{
	struct error err;
	struct stat st;
	scoped_fd fd =
		path_open_in_root(root_fd, "../absolute/new",
				  O_WRONLY | O_CREAT | O_EXCL, 0640, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatat(top_fd, "root/dir/new", &st, 0), 0);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_int_eq(path_open_in_root(root_fd, "to_outside/new",
					   O_WRONLY | O_CREAT, 0640, &err),
			 -ENOENT);
	ck_assert_int_eq(faccessat(top_fd, "outside/new", F_OK, 0), -1);
}
END_TEST

START_TEST(beneath_a_directory_nothing_leaves_and_no_link_counts)
{
	for (size_t i = 0; i < ARRAY_SIZE(beneath); i++) {
		struct error err = { 0 };
		scoped_fd fd = path_open_beneath(root_fd, beneath[i].path,
						 O_RDONLY, 0, &err);

		ck_assert_msg((fd < 0 ? fd : 0) == beneath[i].result,
			      "%s: %d %s", beneath[i].path, fd, err.text);
		if (fd >= 0)
			ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
}
END_TEST

START_TEST(directories_are_made_in_the_root_only)
{
	const size_t i = (size_t)_i;
	struct error err = { 0 };
	struct stat made, found;
	scoped_fd fd = path_mkdir_in_root(root_fd, makings[i].path, 0750, &err);

	ck_assert_msg((fd < 0 ? fd : 0) == makings[i].result, "%s: %d %s",
		      makings[i].path, fd, err.text);
	ck_assert_int_eq(faccessat(top_fd, "outside/x", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(top_fd, "y", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(top_fd, "root/not", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(top_fd, "root/missing", F_OK, 0), -1);
	if (fd < 0)
		return;
	scoped(char) *path = xasprintf("root/%s", makings[i].made);
	ck_assert_int_eq(fstatat(top_fd, path, &made, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(fstat(fd, &found), 0);
	ck_assert_uint_eq(found.st_ino, made.st_ino);
	if (strcmp(makings[i].made, ".") != 0)
		ck_assert_int_eq(made.st_mode, S_IFDIR | 0750);
}
END_TEST

START_TEST(directories_that_are_there_keep_their_mode)
{
	struct error err;
	struct stat st;
	scoped_fd fd = path_mkdir_in_root(root_fd, "dir/x", 0700, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatat(root_fd, "dir", &st, 0), 0);
	ck_assert_int_eq(st.st_mode, S_IFDIR | 0755);
	/* nothing can be read from it: O_PATH */
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
}
END_TEST

START_TEST(parents_of_our_own_paths_are_made)
{
	struct error err;
	struct stat st;
	scoped(char) *path = xasprintf("%s/p/q/r", top);
	scoped(char) *file = xasprintf("%s/root/secret", top);
	scoped(char) *below_file = xasprintf("%s/root/secret/x", top);

	ck_assert_int_eq(path_mkdir_parents(path, 0711, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode, S_IFDIR | 0711);
	ck_assert_int_eq(path_mkdir_parents(path, 0700, &err), 0);
	ck_assert_int_eq(path_mkdir_parents(file, 0700, &err), -ENOTDIR);
	ck_assert_int_eq(path_mkdir_parents(below_file, 0700, &err), -ENOTDIR);
}
END_TEST

START_TEST(what_is_not_there_is_removed_already)
{
	struct error err;

	ck_assert_int_eq(path_remove_tree(root_fd, "not_there", &err), 0);
}
END_TEST

START_TEST(a_link_is_removed_and_not_what_it_leads_to)
{
	struct error err;

	ck_assert_int_eq(path_remove_tree(root_fd, "to_outside", &err), 0);
	ck_assert_int_eq(
		faccessat(root_fd, "to_outside", F_OK, AT_SYMLINK_NOFOLLOW),
		-1);
	/* and as a part of a tree */
	ck_assert_int_eq(path_remove_tree(top_fd, "root", &err), 0);
	ck_assert_int_eq(faccessat(top_fd, "root", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(top_fd, "outside/secret", F_OK, 0), 0);
	ck_assert_int_eq(mkdirat(top_fd, "root", 0755), 0);
}
END_TEST

START_TEST(a_tree_of_every_kind_of_file_is_removed)
{
	struct error err;

	ck_assert_int_eq(mkfifoat(top_fd, "root/dir/fifo", 0600), 0);
	ck_assert_int_eq(mknodat(top_fd, "root/dir/socket", S_IFSOCK | 0600, 0),
			 0);
	ck_assert_int_eq(mkdirat(top_fd, "root/dir/a", 0755), 0);
	ck_assert_int_eq(mkdirat(top_fd, "root/dir/a/...", 0755), 0);
	for (int i = 0; i < 300; i++) {
		scoped(char) *path = xasprintf("root/dir/a/%d", i);
		scoped(char) *in = xasprintf("root/dir/a/%d/f", i);

		ck_assert_int_eq(mkdirat(top_fd, path, 0755), 0);
		write_new(in, "");
	}
	ck_assert_int_eq(path_remove_tree(top_fd, "root", &err), 0);
	ck_assert_int_eq(faccessat(top_fd, "root", F_OK, 0), -1);
}
END_TEST

static int make_deep(const char *name, int levels)
{
	int fd = openat(top_fd, ".", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < levels; i++) {
		ck_assert_int_eq(mkdirat(fd, i ? "d" : name, 0755), 0);
		int next = openat(fd, i ? "d" : name, O_RDONLY | O_DIRECTORY);
		fd_close(&fd);
		fd = next;
	}
	close(openat(fd, "file", O_CREAT | O_WRONLY, 0600));
	return fd;
}

START_TEST(a_tree_of_3000_levels_is_removed)
{
	struct error err = { 0 };
	const struct rlimit few = { 64, 64 };

	close(make_deep("deep", 3000));
	/* fewer descriptors than levels */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_msg(path_remove_tree(top_fd, "deep", &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(faccessat(top_fd, "deep", F_OK, 0), -1);
}
END_TEST

/* in the child: as somebody whom a mode stops */
static int remove_without_permission(const void *argument)
{
	struct error err = { 0 };

	(void)argument;
	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) < 0 ||
			       setresuid(65534, 65534, 65534) < 0))
		return 1;
	return path_remove_tree(top_fd, "closed", &err) == 0 ? 0 : 2;
}

START_TEST(directories_without_permission_are_removed)
{
	static const char *const paths[] = { "closed",     "closed/a",
					     "closed/a/b", "closed/a/b/c",
					     "closed/x",   "closed/x/y" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ck_assert_int_eq(mkdirat(top_fd, paths[i], 0700), 0);
	write_new("closed/a/b/file", "");
	for (size_t i = ARRAY_SIZE(paths); i-- > 0;) {
		if (geteuid() == 0)
			ck_assert_int_eq(
				fchownat(top_fd, paths[i], 65534, 65534, 0), 0);
		/* x: readable but not passable, the others nothing at all */
		ck_assert_int_eq(
			fchmodat(top_fd, paths[i], i == 4 ? 0400 : 0, 0), 0);
	}
	ck_assert_int_eq(fchmod(top_fd, 0777), 0);
	ck_assert_int_eq(child_run(remove_without_permission, NULL), 0);
	ck_assert_int_eq(faccessat(top_fd, "closed", F_OK, 0), -1);
}
END_TEST

enum { CHILD_SKIP = 77 };

/* a tmpfs is mounted in the tree: its files are another file system's */
static int remove_with_mount(const void *argument)
{
	scoped(char) *point = xasprintf("%s/root/dir", top);
	struct error err = { 0 };
	const char *type = argument;

	if (!child_make_root() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return CHILD_SKIP;
	scoped(char) *outside = xasprintf("%s/outside", top);
	if (type ? mount(type, point, type, 0, NULL) < 0
		 : mount(outside, point, NULL, MS_BIND, NULL) < 0)
		return CHILD_SKIP;
	scoped(char) *secret = xasprintf("%s/secret", point);
	if (type)
		close(open(secret, O_CREAT | O_WRONLY, 0600));
	/* opened behind the mount */
	scoped_fd dir = open(top, O_RDONLY | O_DIRECTORY);
	int r = path_remove_tree(dir, "root", &err);
	if (r != -EBUSY && r != -EXDEV)
		return 1;
	return access(secret, F_OK) == 0 ? 0 : 2;
}

START_TEST(another_file_system_in_the_tree_is_left_alone)
{
	static const char *const types[] = { "tmpfs", NULL };
	int r = child_run(remove_with_mount, types[_i]);

	if (r == CHILD_SKIP && child_skip("no user namespaces"))
		return;
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(faccessat(top_fd, "outside/secret", F_OK, 0), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("path");

	tcase_add_checked_fixture(tests, make_top, remove_top);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_normal_form_has_no_dots_and_no_empty_parts);
	tcase_add_test(tests, paths_are_compared_by_components);
	tcase_add_test(tests, links_mean_in_the_root_what_they_say);
	tcase_add_test(tests, dots_at_the_root_stay_in_the_root);
	tcase_add_test(tests, magic_links_are_refused);
	tcase_add_test(tests, a_file_is_created_in_the_root_only);
	tcase_add_test(tests,
		       beneath_a_directory_nothing_leaves_and_no_link_counts);
	tcase_add_loop_test(tests, directories_are_made_in_the_root_only, 0,
			    (int)ARRAY_SIZE(makings));
	tcase_add_test(tests, directories_that_are_there_keep_their_mode);
	tcase_add_test(tests, parents_of_our_own_paths_are_made);
	tcase_add_test(tests, what_is_not_there_is_removed_already);
	tcase_add_test(tests, a_link_is_removed_and_not_what_it_leads_to);
	tcase_add_test(tests, a_tree_of_every_kind_of_file_is_removed);
	tcase_add_test(tests, a_tree_of_3000_levels_is_removed);
	tcase_add_test(tests, directories_without_permission_are_removed);
	tcase_add_loop_test(
		tests, another_file_system_in_the_tree_is_left_alone, 0, 2);
	return suite_run("path", tests);
}
