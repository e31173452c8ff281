#include "storage/copy/copy_write.h"

#include <errno.h>
#include <time.h>

#include "tests/unit/upper/trees.h"

static struct copy_counts counts;
static struct copy_writer *writer;
static int base_fd;

/* "base" is copied to; beside it lies what must stay as it is */
static void begin(bool inside, bool archive)
{
	make_directory();
	dir("base");
	dir("outside");
	file("outside/file", "sentinel");
	ck_sys(chmod("outside/file", 0640));
	counts = (struct copy_counts){ 0 };
	base_fd = open("base", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_sys(base_fd);
	const struct copy_write_options options = { base_fd, inside, archive };
	writer = copy_writer_new(&options, &counts);
	umask(0);
}

static void end(void)
{
	copy_writer_free(writer);
	fd_close(&base_fd);
	struct stat st;
	ck_sys(stat("outside/file", &st));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_size, strlen("sentinel"));
	ck_assert_int_eq(access("outside/new", F_OK), -1);
	remove_directory();
}

static int entry(const char *path, enum unpack_type type, uint32_t mode,
		 const char *link)
{
	const struct unpack_entry e = {
		.type = type,
		.mode = mode,
		.uid = 12345,
		.gid = 12345,
		.mtime = 1000000000,
		.size = type == UNPACK_FILE ? 3 : 0,
		.path = path,
		.link = link ? link : "",
	};

	return copy_writer_entry(writer, path, &e, &err);
}

static int put_file(const char *path, uint32_t mode, const char *text)
{
	int r = entry(path, UNPACK_FILE, mode, NULL);

	return r < 0 ? r
		     : copy_writer_data(writer, 0, text, strlen(text), &err);
}

static void check_mode(const char *path, uint32_t mode)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %m", path);
	ck_assert_msg(st.st_mode == mode, "%s: mode %o, not %o", path,
		      st.st_mode, mode);
}

static void check_text(const char *path, const char *text)
{
	scoped(char) *is = NULL;
	ck_ok(fd_read_file(AT_FDCWD, path, 1000, &is, &err));
	ck_assert_str_eq(is, text);
}

START_TEST(files_get_mode_and_time_directories_when_they_are_full)
{
	struct stat st;

	begin(false, false);
	ck_ok(entry("d", UNPACK_DIRECTORY, 0555, NULL));
	ck_ok(put_file("d/f", 0604, "abc"));
	ck_ok(entry("d/e", UNPACK_DIRECTORY, 0500, NULL));
	ck_ok(put_file("d/e/f", 0600, "abc"));
	ck_ok(put_file("g", 0600, "abc"));
	ck_ok(copy_writer_finish(writer, &err));
	check_mode("base/d", S_IFDIR | 0555);
	check_mode("base/d/e", S_IFDIR | 0500);
	check_mode("base/d/f", S_IFREG | 0604);
	check_text("base/d/e/f", "abc");
	ck_sys(stat("base/d", &st));
	ck_assert_int_eq(st.st_mtime, 1000000000);
	ck_sys(stat("base/d/e", &st));
	ck_assert_int_eq(st.st_mtime, 1000000000);
	ck_assert_uint_eq(counts.bytes, 9);
	ck_assert_uint_eq(counts.files, 5);
	ck_sys(chmod("base/d", 0755));
	ck_sys(chmod("base/d/e", 0755));
	end();
}
END_TEST

START_TEST(no_set_id_bit_comes_out_of_a_container)
{
	begin(false, true);
	ck_ok(put_file("f", 06755, "abc"));
	ck_ok(entry("d", UNPACK_DIRECTORY, 07777, NULL));
	ck_ok(entry("p", UNPACK_FIFO, 06644, NULL));
	ck_ok(copy_writer_finish(writer, &err));
	check_mode("base/f", S_IFREG | 0755);
	check_mode("base/d", S_IFDIR | 01777);
	check_mode("base/p", S_IFIFO | 0644);
	ck_assert_uint_eq(counts.owners, 3);
	end();
}
END_TEST

START_TEST(a_file_is_replaced_and_not_written_through)
{
	struct stat st;

	begin(false, false);
	ck_sys(link("outside/file", "base/hard"));
	ck_sys(symlink("../outside/file", "base/soft"));
	ck_sys(symlink("../outside/new", "base/dangling"));
	ck_sys(mkfifo("base/fifo", 0600));
	ck_ok(put_file("hard", 0777, "new"));
	ck_ok(put_file("soft", 0777, "new"));
	ck_ok(put_file("dangling", 0777, "new"));
	ck_ok(put_file("fifo", 0777, "new"));
	ck_ok(copy_writer_finish(writer, &err));
	check_text("base/hard", "new");
	check_text("base/soft", "new");
	check_mode("base/soft", S_IFREG | 0777);
	check_mode("base/dangling", S_IFREG | 0777);
	check_mode("base/fifo", S_IFREG | 0777);
	ck_sys(stat("outside/file", &st));
	ck_assert_uint_eq(st.st_nlink, 1);
	end();
}
END_TEST

START_TEST(on_the_host_no_link_on_the_way_is_followed)
{
	begin(false, false);
	ck_sys(symlink("../outside", "base/out"));
	ck_sys(symlink(".", "base/here"));
	ck_assert_int_eq(put_file("out/new", 0777, "new"), -ELOOP);
	ck_assert_int_eq(put_file("here/new", 0777, "new"), -ELOOP);
	ck_assert_int_eq(entry("out/new", UNPACK_DIRECTORY, 0777, NULL),
			 -ELOOP);
	ck_assert_int_eq(entry("out", UNPACK_DIRECTORY, 0777, NULL), -ENOTDIR);
	ck_assert_int_eq(copy_writer_link(writer, "new", "out/file", &err),
			 -ELOOP);
	/* one that came just now is no better */
	ck_ok(entry("came", UNPACK_SYMLINK, 0777, "../outside"));
	ck_assert_int_eq(put_file("came/new", 0777, "new"), -ELOOP);
	end();
}
END_TEST

START_TEST(in_a_container_links_to_directories_are_followed)
{
	become_root_of_namespace();
	begin(true, false);
	dir("base/usr");
	ck_sys(symlink("usr", "base/bin"));
	ck_ok(entry("bin/l", UNPACK_SYMLINK, 0777, "goal"));
	check_mode("base/usr/l", S_IFLNK | 0777);
	/* but are not taken for the directory itself */
	ck_assert_int_eq(entry("bin", UNPACK_DIRECTORY, 0700, NULL), -ENOTDIR);
	check_mode("base/bin", S_IFLNK | 0777);
	end();
}
END_TEST

START_TEST(nothing_takes_the_place_of_another_kind)
{
	begin(false, false);
	dir("base/d");
	file("base/f", "old");
	ck_assert_int_eq(put_file("d", 0644, "new"), -EISDIR);
	ck_assert_int_eq(entry("d", UNPACK_SYMLINK, 0777, "x"), -EISDIR);
	ck_assert_int_eq(entry("f", UNPACK_DIRECTORY, 0755, NULL), -ENOTDIR);
	ck_assert_int_eq(put_file("f/g", 0644, "new"), -ENOTDIR);
	check_text("base/f", "old");
	end();
}
END_TEST

START_TEST(a_directory_that_exists_stays_as_it_is)
{
	struct stat before, after;

	begin(false, true);
	dir("base/d");
	ck_sys(chmod("base/d", 0711));
	ck_sys(stat("base/d", &before));
	ck_ok(entry("", UNPACK_DIRECTORY, 0777, NULL));
	ck_ok(entry("d", UNPACK_DIRECTORY, 0777, NULL));
	ck_ok(copy_writer_finish(writer, &err));
	ck_sys(stat("base/d", &after));
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	check_mode("base", S_IFDIR | 0755);
	end();
}
END_TEST

START_TEST(on_the_host_a_hard_link_leads_only_to_what_was_copied)
{
	struct stat st;

	begin(false, false);
	file("base/mine", "mine");
	ck_ok(put_file("came", 0600, "abc"));
	ck_ok(copy_writer_link(writer, "second", "came", &err));
	ck_assert_int_eq(copy_writer_link(writer, "third", "mine", &err),
			 -ENOENT);
	ck_assert_int_eq(copy_writer_link(writer, "fourth", "none", &err),
			 -ENOENT);
	ck_assert_int_eq(copy_writer_link(writer, "", "came", &err), -EBADMSG);
	ck_assert_int_eq(copy_writer_link(writer, "fifth", "", &err), -EBADMSG);
	ck_sys(stat("base/second", &st));
	ck_assert_uint_eq(st.st_nlink, 2);
	end();
}
END_TEST

START_TEST(content_out_of_place_is_refused)
{
	begin(false, false);
	/* there is no file */
	ck_assert_int_eq(copy_writer_data(writer, 0, "x", 1, &err), -EBADMSG);
	ck_ok(entry("f", UNPACK_FILE, 0644, NULL));
	/* more than the head said */
	ck_assert_int_eq(copy_writer_data(writer, 0, "abcd", 4, &err),
			 -EBADMSG);
	ck_assert_int_eq(copy_writer_data(writer, 3, "a", 1, &err), -EBADMSG);
	ck_assert_int_eq(copy_writer_data(writer, UINT64_MAX, "a", 1, &err),
			 -EBADMSG);
	ck_ok(copy_writer_data(writer, 1, "b", 1, &err));
	/* a second time */
	ck_assert_int_eq(copy_writer_data(writer, 1, "b", 1, &err), -EBADMSG);
	ck_ok(copy_writer_finish(writer, &err));
	struct stat st;
	ck_sys(stat("base/f", &st));
	ck_assert_int_eq(st.st_size, 3);
	end();
}
END_TEST

START_TEST(half_a_file_is_removed)
{
	begin(false, false);
	ck_ok(entry("f", UNPACK_FILE, 0644, NULL));
	ck_ok(copy_writer_data(writer, 0, "a", 1, &err));
	copy_writer_free(take_ptr(writer));
	ck_assert_int_eq(access("base/f", F_OK), -1);
	end();
}
END_TEST

START_TEST(devices_are_not_made)
{
	begin(false, false);
	ck_ok(entry("d", UNPACK_NODE, 0666, NULL));
	ck_assert_int_eq(access("base/d", F_OK), -1);
	ck_assert_uint_eq(counts.devices, 1);
	end();
}
END_TEST

START_TEST(a_container_has_only_its_own_ids)
{
	become_root_of_namespace();
	begin(true, true);
	/* 12345 is none */
	ck_assert_int_eq(put_file("f", 0644, "abc"), 0);
	ck_assert_int_eq(copy_writer_finish(writer, &err), -ERANGE);
	copy_writer_free(take_ptr(writer));
	ck_assert_int_eq(access("base/f", F_OK), -1);
	end();
}
END_TEST

START_TEST(set_id_bits_stay_with_their_owner_only)
{
	become_root_of_namespace();
	begin(true, false);
	/* it was 12345's, and becomes root's */
	ck_ok(put_file("f", 06755, "abc"));
	ck_ok(copy_writer_finish(writer, &err));
	check_mode("base/f", S_IFREG | 0755);
	const struct unpack_entry roots = {
		.type = UNPACK_FILE, .mode = 06755, .path = "g", .link = ""
	};
	ck_ok(copy_writer_entry(writer, "g", &roots, &err));
	ck_ok(copy_writer_finish(writer, &err));
	check_mode("base/g", S_IFREG | 06755);
	end();
}
END_TEST

START_TEST(a_file_that_something_is_mounted_on_is_written_in_place)
{
	become_root_of_namespace();
	begin(true, false);
	file("mounted", "old and long");
	ck_sys(chmod("mounted", 0640));
	file("base/f", "");
	ck_sys(mount("mounted", "base/f", NULL, MS_BIND, NULL));
	ck_ok(put_file("f", 0777, "new"));
	ck_ok(copy_writer_finish(writer, &err));
	check_text("mounted", "new");
	check_mode("mounted", S_IFREG | 0640);
	/* nothing else takes its place */
	ck_assert_int_eq(entry("f", UNPACK_SYMLINK, 0777, "x"), -EBUSY);
	ck_sys(umount("base/f"));
	end();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("copy_write");

	tcase_add_test(tests,
		       files_get_mode_and_time_directories_when_they_are_full);
	tcase_add_test(tests, no_set_id_bit_comes_out_of_a_container);
	tcase_add_test(tests, a_file_is_replaced_and_not_written_through);
	tcase_add_test(tests, on_the_host_no_link_on_the_way_is_followed);
	tcase_add_test(tests, in_a_container_links_to_directories_are_followed);
	tcase_add_test(tests, nothing_takes_the_place_of_another_kind);
	tcase_add_test(tests, a_directory_that_exists_stays_as_it_is);
	tcase_add_test(tests,
		       on_the_host_a_hard_link_leads_only_to_what_was_copied);
	tcase_add_test(tests, content_out_of_place_is_refused);
	tcase_add_test(tests, half_a_file_is_removed);
	tcase_add_test(tests, devices_are_not_made);
	tcase_add_test(tests, a_container_has_only_its_own_ids);
	tcase_add_test(tests, set_id_bits_stay_with_their_owner_only);
	tcase_add_test(tests,
		       a_file_that_something_is_mounted_on_is_written_in_place);
	return suite_run("copy_write", tests);
}
