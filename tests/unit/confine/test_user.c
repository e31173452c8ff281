#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/confine/user.h"

/* clang-format off */
static const char passwd[] =
	"root:x:0:0:root:/root:/bin/bash\n"
	"daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
	"# a comment\n"
	"\n"
	"+::::::\n"
	"+nisuser:x:50:50::/:\n"
	"bad line\n"
	"1000:x:0:0:CVE-2016-3697:/root:/bin/sh\n"   /* a name of digits */
	"app:x:1000:1000:App:/home/app:/bin/zsh\n"
	"app2:x:1000:2000:same number:/home/app2:/bin/sh\n"
	"app:x:3000:3000:same name:/evil:/bin/sh\n"
	"3proxy:x:13:13::/:/bin/sh\n"
	"short:x:14:15\n"
	"negative:x:-1:0::/:/bin/sh\n"
	"hex:x:0x10:0::/:/bin/sh\n"
	"huge:x:4294967296:0::/:/bin/sh\n"
	"none:x:4294967295:0::/:/bin/sh\n"
	"empty:x:::::\n"
	"relative:x:16:16::../../x:bin/sh\n"
	"escape:x:17:17::/x\033[31m:/bin/sh\n"
	"top:x:4294967294:4294967294::/top:/bin/sh\n"
	"DOMAIN\\joe.doe:x:18:18::/j:/bin/sh\n"
	"last:x:19:19::/last:/bin/last"; /* without a newline */

static const char group[] =
	"root:x:0:\n"
	"daemon:x:1:root\n"
	"adm:x:4:daemon,root\n"
	"wheel:x:10:root,app\n"
	"app:x:1000:\n"
	"docker:x:999:app,app2,app\n"
	"rooty:x:998:rooty,xroot,rootx\n"
	"100:x:5:\n"
	"broken:x:x:broken\n"
	"short:x\n"
	"last:x:20:last";

static const struct {
	const char *text;
	long uid, gid;        /* uid below 0: the error */
	const char *groups;
	const char *home;
} users[] = {
	/* numbers */
	{ "0", 0, 0, "0 1 4 10", "/root" },
	{ "", 0, 0, "0 1 4 10", "/root" },
	{ "1", 1, 1, "1 4", "/usr/sbin" },
	{ "1000", 1000, 1000, "10 999 1000", "/home/app" },
	{ "1001", 1001, 0, "0", "/" },
	{ "50", 50, 0, "0", "/" },
	{ "65534", 65534, 0, "0", "/" },
	{ "2147483647", 2147483647, 0, "0", "/" },
	{ "2147483648", 2147483648, 0, "0", "/" },
	{ "4294967294", 4294967294, 4294967294, "4294967294", "/top" },
	{ "4294967295", -ERANGE, 0, NULL, NULL },
	{ "4294967296", -ERANGE, 0, NULL, NULL },
	{ "18446744073709551616", -ERANGE, 0, NULL, NULL },
	{ "99999999999999999999999999", -ERANGE, 0, NULL, NULL },
	{ "01", -EINVAL, 0, NULL, NULL },
	{ "00", -EINVAL, 0, NULL, NULL },
	{ "-1", -EINVAL, 0, NULL, NULL },
	{ "+1", -EINVAL, 0, NULL, NULL },
	{ " 1", -EINVAL, 0, NULL, NULL },
	{ "1 ", -EINVAL, 0, NULL, NULL },
	{ "1\n", -EINVAL, 0, NULL, NULL },
	{ "1\t", -EINVAL, 0, NULL, NULL },
	{ "0x1", -ENOENT, 0, NULL, NULL },    /* a name that nobody has */
	{ "1e3", -ENOENT, 0, NULL, NULL },
	{ "1.0", -ENOENT, 0, NULL, NULL },
	{ "1_000", -ENOENT, 0, NULL, NULL },
	{ "\xd9\xa1", -EINVAL, 0, NULL, NULL }, /* the Arabic digit 1 */

	/* names */
	{ "root", 0, 0, "0 1 4 10", "/root" },
	{ "daemon", 1, 1, "1 4", "/usr/sbin" },
	{ "app", 1000, 1000, "10 999 1000", "/home/app" },
	{ "app2", 1000, 2000, "999 2000", "/home/app2" },
	{ "3proxy", 13, 13, "13", "/" },
	{ "short", 14, 15, "15", "/" },
	{ "last", 19, 19, "19 20", "/last" },
	{ "top", 4294967294, 4294967294, "4294967294", "/top" },
	{ "DOMAIN\\joe.doe", 18, 18, "18", "/j" },
	{ "relative", 16, 16, "16", "/" },
	{ "escape", 17, 17, "17", "/" },
	{ "Root", -ENOENT, 0, NULL, NULL },
	{ "roo", -ENOENT, 0, NULL, NULL },
	{ "rootx", -ENOENT, 0, NULL, NULL },
	{ "nobody", -ENOENT, 0, NULL, NULL },
	{ "negative", -EINVAL, 0, NULL, NULL },
	{ "hex", -EINVAL, 0, NULL, NULL },
	{ "huge", -EINVAL, 0, NULL, NULL },
	{ "none", -EINVAL, 0, NULL, NULL },
	{ "empty", -EINVAL, 0, NULL, NULL },
	{ "+nisuser", -EINVAL, 0, NULL, NULL },
	{ "-nisuser", -EINVAL, 0, NULL, NULL },
	{ "bad line", -EINVAL, 0, NULL, NULL },
	{ "a,b", -EINVAL, 0, NULL, NULL },
	{ "a/b", -EINVAL, 0, NULL, NULL },
	{ "root\n", -EINVAL, 0, NULL, NULL },
	{ "root\033", -EINVAL, 0, NULL, NULL },

	/* with a group: that one and no other */
	{ "0:0", 0, 0, "0", "/root" },
	{ "root:root", 0, 0, "0", "/root" },
	{ "root:wheel", 0, 10, "10", "/root" },
	{ "root:99999", 0, 99999, "99999", "/root" },
	{ "app:daemon", 1000, 1, "1", "/home/app" },
	{ "1000:docker", 1000, 999, "999", "/home/app" },
	{ "1001:1002", 1001, 1002, "1002", "/" },
	{ "1001:100", 1001, 100, "100", "/" }, /* "100" is also a name there */
	{ "1001:4294967294", 1001, 4294967294, "4294967294", "/" },
	{ "1001:4294967295", -ERANGE, 0, NULL, NULL },
	{ "1001:nogroup", -ENOENT, 0, NULL, NULL },
	{ "1001:broken", -EINVAL, 0, NULL, NULL },
	{ "1001:short", -ENOENT, 0, NULL, NULL },
	{ "nobody:0", -ENOENT, 0, NULL, NULL },
	{ "1:", -EINVAL, 0, NULL, NULL },
	{ ":1", -EINVAL, 0, NULL, NULL },
	{ ":", -EINVAL, 0, NULL, NULL },
	{ "root:", -EINVAL, 0, NULL, NULL },
	{ "1:2:3", -EINVAL, 0, NULL, NULL },
	{ "root:root:root", -EINVAL, 0, NULL, NULL },
	{ "0:-1", -EINVAL, 0, NULL, NULL },
	{ "0:00", -EINVAL, 0, NULL, NULL },
	{ "0: 0", -EINVAL, 0, NULL, NULL },
	{ "1001:root\n", -EINVAL, 0, NULL, NULL },
};
/* clang-format on */

static int find(const char *text, const struct strv *add, struct user *ret,
		struct error *err)
{
	struct user_request request;
	int r = user_parse(text, &request, err);

	return r < 0 ? r
		     : user_find(&request, add, passwd, sizeof(passwd) - 1,
				 group, sizeof(group) - 1, ret, err);
}

static void check_groups(const struct user *user, const char *expected)
{
	char text[256] = "";

	for (size_t i = 0; i < user->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%u", i ? " " : "", user->groups[i]);
	ck_assert_str_eq(text, expected);
}

START_TEST(a_user_has_exactly_these_ids)
{
	scoped_user user = { .uid = 77 };
	struct error err = { 0 };
	int r = find(users[_i].text, NULL, &user, &err);

	if (users[_i].uid < 0) {
		ck_assert_msg(r == users[_i].uid, "\"%s\": %d %s",
			      users[_i].text, r, err.text);
		ck_assert_uint_eq(user.uid, 77); /* untouched */
		ck_assert_str_ne(err.text, "");
		return;
	}
	ck_assert_msg(r == 0, "\"%s\": %s", users[_i].text, err.text);
	ck_assert_uint_eq(user.uid, (uid_t)users[_i].uid);
	ck_assert_uint_eq(user.gid, (gid_t)users[_i].gid);
	ck_assert_str_eq(user.home, users[_i].home);
	check_groups(&user, users[_i].groups);
}
END_TEST

START_TEST(home_and_shell_come_from_the_first_line_that_fits)
{
	scoped_user app = { 0 }, number = { 0 }, bare = { 0 }, end = { 0 };
	struct error err;

	ck_assert_int_eq(find("app", NULL, &app, &err), 0);
	ck_assert_str_eq(app.shell, "/bin/zsh");
	ck_assert_str_eq(app.name, "app");
	ck_assert_int_eq(find("1000", NULL, &number, &err), 0);
	ck_assert_str_eq(number.name, "app");
	ck_assert_int_eq(find("1001", NULL, &bare, &err), 0);
	ck_assert_ptr_null(bare.name);
	ck_assert_str_eq(bare.shell, "/bin/sh");
	ck_assert_int_eq(find("last", NULL, &end, &err), 0);
	ck_assert_str_eq(end.shell, "/bin/last");
}
END_TEST

START_TEST(added_groups_are_names_or_numbers)
{
	/* clang-format off */
	static const struct {
		const char *add[4];
		int r;
		const char *groups;
	} cases[] = {
		{ { "docker" }, 0, "10 999 1000" },
		{ { "daemon", "7", "0" }, 0, "0 1 7 10 999 1000" },
		{ { "100" }, 0, "10 100 999 1000" },
		{ { "nogroup" }, -ENOENT, NULL },
		{ { "broken" }, -EINVAL, NULL },
		{ { "" }, -EINVAL, NULL },
		{ { "-1" }, -EINVAL, NULL },
		{ { "1:2" }, -EINVAL, NULL },
		{ { "4294967295" }, -ERANGE, NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_strv add = { 0 };
		scoped_user user = { 0 };
		struct error err;
		for (size_t j = 0; cases[i].add[j]; j++)
			strv_add(&add, cases[i].add[j]);
		int r = find("app", &add, &user, &err);
		ck_assert_msg(r == cases[i].r, "%zu: %d %s", i, r, err.text);
		if (r == 0)
			check_groups(&user, cases[i].groups);
	}
}
END_TEST

START_TEST(there_is_an_end_to_groups)
{
	scoped_strv add = { 0 };
	scoped_user user = { 0 }, many = { 0 };
	struct error err;

	for (int i = 0; i < USER_MAX_GROUPS - 1; i++)
		strv_addf(&add, "%d", 5000 + i);
	ck_assert_int_eq(find("1001", &add, &user, &err), 0);
	ck_assert_uint_eq(user.n, USER_MAX_GROUPS);
	strv_add(&add, "4999");
	ck_assert_int_eq(find("1001", &add, &many, &err), -E2BIG);
}
END_TEST

START_TEST(a_malformed_file_is_an_error_not_a_guess)
{
	scoped(char) *line = xcalloc(1, 6000);
	struct user_request request;
	scoped_user user = { 0 };
	struct error err = { 0 };
	static const char nul[] = "ro\0ot:x:0:0::/:\nroot:x:5:5::/:\n";

	ck_assert_int_eq(user_parse("root", &request, &err), 0);
	memset(line, 'x', 5000);
	strcpy(line + 5000, "\nroot:x:0:0::/:\n");
	ck_assert_int_eq(user_find(&request, NULL, line, strlen(line), "", 0,
				   &user, &err),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "line 1 of etc/passwd"));
	ck_assert_int_eq(user_find(&request, NULL, nul, sizeof(nul) - 1, "", 0,
				   &user, &err),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "NUL"));
	/* as long as a line may be */
	memset(line, '#', 4096);
	strcpy(line + 4096, "\nroot:x:0:0::/:\n");
	ck_assert_int_eq(user_find(&request, NULL, line, strlen(line), "", 0,
				   &user, &err),
			 0);
}
END_TEST

START_TEST(a_name_may_be_as_long_as_a_name_is)
{
	char name[USER_MAX_NAME + 2];
	struct user_request request;
	struct error err;

	memset(name, 'a', sizeof(name));
	name[USER_MAX_NAME + 1] = '\0';
	ck_assert_int_eq(user_parse(name, &request, &err), -EINVAL);
	name[USER_MAX_NAME] = '\0';
	ck_assert_int_eq(user_parse(name, &request, &err), 0);
	ck_assert_str_eq(request.user.name, name);
}
END_TEST

/* ------------------------------------------------- below a root directory */

static char root[64];
static int root_fd = -1;

static void set_up(void)
{
	strcpy(root, "/tmp/user.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(root_fd, "etc", 0755), 0);
}

static void tear_down(void)
{
	struct error err;

	fd_close(&root_fd);
	ck_assert_int_eq(path_remove_tree(AT_FDCWD, root, &err), 0);
}

static void write_file(const char *path, const char *text)
{
	struct error err;
	scoped_fd fd =
		openat(root_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
}

static int look_up(const char *text, struct user *ret)
{
	struct error err = { 0 };
	int r = user_lookup(root_fd, text, NULL, ret, &err);

	ck_assert(r == 0 || err.text[0]);
	return r;
}

START_TEST(the_files_of_the_root_are_read)
{
	scoped_user user = { 0 };

	write_file("etc/passwd", "joe:x:7:8::/j:/s\n");
	write_file("etc/group", "g:x:9:joe\n");
	ck_assert_int_eq(look_up("joe", &user), 0);
	ck_assert_uint_eq(user.uid, 7);
	check_groups(&user, "8 9");
	ck_assert_int_eq(look_up("root", &user), -ENOENT);
}
END_TEST

START_TEST(without_files_numbers_work_and_names_do_not)
{
	scoped_user user = { 0 }, nobody = { 0 };
	struct error err;

	ck_assert_int_eq(look_up("5:6", &user), 0);
	ck_assert_uint_eq(user.gid, 6);
	ck_assert_int_eq(look_up("", &nobody), 0);
	ck_assert_uint_eq(nobody.uid, 0);
	ck_assert_int_eq(user_lookup(root_fd, "root", NULL, &user, &err),
			 -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.hint, "number"));
	/* not even a directory */
	ck_assert_int_eq(unlinkat(root_fd, "etc", AT_REMOVEDIR), 0);
	write_file("etc", "");
	ck_assert_int_eq(look_up("root", &user), -ENOENT);
}
END_TEST

START_TEST(links_stay_below_the_root)
{
	scoped_user user = { 0 };
	scoped(char) *outside = xasprintf("../../../../../..%s/real", root);

	/* absolute and upward ones mean the container's */
	write_file("real", "joe:x:7:8::/j:/s\n");
	ck_assert_int_eq(symlinkat("/real", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(look_up("joe", &user), 0);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	/* the host's passwd has a root, the container has no such file */
	ck_assert_int_eq(symlinkat("/etc/shadow", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(look_up("root", &user), -ENOENT);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat(outside, root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(look_up("joe", &user), -ENOENT);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat("passwd", root_fd, "etc/passwd"), 0);
	ck_assert_int_eq(look_up("joe", &user), -ELOOP);
}
END_TEST

START_TEST(a_fifo_or_a_directory_is_refused_and_does_not_hold_us)
{
	scoped_user user = { 0 };

	ck_assert_int_eq(mkfifoat(root_fd, "etc/passwd", 0666), 0);
	ck_assert_int_eq(look_up("0", &user), -EINVAL);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkdirat(root_fd, "etc/passwd", 0755), 0);
	ck_assert_int_eq(look_up("0", &user), -EINVAL);
	ck_assert_int_eq(unlinkat(root_fd, "etc/passwd", AT_REMOVEDIR), 0);
	ck_assert_int_eq(mkfifoat(root_fd, "etc/group", 0666), 0);
	ck_assert_int_eq(look_up("0", &user), -EINVAL);
}
END_TEST

START_TEST(a_file_without_an_end_is_refused)
{
	scoped_user user = { 0 };

	write_file("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	scoped_fd fd = openat(root_fd, "etc/passwd", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, (off_t)2 << 30), 0);
	ck_assert_int_eq(look_up("root", &user), -EFBIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("user");
	TCase *pure = tcase_create("pure");
	tcase_add_loop_test(pure, a_user_has_exactly_these_ids, 0,
			    ARRAY_SIZE(users));
	tcase_add_test(pure, home_and_shell_come_from_the_first_line_that_fits);
	tcase_add_test(pure, added_groups_are_names_or_numbers);
	tcase_add_test(pure, there_is_an_end_to_groups);
	tcase_add_test(pure, a_malformed_file_is_an_error_not_a_guess);
	tcase_add_test(pure, a_name_may_be_as_long_as_a_name_is);
	suite_add_tcase(suite, pure);
	TCase *files = tcase_create("files");
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files, the_files_of_the_root_are_read);
	tcase_add_test(files, without_files_numbers_work_and_names_do_not);
	tcase_add_test(files, links_stay_below_the_root);
	tcase_add_test(files,
		       a_fifo_or_a_directory_is_refused_and_does_not_hold_us);
	tcase_add_test(files, a_file_without_an_end_is_refused);
	suite_add_tcase(suite, files);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
