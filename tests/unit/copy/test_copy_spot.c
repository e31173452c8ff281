#include "storage/copy/copy_spot.h"

#include <errno.h>

#include "tests/unit/upper/trees.h"

static struct copy_spot spot;

static void check_spot(const char *path, int flags, const char *name,
		       bool exists, bool directory)
{
	ck_ok(copy_spot_find(path, flags, &spot, &err));
	ck_assert_msg(strcmp(spot.name, name) == 0 && spot.exists == exists &&
			      (spot.fd >= 0) == directory && spot.dirfd >= 0,
		      "%s: name %s, exists %d, fd %d", path, spot.name,
		      spot.exists, spot.fd);
	copy_spot_close(&spot);
}

static void make_tree(void)
{
	make_directory();
	dir("d");
	file("d/f", "");
	ck_sys(symlink("d", "to-d"));
	ck_sys(symlink("d/f", "to-f"));
	ck_sys(symlink("to-f", "to-to-f"));
	ck_sys(symlink("d/new", "to-new"));
	ck_sys(symlink("nowhere/new", "to-nowhere"));
	ck_sys(symlink("loop", "loop"));
}

START_TEST(what_is_there_is_found)
{
	make_tree();
	check_spot("d", 0, "d", true, true);
	check_spot("d/", 0, "d", true, true);
	check_spot("d/.", 0, "", true, true);
	check_spot("d/f", 0, "f", true, false);
	check_spot("d/new", 0, "new", false, false);
	check_spot("d/new/", 0, "new", false, false);
	remove_directory();
}
END_TEST

START_TEST(links_are_followed_when_they_are_to_be)
{
	make_tree();
	check_spot("to-f", 0, "to-f", true, false);
	ck_ok(copy_spot_find("to-f", 0, &spot, &err));
	ck_assert(S_ISLNK(spot.st.st_mode));
	copy_spot_close(&spot);
	check_spot("to-f", COPY_FOLLOW, "f", true, false);
	check_spot("to-to-f", COPY_FOLLOW, "f", true, false);
	check_spot("to-d", COPY_FOLLOW, "d", true, true);
	check_spot("to-d", 0, "to-d", true, false);
	/* a slash behind it means the directory */
	check_spot("to-d/", 0, "d", true, true);
	check_spot("to-d/.", 0, "", true, true);
	check_spot("to-d/f", 0, "f", true, false);
	/* what the link leads to can be made there */
	check_spot("to-new", COPY_FOLLOW, "new", false, false);
	remove_directory();
}
END_TEST

START_TEST(what_is_on_the_way_must_be_there)
{
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{ "nowhere/f", -ENOENT }, { "d/f/g", -ENOTDIR },
		{ "d/f/", -ENOTDIR },     { "d/f/.", -ENOTDIR },
		{ "to-f/", -ENOTDIR },    { "loop", -ELOOP },
		{ "loop/", -ELOOP },      { "to-nowhere", -ENOENT },
	};

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = copy_spot_find(cases[i].path, COPY_FOLLOW, &spot, &err);
		ck_assert_msg(r == cases[i].result, "%s: %d", cases[i].path, r);
	}
	remove_directory();
}
END_TEST

START_TEST(magic_links_of_a_container_are_refused)
{
	char path[64];

	make_tree();
	scoped_fd fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_sys(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/d/f", fd);
	check_spot(path, 0, "f", true, false);
	ck_assert_int_eq(copy_spot_find(path, COPY_INSIDE, &spot, &err),
			 -ELOOP);
	remove_directory();
}
END_TEST

static int check_out(const char *path, int flags)
{
	scoped_strv writable = { 0 };
	scoped(char) *here = getcwd(NULL, 0);

	strv_add(&writable, "/nowhere");
	strv_addf(&writable, "%s/d/f", here);
	strv_addf(&writable, "%s/d", here);
	ck_ok(copy_spot_find(path, flags, &spot, &err));
	int r = copy_spot_check(&spot, path, &writable, &err);
	copy_spot_close(&spot);
	return r;
}

START_TEST(a_path_does_not_lead_out_of_what_others_write)
{
	char path[256];

	make_tree();
	dir("out");
	file("out/f", "");
	dir("d/in");
	ck_sys(symlink("../out", "d/to-out"));
	ck_sys(symlink("../out/f", "d/to-f"));
	ck_sys(symlink("in", "d/to-in"));
	ck_sys(symlink("..", "d/up"));
	ck_assert_int_eq(check_out("d/to-out", COPY_FOLLOW), -EXDEV);
	ck_assert_int_eq(check_out("d/to-out/", 0), -EXDEV);
	ck_assert_int_eq(check_out("d/to-out/f", 0), -EXDEV);
	ck_assert_int_eq(check_out("d/to-out/new", 0), -EXDEV);
	ck_assert_int_eq(check_out("d/to-f", COPY_FOLLOW), -EXDEV);
	ck_assert_int_eq(check_out("to-d/to-out/f", 0), -EXDEV);
	ck_assert_int_eq(check_out("d/up/out/f", 0), -EXDEV);
	snprintf(path, sizeof(path), "%s/d/to-out", tree_directory);
	ck_assert_int_eq(check_out(path, COPY_FOLLOW), -EXDEV);
	/* the link itself; what stays in it; what was never in it */
	ck_assert_int_eq(check_out("d/to-out", 0), 0);
	ck_assert_int_eq(check_out("d/to-in/new", 0), 0);
	ck_assert_int_eq(check_out("d", 0), 0);
	ck_assert_int_eq(check_out("d/.", 0), 0);
	ck_assert_int_eq(check_out("to-d/f", 0), 0);
	ck_assert_int_eq(check_out("out/f", 0), 0);
	ck_assert_int_eq(check_out("d/../out/f", 0), 0);
	remove_directory();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("copy_spot");

	tcase_add_test(tests, what_is_there_is_found);
	tcase_add_test(tests, links_are_followed_when_they_are_to_be);
	tcase_add_test(tests, what_is_on_the_way_must_be_there);
	tcase_add_test(tests, magic_links_of_a_container_are_refused);
	tcase_add_test(tests, a_path_does_not_lead_out_of_what_others_write);
	return suite_run("copy_spot", tests);
}
