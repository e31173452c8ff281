#include "storage/tarball.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "storage/unpack/unpack.h"
#include "tests/unit/upper/trees.h"

static struct tarball_notes notes;

static int write_tar(int root, int out, const struct tarball_options *options)
{
	struct tarball *tarball = NULL;

	notes = (struct tarball_notes){ 0 };
	ck_ok(tarball_new(out, options, &notes, &tarball, &err));
	int r = tarball_add_tree(tarball, root, &err);
	if (r == 0)
		r = tarball_finish(tarball, &err);
	tarball_free(tarball);
	return r;
}

static int tar_of(const char *path, const struct tarball_options *options)
{
	scoped_fd root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int out = memfd_create("tar", MFD_CLOEXEC);

	ck_sys(out);
	ck_ok(write_tar(root, out, options));
	ck_sys(lseek(out, 0, SEEK_SET));
	return out;
}

/* what @command says of the tar, which is its standard input */
static char *said_of(int tar, const char *command)
{
	scoped(char) *path = xasprintf("/proc/%d/fd/%d", getpid(), tar);
	scoped(char) *line = xasprintf("exec <%s 2>&1; %s", path, command);
	FILE *from = popen(line, "r");
	char *text = NULL;

	ck_assert_ptr_nonnull(from);
	ck_ok(fd_read_all(fileno(from), 1 << 20, &text, &err));
	ck_assert_msg(pclose(from) == 0, "%s: %s", command, text);
	return text;
}

static bool has_program(const char *name)
{
	scoped(char) *line = xasprintf("command -v %s >/dev/null", name);

	if (system(line) == 0)
		return true;
	ck_assert_msg(!getenv("TESTS_MUST_RUN"), "%s is not installed", name);
	return false;
}

static const struct tarball_options plain = { 0 };
static const struct tarball_options gzip = { .gzip = true };

#define NSEC 123456789

static void make_tree(const char *root)
{
	dir(root);
	ck_sys(chdir(root));
	dir("dir");
	ck_sys(chmod("dir", 02755));
	file("dir/file", "content\n");
	ck_sys(chmod("dir/file", 04751));
	attribute("dir/file", "user.note", "kept");
	attribute("dir/file", "user.empty", "");
	attribute("dir/file", "user.overlay.origin", "dropped");
	attribute("dir/file", "user.fuseoverlayfs.origin", "dropped");
	attribute("dir", "user.overlay.impure", "y");
	attribute("dir", "user.colour", "blue");
	ck_sys(link("dir/file", "link"));
	ck_sys(symlink("/nowhere/at/all", "symlink"));
	ck_sys(link("symlink", "symlink2"));
	ck_sys(mkfifo("fifo", 0600));
	file("\xff\xfe of any bytes\n", "");
	file("ünïcödé", "");
	file(".wh.not", "");
	set_time("dir/file", 1000000000, NSEC);
	set_time("symlink", 1000000001, 0);
	set_time("fifo", -5, 0);
	set_time("\xff\xfe of any bytes\n", 1000000002, 0);
	set_time("ünïcödé", 1000000002, 0);
	set_time(".wh.not", 1000000002, 0);
	set_time("dir", 1000000003, 0);
	ck_sys(chdir(tree_directory));
}

START_TEST(gnu_tar_and_bsdtar_list_what_is_there)
{
	char wanted[1024];
	unsigned uid = geteuid(), gid = getegid();

	make_tree("t");
	scoped_fd tar = tar_of("t", &plain);
	snprintf(wanted, sizeof(wanted),
		 "-rw-r--r-- %u/%u 0 2001-09-09 01:46:42 .wh.not\n"
		 "drwxr-sr-x %u/%u 0 2001-09-09 01:46:43 dir/\n"
		 "-rwsr-x--x %u/%u 8 2001-09-09 01:46:40.123456789 dir/file\n"
		 "prw------- %u/%u 0 1969-12-31 23:59:55 fifo\n"
		 "hrwsr-x--x %u/%u 0 2001-09-09 01:46:40.123456789 link link "
		 "to dir/file\n"
		 "lrwxrwxrwx %u/%u 0 2001-09-09 01:46:41 symlink -> "
		 "/nowhere/at/all\n"
		 "hrwxrwxrwx %u/%u 0 2001-09-09 01:46:41 symlink2 link to "
		 "symlink\n"
		 "-rw-r--r-- %u/%u 0 2001-09-09 01:46:42 "
		 "\\303\\274n\\303\\257c\\303\\266d\\303\\251\n"
		 "-rw-r--r-- %u/%u 0 2001-09-09 01:46:42 \\377\\376 of any "
		 "bytes\\n\n",
		 uid, gid, uid, gid, uid, gid, uid, gid, uid, gid, uid, gid,
		 uid, gid, uid, gid, uid, gid);
	scoped(char) *gnu =
		said_of(tar, "LC_ALL=C TZ=UTC tar --numeric-owner --full-time "
			     "-tvf - 2>/dev/null | tr -s ' '");
	ck_assert_str_eq(gnu, wanted);
	/* it grumbles about what is no text, and about nothing else */
	scoped(char) *grumble = said_of(tar, "tar -tf - 2>&1 >/dev/null");
	ck_assert_str_eq(grumble, "tar: Ignoring unknown extended header "
				  "keyword 'hdrcharset'\n");
	ck_assert_uint_eq(notes.files, 9);
	scoped(char) *attributes =
		said_of(tar, "tar --xattrs --xattrs-include='*' -tvvf - 2>&1 | "
			     "grep -o 'user[.].*'");
	ck_assert_str_eq(attributes, "user.colour\nuser.note\nuser.empty\n");
	if (!has_program("bsdtar"))
		return;
	scoped(char) *bsd =
		said_of(tar, "bsdtar --numeric-owner -tf - | wc -l");
	ck_assert_int_eq(atoi(bsd), 9);
}
END_TEST

START_TEST(the_same_tree_makes_the_same_bytes)
{
	char digests[2][65];

	make_tree("t");
	for (int i = 0; i < 2; i++) {
		scoped_fd tar = tar_of("t", &gzip);
		scoped(char) *sum = said_of(tar, "sha256sum");
		memcpy(digests[i], sum, 64);
		digests[i][64] = '\0';
	}
	ck_assert_str_eq(digests[0], digests[1]);
}
END_TEST

/* unpack as the store does, into "out" */
static void unpack(int tar, bool layer)
{
	struct unpack_options options = {
		.what = "the tar",
		.layer = layer,
		.ids = 1,
	};
	struct unpack_result result;

	dir("out");
	scoped_fd out = open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(unpack_stream(tar, out, &options, &result, &err));
}

static void same_stat(const char *a, const char *b)
{
	struct stat x, y;

	ck_sys(lstat(a, &x));
	ck_sys(lstat(b, &y));
	ck_assert_msg(x.st_mode == y.st_mode && x.st_uid == y.st_uid &&
			      x.st_gid == y.st_gid && x.st_size == y.st_size,
		      "%s is not like %s", b, a);
	ck_assert_int_eq(x.st_mtim.tv_sec, y.st_mtim.tv_sec);
	ck_assert_int_eq(x.st_mtim.tv_nsec, y.st_mtim.tv_nsec);
}

static bool has_attribute(const char *path, const char *name, const char *value)
{
	char text[64] = "";

	return lgetxattr(path, name, text, sizeof(text)) ==
		       (ssize_t)strlen(value) &&
	       strcmp(text, value) == 0;
}

START_TEST(what_is_unpacked_is_what_was_packed)
{
	static const char *const names[] = {
		"dir",
		"dir/file",
		"link",
		"symlink",
		"symlink2",
		"fifo",
		"\xff\xfe of any bytes\n",
		"ünïcödé",
		".wh.not",
	};
	struct stat a, b;

	become_root_of_namespace();
	make_tree("t");
	/* revision 2, all permitted bits of CAP_NET_RAW */
	ck_sys(setxattr("t/dir/file", "security.capability",
			"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00"
			"\x00\x00\x00\x00\x00\x00\x00",
			20, 0));
	scoped_fd tar = tar_of("t", &gzip);
	unpack(tar, false);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped(char) *from = xasprintf("t/%s", names[i]);
		scoped(char) *to = xasprintf("out/%s", names[i]);
		same_stat(from, to);
	}
	ck_sys(stat("out/dir/file", &a));
	ck_sys(stat("out/link", &b));
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	ck_assert(has_attribute("out/dir/file", "user.note", "kept"));
	ck_assert(has_attribute("out/dir/file", "user.empty", ""));
	ck_assert(has_attribute("out/dir", "user.colour", "blue"));
	ck_assert_int_eq(
		getxattr("out/dir/file", "security.capability", NULL, 0), 20);
	ck_assert_int_lt(
		getxattr("out/dir/file", "user.overlay.origin", NULL, 0), 0);
	ck_assert_uint_eq(notes.attributes, 0);
}
END_TEST

START_TEST(a_whiteout_removes_what_lies_below)
{
	struct tarball *tarball = NULL;
	struct stat st;

	become_root_of_namespace();
	scoped_fd tar = memfd_create("tar", MFD_CLOEXEC);
	ck_ok(tarball_new(tar, &plain, &notes, &tarball, &err));
	ck_ok(tarball_add_whiteout(tarball, "usr/share/gone", &err));
	ck_ok(tarball_add_whiteout(tarball, "gone", &err));
	ck_ok(tarball_finish(tarball, &err));
	tarball_free(tarball);
	ck_sys(lseek(tar, 0, SEEK_SET));
	scoped(char) *list = said_of(tar, "tar -tf -");
	ck_assert_str_eq(list, "usr/share/.wh.gone\n.wh.gone\n");
	ck_sys(lseek(tar, 0, SEEK_SET));
	unpack(tar, true);
	ck_sys(lstat("out/usr/share/gone", &st));
	ck_assert(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	ck_sys(lstat("out/gone", &st));
	ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(holes_take_no_room)
{
	const off_t size = 200 << 20;
	struct stat st;

	become_root_of_namespace();
	dir("t");
	{
		scoped_fd fd =
			open("t/sparse", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
		ck_assert_int_eq(pwrite(fd, "head", 4, 0), 4);
		ck_assert_int_eq(pwrite(fd, "middle", 6, size / 2), 6);
		ck_sys(ftruncate(fd, size));
		scoped_fd empty =
			open("t/empty", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
		ck_sys(ftruncate(empty, size));
	}
	scoped_fd tar = tar_of("t", &plain);
	ck_sys(fstat(tar, &st));
	ck_assert_int_lt(st.st_size, 1 << 20);
	unpack(tar, false);
	ck_assert_int_eq(system("cmp t/sparse out/sparse && "
				"cmp t/empty out/empty"),
			 0);
	ck_sys(stat("out/sparse", &st));
	ck_assert_int_lt(st.st_blocks * 512, 1 << 20);
	ck_sys(lseek(tar, 0, SEEK_SET));
	dir("gnu");
	scoped(char) *said = said_of(tar, "tar -C gnu -xf -");
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(system("cmp t/sparse gnu/sparse && "
				"cmp t/empty gnu/empty"),
			 0);
}
END_TEST

START_TEST(sockets_are_left_out_and_counted)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = "t/socket" };

	dir("t");
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_sys(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	file("t/z", "");
	scoped_fd tar = tar_of("t", &plain);
	scoped(char) *list = said_of(tar, "tar -tf -");
	ck_assert_str_eq(list, "z\n");
	ck_assert_uint_eq(notes.sockets, 1);
}
END_TEST

static uint32_t minus_one(const void *context, uint32_t id)
{
	(void)context;
	return id - 1;
}

START_TEST(ids_are_translated_and_large_ones_kept)
{
	struct tarball_options options = {
		.owners = { .uid = minus_one, .gid = minus_one },
	};
	struct tree_entry entry = {
		.path = "f",
		.name = "f",
		.dirfd = AT_FDCWD,
		.fd = -1,
		.st = { .st_mode = S_IFIFO | 0600,
			.st_uid = 4294967294u,
			.st_gid = 3000000000u,
			.st_nlink = 1 },
	};
	struct tarball *tarball = NULL;

	scoped_fd tar = memfd_create("tar", MFD_CLOEXEC);
	ck_ok(tarball_new(tar, &options, &notes, &tarball, &err));
	ck_ok(tarball_add(tarball, &entry, "f", &err));
	ck_ok(tarball_finish(tarball, &err));
	tarball_free(tarball);
	scoped(char) *list = said_of(tar, "tar --numeric-owner -tvf -");
	ck_assert_ptr_nonnull(strstr(list, "4294967293/2999999999"));
}
END_TEST

START_TEST(what_is_mounted_there_is_not_read)
{
	become_root_of_namespace();
	dir("t");
	dir("t/m");
	file("t/f", "");
	file("outside", "secret");
	ck_sys(mount("none", "t/m", "tmpfs", 0, NULL));
	file("t/m/secret", "secret");
	ck_sys(mount("outside", "t/f", NULL, MS_BIND, NULL));
	scoped_fd tar = tar_of("t", &plain);
	scoped(char) *list = said_of(tar, "tar -tf -");
	scoped(char) *bytes = said_of(tar, "grep -c secret; true");
	ck_sys(umount("t/m"));
	ck_sys(umount("t/f"));
	ck_assert_str_eq(list, "f\nm/\n");
	ck_assert_str_eq(bytes, "0\n");
}
END_TEST

START_TEST(a_reader_that_is_gone_is_an_error)
{
	int pipes[2];

	dir("t");
	file("t/f", "");
	signal(SIGPIPE, SIG_IGN);
	ck_sys(pipe2(pipes, O_CLOEXEC));
	fd_close(&pipes[0]);
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(write_tar(root, pipes[1], &gzip), -EPIPE);
	ck_assert_ptr_nonnull(strstr(err.text, "Broken pipe"));
	fd_close(&pipes[1]);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
	scoped(char) *text = xcalloc(1 << 20, 1);

	dir("t");
	memset(text, 'x', (1 << 20) - 1);
	file("t/f", text);
	scoped_fd full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	scoped_fd root = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(write_tar(root, full, &plain), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
}
END_TEST

static void *keep_changing(void *stop)
{
	while (!*(volatile bool *)stop) {
		if (truncate("t/f", 10) < 0 || truncate("t/f", 5000000) < 0)
			break;
	}
	return NULL;
}

START_TEST(a_file_that_changes_while_it_is_read_does_not_spoil_the_rest)
{
	volatile bool done = false;
	bool noticed = false;
	pthread_t thread;

	dir("t");
	file("t/f", "text");
	file("t/g", "after it");
	ck_assert_int_eq(
		pthread_create(&thread, NULL, keep_changing, (void *)&done), 0);
	for (int i = 0; i < 300; i++) {
		scoped_fd tar = tar_of("t", &plain);
		scoped(char) *said = said_of(tar, "tar -xOf - g");
		ck_assert_str_eq(said, "after it");
		noticed |= notes.changed > 0;
	}
	done = true;
	pthread_join(thread, NULL);
	ck_assert(noticed);
}
END_TEST

START_TEST(many_hard_links_are_found_again)
{
	dir("t");
	for (int i = 0; i < 3000; i++) {
		char a[32], b[32];
		snprintf(a, sizeof(a), "t/a%d", i);
		snprintf(b, sizeof(b), "t/b%d", i);
		file(a, "");
		ck_sys(link(a, b));
	}
	scoped_fd tar = tar_of("t", &plain);
	scoped(char) *said = said_of(
		tar, "tar -tvf - | grep '^h' | "
		     "sed -n 's,.* b\\([0-9]*\\) link to a\\1$,x,p' | wc -l");
	ck_assert_int_eq(atoi(said), 3000);
}
END_TEST

START_TEST(what_is_no_file_of_a_tree_has_the_size_that_was_said)
{
	struct tarball *tarball = NULL;
	scoped_fd tar = memfd_create("tar", MFD_CLOEXEC);

	ck_sys(tar);
	ck_ok(tarball_new(tar, &plain, &notes, &tarball, &err));
	ck_ok(tarball_make_directory(tarball, "d", &err));
	ck_ok(tarball_begin_file(tarball, "d/f", 7, &err));
	ck_ok(tarball_write(tarball, "in ", 3, &err));
	ck_assert_int_eq(tarball_end_file(tarball, &err), -EINVAL);
	ck_assert_int_eq(tarball_write(tarball, "more than", 9, &err), -EINVAL);
	ck_ok(tarball_write(tarball, "it.\n", 4, &err));
	ck_ok(tarball_end_file(tarball, &err));
	ck_ok(tarball_begin_file(tarball, "empty", 0, &err));
	ck_ok(tarball_end_file(tarball, &err));
	ck_ok(tarball_finish(tarball, &err));
	tarball_free(tarball);
	ck_sys(lseek(tar, 0, SEEK_SET));
	scoped(char) *said =
		said_of(tar, "TZ=UTC0 tar --full-time --numeric-owner -tvf - | "
			     "tr -s ' '; exec <&-");
	ck_assert_str_eq(said, "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 d/\n"
			       "-rw-r--r-- 0/0 7 1970-01-01 00:00:00 d/f\n"
			       "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty\n");
	ck_sys(lseek(tar, 0, SEEK_SET));
	scoped(char) *content = said_of(tar, "tar -xOf - d/f");
	ck_assert_str_eq(content, "in it.\n");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tarball");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, make_directory, remove_directory);
	tcase_add_test(tests, gnu_tar_and_bsdtar_list_what_is_there);
	tcase_add_test(tests, the_same_tree_makes_the_same_bytes);
	tcase_add_test(tests, what_is_unpacked_is_what_was_packed);
	tcase_add_test(tests, a_whiteout_removes_what_lies_below);
	tcase_add_test(tests, holes_take_no_room);
	tcase_add_test(tests, sockets_are_left_out_and_counted);
	tcase_add_test(tests, ids_are_translated_and_large_ones_kept);
	tcase_add_test(tests, what_is_mounted_there_is_not_read);
	tcase_add_test(tests, a_reader_that_is_gone_is_an_error);
	tcase_add_test(tests, a_full_disk_is_an_error);
	tcase_add_test(
		tests,
		a_file_that_changes_while_it_is_read_does_not_spoil_the_rest);
	tcase_add_test(tests, many_hard_links_are_found_again);
	tcase_add_test(tests,
		       what_is_no_file_of_a_tree_has_the_size_that_was_said);
	return suite_run("tarball", tests);
}
