#include "userns/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
/* what alice, 1000, is granted: 0 or more ranges, or -errno */
static const struct {
	const char *what, *text;
	int result;
	struct idrange ranges[3];
} files[] = {
	{ "the usual",        "alice:100000:65536\n", 1, { { 100000, 65536 } } },
	{ "no end of line",   "alice:100000:65536",   1, { { 100000, 65536 } } },
	{ "by number",        "1000:100000:65536\n",  1, { { 100000, 65536 } } },
	{ "by both",          "1000:200000:5\nalice:100000:7\n", 2,
	  { { 200000, 5 }, { 100000, 7 } } },
	{ "among others",
	  "# a comment\n\nbob:300000:5\nalice:100000:5\n#alice:1:1\n"
	  "carol:500000:5\nalice:200000:7\n", 2,
	  { { 100000, 5 }, { 200000, 7 } } },
	{ "a range of one",   "alice:100000:1\n", 1, { { 100000, 1 } } },
	{ "up to the last",   "alice:4294967290:5\n", 1, { { 4294967290, 5 } } },
	{ "an empty range",   "alice:100000:0\n",     -ENOENT, { { 0 } } },
	{ "an empty one and another", "alice:5000:0\nalice:100000:5\n", 1,
	  { { 100000, 5 } } },
	{ "an empty one of another's among ours",
	  "alice:100000:5\nbob:100002:0\n", 1, { { 100000, 5 } } },
	{ "side by side with another's",
	  "bob:99990:10\nalice:100000:10\ncarol:100010:10\n", 1,
	  { { 100000, 10 } } },
	{ "side by side with the own id", "alice:1011:10\nalice:1001:10\n", 2,
	  { { 1011, 10 }, { 1001, 10 } } },

	{ "nothing",          "",                     -ENOENT, { { 0 } } },
	{ "line ends",        "\n\n\n",               -ENOENT, { { 0 } } },
	{ "another's",        "bob:100000:65536\n",   -ENOENT, { { 0 } } },
	{ "a longer name",    "alice2:100000:65536\n", -ENOENT, { { 0 } } },
	{ "a shorter name",   "alic:100000:65536\n",  -ENOENT, { { 0 } } },
	{ "other letters",    "Alice:100000:65536\n", -ENOENT, { { 0 } } },
	{ "a blank before",   " alice:100000:65536\n", -ENOENT, { { 0 } } },
	{ "a blank behind",   "alice :100000:65536\n", -ENOENT, { { 0 } } },
	{ "a longer number",  "10000:100000:65536\n", -ENOENT, { { 0 } } },
	{ "another notation", "01000:100000:65536\n", -ENOENT, { { 0 } } },
	{ "commented out",    "#alice:100000:65536\n", -ENOENT, { { 0 } } },
	{ "no name",          ":100000:65536\n",      -ENOENT, { { 0 } } },

	{ "only a name",      "alice\n",              -EINVAL, { { 0 } } },
	{ "one colon",        "alice:100000\n",       -EINVAL, { { 0 } } },
	{ "three colons",     "alice:1:1:1\n",        -EINVAL, { { 0 } } },
	{ "no start",         "alice::65536\n",       -EINVAL, { { 0 } } },
	{ "no count",         "alice:100000:\n",      -EINVAL, { { 0 } } },
	{ "negative",         "alice:-1:65536\n",     -EINVAL, { { 0 } } },
	{ "a fraction",       "alice:1.5:65536\n",    -EINVAL, { { 0 } } },
	{ "letters",          "alice:one:two\n",      -EINVAL, { { 0 } } },
	{ "a blank at the end", "alice:100000:65536 \n", -EINVAL, { { 0 } } },
	{ "the ends of DOS",  "alice:100000:65536\r\n", -EINVAL, { { 0 } } },
	{ "-1 as a start",    "alice:4294967295:1\n", -ERANGE, { { 0 } } },
	{ "one too many",     "alice:4294967290:6\n", -ERANGE, { { 0 } } },
	{ "2^32 of them",     "alice:0:4294967296\n", -ERANGE, { { 0 } } },
	{ "2^32 and some",    "alice:100000:4295032832\n", -ERANGE, { { 0 } } },
	{ "2^64 and some",    "alice:100000:18446744073709551617\n", -ERANGE,
	  { { 0 } } },
	{ "malformed behind a good one", "alice:100000:5\nalice:x:5\n",
	  -EINVAL, { { 0 } } },

	{ "another's malformed lines",
	  "bob\nbob:\nbob:1\nbob:x:y\nbob:4294967295:9\n:::\nbob:1:1:1\n"
	  "alice:100000:5\nbob\n", 1, { { 100000, 5 } } },
	{ "a malformed line, as long as the name", "alice:100000:5\nalicette\n",
	  1, { { 100000, 5 } } },
	{ "a malformed line behind another's", "bo:300000:5\nalice\n",
	  -EINVAL, { { 0 } } },

	{ "all of another's", "alice:100000:5\nbob:100000:5\n", -EEXIST,
	  { { 0 } } },
	{ "another's last",   "bob:99990:11\nalice:100000:5\n", -EEXIST,
	  { { 0 } } },
	{ "another's first",  "alice:100000:5\nbob:100004:5\n", -EEXIST,
	  { { 0 } } },
	{ "around another's", "alice:100000:500\nbob:100004:1\n", -EEXIST,
	  { { 0 } } },
	{ "within another's", "bob:2000:4000000\nalice:100000:5\n", -EEXIST,
	  { { 0 } } },
	{ "another's, by number", "alice:100000:5\n1001:100000:5\n", -EEXIST,
	  { { 0 } } },
	{ "the second with another's",
	  "alice:100000:5\nalice:200000:5\nbob:200000:5\n", -EEXIST, { { 0 } } },
	{ "the own id",       "alice:1000:5\n",       -EEXIST, { { 0 } } },
	{ "the own id, last", "alice:996:5\n",        -EEXIST, { { 0 } } },
	{ "host root",        "alice:0:500\n",        -EPERM, { { 0 } } },
	{ "system ids",       "alice:100000:5\nalice:999:1\n", -EPERM,
	  { { 0 } } },
	{ "everything",       "alice:0:4294967295\n", -EEXIST, { { 0 } } },
	{ "an earlier one",   "alice:100000:5\nalice:100004:5\n", -EEXIST,
	  { { 0 } } },
	{ "an earlier one, by number", "alice:100000:5\n1000:100000:5\n",
	  -EEXIST, { { 0 } } },
};

static const struct {
	const char *text;
	bool is_local;
} nsswitches[] = {
	{ "",                                   true },
	{ "\n\n",                               true },
	{ "passwd: files sss\n",                true },
	{ "subid: files",                       true },
	{ "subid: files\n",                     true },
	{ "subid:files\n",                      true },
	{ "subid:\tfiles \t\n",                 true },
	{ "\nsubid: files # sss\n",             true },
	{ "passwd: sss\nsubid: files\n",        true },
	{ "#subid: sss\n",                      true },
	{ "# subid: sss\n",                     true },
	{ "xsubid: sss\n",                      true },
	{ "subids: sss\n",                      true },
	{ "passwd: subid: sss\n",               true },
	{ "subid: sss\n",                       false },
	{ "subid: sss",                         false },
	{ "subid: sss files\n",                 false },
	{ "subid: files sss\n",                 false },
	{ "subid: files [NOTFOUND=return] x\n", false },
	{ "subid: filesystem\n",                false },
	{ "subid: file\n",                      false },
	{ "subid:\n",                           false },
	{ "passwd: files\n\n\nsubid: sss\n",    false },
	{ "passwd: files\n  subid: sss\n",      false },
	/* as libsubid reads it, which is asked then */
	{ "SubID: sss\n",                       false },
};

static const struct {
	const char *what, *text, *suggestion;
} suggestions[] = {
	{ "an empty file",    "", "100000-165535" },
	{ "one range",        "bob:100000:65536\n", "165536-231071" },
	{ "ranges below",     "bob:1000:50\n", "100000-165535" },
	{ "a range over the first", "bob:99999:2\n", "100001-165536" },
	{ "out of order",
	  "bob:165536:65536\ncarol:100000:65536\n", "231072-296607" },
	{ "a gap that is just large enough",
	  "bob:100000:5\ncarol:165541:65536\n", "100005-165540" },
	{ "a gap that is too small",
	  "bob:100000:5\ncarol:165540:65536\n", "231076-296611" },
	{ "malformed lines",  "bob:x:1\ncarol:100000:65536\nbob\n",
	  "165536-231071" },
	{ "empty ranges",     "bob:500000:0\n", "100000-165535" },
	{ "no room at the end", "bob:4294900000:60000\n", "100000-165535" },
	{ "no room at the end, and more",
	  "bob:4294900000:60000\ncarol:100000:100000\ndave:210000:65536\n",
	  "275536-341071" },
	{ "no room at all",   "bob:0:4294967295\n", NULL },
};
/* clang-format on */

START_TEST(a_user_has_the_ranges_that_are_granted_and_nobody_elses)
{
	const size_t i = (size_t)_i;
	struct idrange ranges[SUBID_RANGES_MAX] = { { 47, 11 } };
	struct error err = { 0 };
	int r = subid_parse(files[i].text, "/etc/subuid", "alice", 1000, ranges,
			    &err);

	ck_assert_msg(r == files[i].result, "%s: %d %s", files[i].what, r,
		      err.text);
	if (r < 0) {
		ck_assert_uint_eq(ranges[0].start, 47);
		ck_assert_int_eq(err.code, -r);
		ck_assert_ptr_nonnull(strstr(err.text, "/etc/subuid"));
	}
	for (int k = 0; k < r; k++) {
		ck_assert_uint_eq(ranges[k].start, files[i].ranges[k].start);
		ck_assert_uint_eq(ranges[k].count, files[i].ranges[k].count);
	}
}
END_TEST

START_TEST(there_are_32_ranges_at_most)
{
	struct idrange ranges[SUBID_RANGES_MAX];
	struct error err;
	char text[4096] = "";

	for (unsigned i = 0; i < SUBID_RANGES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "alice:%u:10\n", 100000 + 10 * i);
	ck_assert_int_eq(subid_parse(text, "f", "alice", 1000, ranges, &err),
			 SUBID_RANGES_MAX);
	ck_assert_uint_eq(ranges[31].start, 100310);
	strcat(text, "alice:200000:10\n");
	ck_assert_int_eq(subid_parse(text, "f", "alice", 1000, ranges, &err),
			 -E2BIG);
}
END_TEST

START_TEST(the_message_about_an_overlap_names_both)
{
	struct idrange ranges[SUBID_RANGES_MAX];
	struct error err;

	subid_parse("alice:100000:5\n\nbob:100004:5\n", "/etc/subgid", "alice",
		    1000, ranges, &err);
	ck_assert_str_eq(err.text,
			 "/etc/subgid grants the ids 100000 to 100004 to "
			 "alice, and some of them to bob as well (line 3)");
	subid_parse("alice:999:5\n", "/etc/subuid", "alice", 1000, ranges,
		    &err);
	ck_assert_str_eq(err.text, "/etc/subuid grants alice the ids 999 to "
				   "1003, and 1000 is the user's own");
	subid_parse("\nalice:1:x\n", "/etc/subuid", "alice", 1000, ranges,
		    &err);
	ck_assert_str_eq(err.text, "/etc/subuid, line 2: \"x\" is not a "
				   "decimal number");
}
END_TEST

START_TEST(a_line_in_nsswitch_conf_decides_who_is_asked)
{
	for (size_t i = 0; i < ARRAY_SIZE(nsswitches); i++)
		ck_assert_msg(subid_is_local(nsswitches[i].text) ==
				      nsswitches[i].is_local,
			      "%s", nsswitches[i].text);
}
END_TEST

START_TEST(the_suggested_range_is_nobodys)
{
	for (size_t i = 0; i < ARRAY_SIZE(suggestions); i++) {
		scoped(char) *uids =
			subid_suggest(SUBID_UIDS, suggestions[i].text, "alice");
		scoped(char) *gids =
			subid_suggest(SUBID_GIDS, suggestions[i].text, "alice");
		const char *range = suggestions[i].suggestion;
		scoped(char) *uid_line =
			xasprintf("sudo usermod --add-subuids %s alice",
				  range ? range : "");
		scoped(char) *gid_line =
			xasprintf("sudo usermod --add-subgids %s alice",
				  range ? range : "");

		if (!range) {
			ck_assert_int_eq(strncmp(uids, "sudo", 4) == 0, 0);
			continue;
		}
		ck_assert_msg(strcmp(uids, uid_line) == 0, "%s: %s",
			      suggestions[i].what, uids);
		ck_assert_str_eq(gids, gid_line);
	}
}
END_TEST

/*
 * In the child: with each text as /etc/subuid, what we find is what libsubid
 * finds, which newuidmap(1) uses.  root (0) is a user whom every machine has.
 */
/* clang-format off */
static const char *const same[] = {
	"root:100000:65536\n",
	"root:100000:65536",
	"0:100000:65536\n",
	"0:300000:7\nroot:100000:5\n",
	"# a comment\n\nbin:300000:5\nroot:100000:5\n#root:1:1\n",
	"root:100000:5\nroot:200000:7\nbin:500000:5\n",
	"root2:100000:5\nroo:200000:5\nroot:300000:5\n",
	"root:4294967290:5\n",
	"root:100000:1\n",
	"bin:100000:65536\n",
	" root:100000:65536\n",
	"00:100000:65536\n",
	"",
	"bin\nbin:\n:::\nroot:100000:5\nbin\n",
};
/* clang-format on */

enum { CHILD_SKIP = 77 };

static bool replace(const char *path, const char *with)
{
	scoped(char) *file = xstrdup("/tmp/test_subid.XXXXXX");
	scoped_fd fd = mkstemp(file);
	struct error err;

	/* an earlier one of ours; the machine's own file is no mount point */
	umount2(path, MNT_DETACH);
	bool done = fd >= 0 &&
		    fd_write_all(fd, with, strlen(with), &err) == 0 &&
		    mount(file, path, NULL, MS_BIND, NULL) == 0;
	unlink(file);
	return done;
}

static bool is_same(const char *text)
{
	struct idrange ours[SUBID_RANGES_MAX], theirs[SUBID_RANGES_MAX];
	struct error our_err = { 0 }, their_err = { 0 };
	int n = subid_parse(text, "/etc/subuid", "root", 0, ours, &our_err);
	int m = subid_ask_library(SUBID_UIDS, "root", theirs, &their_err);
	bool same_ranges = n == m;

	for (int i = 0; same_ranges && i < n; i++)
		same_ranges = ours[i].start == theirs[i].start &&
			      ours[i].count == theirs[i].count;
	if (!same_ranges)
		fprintf(stderr, "%s: we find %d (%s), libsubid %d (%s)\n", text,
			n, our_err.text, m, their_err.text);
	return same_ranges;
}

static int compare(const void *argument)
{
	struct idrange ranges[SUBID_RANGES_MAX];
	struct error err;
	int differences = 0;

	(void)argument;
	int r = subid_ask_library(SUBID_UIDS, "root", ranges, &err);
	if (r < 0 && strstr(err.text, "load libsubid"))
		return CHILD_SKIP;
	if (!child_make_root() || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !replace("/etc/nsswitch.conf", "passwd: files\n"))
		return CHILD_SKIP;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		if (!replace("/etc/subuid", same[i]))
			return CHILD_SKIP;
		differences += !is_same(same[i]);
	}
	return differences;
}

START_TEST(we_find_what_libsubid_finds)
{
	int r = child_run(compare, NULL);

	if (r == CHILD_SKIP &&
	    child_skip("needs libsubid, /etc/subuid and user namespaces"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("subid");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(
		tests, a_user_has_the_ranges_that_are_granted_and_nobody_elses,
		0, (int)ARRAY_SIZE(files));
	tcase_add_test(tests, there_are_32_ranges_at_most);
	tcase_add_test(tests, the_message_about_an_overlap_names_both);
	tcase_add_test(tests, a_line_in_nsswitch_conf_decides_who_is_asked);
	tcase_add_test(tests, the_suggested_range_is_nobodys);
	tcase_add_test(tests, we_find_what_libsubid_finds);
	return suite_run("subid", tests);
}
