#include "storage/upper.h"

#include <errno.h>

#include "tests/unit/upper/trees.h"

static struct upper_place place;

/* u is what was written, l the layer below, l2 the one below that */
static void make_layers(void)
{
	make_directory();
	dir("u");
	dir("l");
	dir("l2");
	place = (struct upper_place){ .dirfd = AT_FDCWD, .upper = "u" };
	strv_addf(&place.lower, "%s/l", tree_directory);
	strv_addf(&place.lower, "%s/l2", tree_directory);
}

static void remove_layers(void)
{
	strv_free(&place.lower);
	strv_free(&place.mount_points);
	strv_free(&place.covered);
	remove_directory();
}

static int note(void *context, const struct upper_change *change,
		struct error *why)
{
	(void)why;
	ck_assert((change->kind == UPPER_DELETED) == (change->entry == NULL));
	if (change->entry && S_ISDIR(change->entry->st.st_mode))
		ck_assert_int_ge(change->entry->fd, 0);
	append(context, "%c %s\n", change->kind, change->path);
	return 0;
}

static int walk_all(char **ret)
{
	struct upper upper;
	char *text = xstrdup("");

	ck_ok(upper_open(&place, &upper, &err));
	int r = upper_walk(&upper, note, &text, &err);
	upper_close(&upper);
	*ret = text;
	return r;
}

static void expect(const char *wanted)
{
	char *got = NULL;

	ck_ok(walk_all(&got));
	ck_assert_str_eq(got, wanted);
	free(got);
}

/* a directory as overlayfs copies it: alike in all */
static void copied(const char *upper, const char *lower)
{
	struct stat st;

	ck_sys(stat(lower, &st));
	if (access(upper, F_OK) < 0)
		dir(upper);
	ck_sys(chmod(upper, st.st_mode & 07777));
	set_time(upper, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

START_TEST(files_are_added_changed_and_deleted)
{
	file("l/changed", "old");
	file("l2/removed", "");
	file("l2/hidden_type", "");
	file("u/changed", "new");
	file("u/new", "");
	whiteout("u/removed");
	dir("u/hidden_type");
	file("u/hidden_type/f", "");
	expect("C changed\n"
	       "C hidden_type\n"
	       "A hidden_type/f\n"
	       "A new\n"
	       "D removed\n");
}
END_TEST

START_TEST(what_was_never_there_cannot_be_deleted)
{
	whiteout("u/came_and_went");
	dir("l/d");
	dir("u/d");
	copied("u/d", "l/d");
	whiteout("u/d/x");
	set_time("u/d", 5, 0);
	set_time("l/d", 5, 0);
	expect("");
}
END_TEST

START_TEST(a_directory_is_told_with_what_changed_in_it)
{
	dir("l/d");
	dir("l/d/e");
	dir("l/d/same");
	file("l/d/e/f", "");
	copied("u/d", "l/d");
	copied("u/d/e", "l/d/e");
	copied("u/d/same", "l/d/same");
	copied("u/d", "l/d");
	expect("");
	file("u/d/e/f", "x");
	copied("u/d/e", "l/d/e");
	expect("C d\n"
	       "C d/e\n"
	       "C d/e/f\n");
}
END_TEST

START_TEST(a_directory_whose_mode_or_time_changed_is_told)
{
	dir("l/mode");
	dir("l/time");
	copied("u/mode", "l/mode");
	copied("u/time", "l/time");
	ck_sys(chmod("u/mode", 0700));
	set_time("u/time", 1, 2);
	expect("C mode\n"
	       "C time\n");
}
END_TEST

static uint32_t to_seven(const void *context, uint32_t id)
{
	(void)context, (void)id;
	return 7;
}

START_TEST(a_directory_whose_owner_changed_is_told)
{
	place.owners.uid = to_seven;
	dir("l/d");
	copied("u/d", "l/d");
	expect("C d\n");
	place.owners.squash = true;
	expect("");
}
END_TEST

START_TEST(the_layers_below_hide_one_another)
{
	/* the lower one has them, the upper one took them away */
	file("l2/f", "");
	whiteout("l/f");
	file("u/f", "");
	dir("l2/d");
	file("l2/d/f", "");
	dir("l/d");
	attribute("l/d", "user.overlay.opaque", "y");
	copied("u/d", "l/d");
	file("u/d/f", "");
	whiteout("u/d/g");
	expect("C d\n"
	       "A d/f\n"
	       "A f\n");
}
END_TEST

START_TEST(whiteouts_below_that_are_files_count_where_they_are_known)
{
	file("l2/f", "");
	file("l/.wh.f", "");
	file("u/f", "");
	expect("C f\n");
	place.whiteout_files = true;
	expect("A f\n");
}
END_TEST

START_TEST(what_a_new_directory_hides_is_deleted)
{
	dir("l2/d");
	file("l2/d/a", "");
	file("l2/d/c", "");
	file("l2/d/e", "");
	dir("l2/d/sub");
	file("l2/d/sub/x", "");
	file("l2/d/sub/y", "");
	dir("l/d");
	whiteout("l/d/e");
	file("l/d/z", "");
	dir("u/d");
	attribute("u/d", "user.overlay.opaque", "y");
	file("u/d/b", "");
	file("u/d/c", "");
	dir("u/d/sub");
	file("u/d/sub/y", "");
	expect("C d\n"
	       "D d/a\n"
	       "A d/b\n"
	       "C d/c\n"
	       "C d/sub\n"
	       "D d/sub/x\n"
	       "C d/sub/y\n"
	       "D d/z\n");
}
END_TEST

START_TEST(a_directory_with_nothing_but_hidden_names_is_told)
{
	dir("l/d");
	file("l/d/a", "");
	dir("u/d");
	attribute("u/d", "user.overlay.opaque", "y");
	copied("u/d", "l/d");
	expect("C d\n"
	       "D d/a\n");
}
END_TEST

START_TEST(mount_points_of_ours_are_no_change)
{
	dir("u/proc");
	dir("u/dev");
	dir("u/sys");
	dir("u/etc");
	file("u/etc/hosts", "");
	file("u/etc/hostname", "");
	file("u/etc/resolv.conf", "");
	expect("");
	/* an image with an /etc, and a link where our file goes */
	dir("l/etc");
	ck_sys(symlink("../run/resolv.conf", "l/etc/resolv.conf"));
	expect("");
	file("u/etc/motd", "");
	expect("C etc\n"
	       "A etc/motd\n");
}
END_TEST

START_TEST(mount_points_with_something_in_them_are_changes)
{
	dir("u/proc");
	file("u/proc/f", "");
	dir("u/etc");
	file("u/etc/hosts", "127.0.0.1 me");
	expect("A etc\n"
	       "A etc/hosts\n"
	       "A proc\n"
	       "A proc/f\n");
}
END_TEST

START_TEST(mount_points_of_volumes_are_no_change)
{
	strv_add(&place.mount_points, "/srv/a/data");
	strv_add(&place.mount_points, "/srv/conf");
	dir("u/srv");
	dir("u/srv/a");
	dir("u/srv/a/data");
	file("u/srv/conf", "");
	expect("");
	dir("u/srv/ab");
	expect("A srv\n"
	       "A srv/ab\n");
}
END_TEST

START_TEST(to_overlayfs_a_name_with_wh_is_just_a_name)
{
	file("l/foo", "");
	file("u/.wh.foo", "");
	file("u/.wh..wh..opq", "");
	expect("A .wh..wh..opq\n"
	       "A .wh.foo\n");
}
END_TEST

START_TEST(the_marks_of_fuse_overlayfs_are_understood)
{
	place.fuse = true;
	file("l/gone", "");
	file("l/gone2", "");
	file("u/.wh.gone", "");
	whiteout("u/gone2");
	file("u/.wh.never", "");
	/* every new directory has these */
	dir("u/new");
	file("u/new/.wh..wh..opq", "");
	whiteout("u/new/.wh..opq");
	attribute("u/new", "user.fuseoverlayfs.opaque", "y");
	file("u/new/f", "");
	/* one that replaced another, on a file system without attributes */
	dir("l/other");
	file("l/other/x", "");
	dir("u/other");
	file("u/other/.wh..wh..opq", "");
	expect("D gone\n"
	       "D gone2\n"
	       "A new\n"
	       "A new/f\n"
	       "C other\n"
	       "D other/x\n");
}
END_TEST

START_TEST(to_overlayfs_the_attribute_of_fuse_overlayfs_says_nothing)
{
	dir("l/d");
	file("l/d/x", "");
	copied("u/d", "l/d");
	attribute("u/d", "user.fuseoverlayfs.opaque", "y");
	expect("");
}
END_TEST

START_TEST(what_is_covered_below_is_not_there)
{
	dir("l/home");
	dir("l/home/me");
	copied("u/home", "l/home");
	dir("u/home/me");
	strv_add(&place.covered, "/home");
	expect("C home\n"
	       "A home/me\n");
}
END_TEST

START_TEST(a_link_in_a_layer_leads_nowhere)
{
	dir("l/real");
	file("l/real/f", "");
	ck_sys(symlink("real", "l/d"));
	dir("u/d");
	file("u/d/f", "");
	expect("C d\n"
	       "A d/f\n");
}
END_TEST

START_TEST(a_reference_to_another_directory_is_refused)
{
	char *got = NULL;

	dir("u/d");
	attribute("u/d", "user.overlay.redirect", "/other");
	ck_assert_int_eq(walk_all(&got), -EUCLEAN);
	free(got);
}
END_TEST

START_TEST(with_nothing_below_all_is_new)
{
	strv_free(&place.lower);
	file("u/f", "");
	whiteout("u/g");
	dir("u/d");
	attribute("u/d", "user.overlay.opaque", "y");
	expect("A d\n"
	       "A f\n");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("upper");

	tcase_add_checked_fixture(tests, make_layers, remove_layers);
	tcase_add_test(tests, files_are_added_changed_and_deleted);
	tcase_add_test(tests, what_was_never_there_cannot_be_deleted);
	tcase_add_test(tests, a_directory_is_told_with_what_changed_in_it);
	tcase_add_test(tests, a_directory_whose_mode_or_time_changed_is_told);
	tcase_add_test(tests, a_directory_whose_owner_changed_is_told);
	tcase_add_test(tests, the_layers_below_hide_one_another);
	tcase_add_test(
		tests,
		whiteouts_below_that_are_files_count_where_they_are_known);
	tcase_add_test(tests, what_a_new_directory_hides_is_deleted);
	tcase_add_test(tests,
		       a_directory_with_nothing_but_hidden_names_is_told);
	tcase_add_test(tests, mount_points_of_ours_are_no_change);
	tcase_add_test(tests, mount_points_with_something_in_them_are_changes);
	tcase_add_test(tests, mount_points_of_volumes_are_no_change);
	tcase_add_test(tests, to_overlayfs_a_name_with_wh_is_just_a_name);
	tcase_add_test(tests, the_marks_of_fuse_overlayfs_are_understood);
	tcase_add_test(
		tests,
		to_overlayfs_the_attribute_of_fuse_overlayfs_says_nothing);
	tcase_add_test(tests, what_is_covered_below_is_not_there);
	tcase_add_test(tests, a_link_in_a_layer_leads_nowhere);
	tcase_add_test(tests, a_reference_to_another_directory_is_refused);
	tcase_add_test(tests, with_nothing_below_all_is_new);
	return suite_run("upper", tests);
}
