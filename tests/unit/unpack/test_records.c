#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/unpack/unpack_records.h"

#define NAME_255                                                               \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"0123456789012345678901234567890123456789012345678901234567890123"     \
	"012345678901234567890123456789012345678901234567890123456789012"

/* clang-format off */
static const struct {
	const char *name, *clean;
} good_names[] = {
	{ "a", "a" },
	{ "a/b", "a/b" },
	{ "/a/b", "a/b" },
	{ "///a//b///", "a/b" },
	{ "./a/./b/.", "a/b" },
	{ "./", "" },
	{ "/", "" },
	{ "", "" },
	{ "...", "..." },
	{ "..a/b..", "..a/b.." },
	{ "a/.../b", "a/.../b" },
	{ " ", " " },
	{ "a\\..\\b", "a\\..\\b" },
	{ "a\n/b", "a\n/b" },
	{ "\xff\xfe", "\xff\xfe" },
	{ NAME_255, NAME_255 },
};

static const struct {
	const char *name;
	int error;
} bad_names[] = {
	{ "..", -EXDEV },
	{ "../a", -EXDEV },
	{ "/..", -EXDEV },
	{ "a/..", -EXDEV },
	{ "a/../b", -EXDEV },
	{ "a/./../b", -EXDEV },
	{ ".//..//a", -EXDEV },
	{ "a/b/../../../c", -EXDEV },
	{ NAME_255 "x", -ENAMETOOLONG },
	{ "a/" NAME_255 "x/b", -ENAMETOOLONG },
};

static const struct {
	const char *path;
	int meaning;
} meanings[] = {
	{ "a", UNPACK_ORDINARY },
	{ "a/b", UNPACK_ORDINARY },
	{ ".w", UNPACK_ORDINARY },
	{ ".wh", UNPACK_ORDINARY },
	{ "x.wh.a", UNPACK_ORDINARY },
	{ ".WH.a", UNPACK_ORDINARY },
	{ ".wh.a", UNPACK_WHITEOUT },
	{ "d/.wh.a", UNPACK_WHITEOUT },
	{ ".wh.wh.a", UNPACK_WHITEOUT },
	{ ".wh....", UNPACK_WHITEOUT },
	{ ".wh..a", UNPACK_WHITEOUT },
	{ ".wh..wh", UNPACK_WHITEOUT },
	{ ".wh..wh..opq", UNPACK_OPAQUE },
	{ "d/.wh..wh..opq", UNPACK_OPAQUE },
	{ ".wh..wh..opqx", UNPACK_AUFS },
	{ ".wh..wh.plnk", UNPACK_AUFS },
	{ ".wh..wh.plnk/1.2", UNPACK_AUFS },
	{ ".wh..wh.", UNPACK_AUFS },
	{ ".wh.", -EBADMSG },
	{ ".wh..", -EBADMSG },
	{ ".wh...", -EBADMSG },
	{ "d/.wh...", -EBADMSG },
	{ ".wh.a/b", -EBADMSG },
	{ ".wh..wh..opq/b", -EBADMSG },
	{ ".wh../b", -EBADMSG },
};

static const struct {
	const char *name;
	bool allowed;
} xattrs[] = {
	{ "user.a", true },
	{ "user.overlay", true },
	{ "user.container.x", true },
	{ "security.capability", true },
	{ "user.", false },
	{ "user", false },
	{ "", false },
	{ "User.a", false },
	{ "user.overlay.opaque", false },
	{ "user.overlay.", false },
	{ "user.fuseoverlayfs.opaque", false },
	{ "user.containers.override_stat", false },
	{ "trusted.overlay.opaque", false },
	{ "trusted.a", false },
	{ "security.selinux", false },
	{ "security.capability2", false },
	{ "security.ima", false },
	{ "system.posix_acl_access", false },
	{ "user." NAME_255, false },
};
/* clang-format on */

static struct unpack_record record;
static struct error err;

START_TEST(a_good_name_becomes_a_relative_path)
{
	char to[UNPACK_PATH_MAX];

	ck_assert_int_eq(unpack_path_clean(good_names[_i].name, to, &err), 0);
	ck_assert_str_eq(to, good_names[_i].clean);
}
END_TEST

START_TEST(a_bad_name_is_refused)
{
	char to[UNPACK_PATH_MAX];

	ck_assert_int_eq(unpack_path_clean(bad_names[_i].name, to, &err),
			 bad_names[_i].error);
	ck_assert_int_eq(err.code, -bad_names[_i].error);
}
END_TEST

START_TEST(a_path_of_4095_bytes_is_the_longest)
{
	char name[2 * UNPACK_PATH_MAX] = "", to[UNPACK_PATH_MAX];

	for (int i = 0; i < 2048; i++)
		strcpy(name + 2 * i, "a/");
	name[4095] = '\0';
	ck_assert_int_eq(unpack_path_clean(name, to, &err), 0);
	ck_assert_uint_eq(strlen(to), 4095);
	strcpy(name + 4095, "b");
	ck_assert_int_eq(unpack_path_clean(name, to, &err), -ENAMETOOLONG);
}
END_TEST

START_TEST(a_name_in_a_layer_means_what_the_specification_says)
{
	ck_assert_int_eq(unpack_path_meaning(meanings[_i].path, &err),
			 meanings[_i].meaning);
}
END_TEST

START_TEST(only_harmless_attributes_are_allowed)
{
	ck_assert_int_eq(unpack_xattr_allowed(xattrs[_i].name),
			 xattrs[_i].allowed);
}
END_TEST

/* What the sender writes for @entry; the caller's to free. */
static size_t send_to_memory(const struct unpack_entry *entry, char **ret)
{
	scoped(struct unpack_sender) *sender = xcalloc(1, sizeof(*sender));

	ck_assert_int_eq(unpack_send_entry(sender, entry, &err), 0);
	*ret = xcalloc(1, sender->used);
	memcpy(*ret, sender->bytes, sender->used);
	return sender->used;
}

static const struct unpack_entry some_entry = {
	.type = UNPACK_FILE,
	.mode = 04755,
	.uid = 1000,
	.gid = -1,
	.mtime = -5,
	.mtime_nsec = 999999999,
	.size = 1234567890123,
	.path = "/usr/./bin/x",
	.link = "",
	.xattrs = { { "user.a", "value", 5 },
		    { "security.capability", "\0\1\2", 3 },
		    { "user.empty", "", 0 } },
	.n_xattrs = 3,
	.skipped_xattrs = 7,
};

START_TEST(an_entry_arrives_as_it_was_sent)
{
	scoped(char) *bytes = NULL;
	size_t size = send_to_memory(&some_entry, &bytes);
	const struct unpack_entry *got = &record.entry;

	ck_assert_int_eq(unpack_record_parse(bytes, size, &record, &err),
			 (ssize_t)size);
	ck_assert_int_eq(record.kind, UNPACK_ENTRY);
	ck_assert_int_eq(got->type, UNPACK_FILE);
	ck_assert_uint_eq(got->mode, 04755);
	ck_assert_int_eq(got->uid, 1000);
	ck_assert_int_eq(got->gid, -1);
	ck_assert_int_eq(got->mtime, -5);
	ck_assert_uint_eq(got->mtime_nsec, 999999999);
	ck_assert_uint_eq(got->size, 1234567890123);
	ck_assert_str_eq(got->path, "usr/bin/x");
	ck_assert_uint_eq(got->n_xattrs, 3);
	ck_assert_str_eq(got->xattrs[0].name, "user.a");
	ck_assert_mem_eq(got->xattrs[0].value, "value", 5);
	ck_assert_uint_eq(got->xattrs[1].size, 3);
	ck_assert_uint_eq(got->xattrs[2].size, 0);
	ck_assert_uint_eq(got->skipped_xattrs, 7);
}
END_TEST

START_TEST(a_part_of_a_record_asks_for_more)
{
	scoped(char) *bytes = NULL;
	size_t size = send_to_memory(&some_entry, &bytes);

	for (size_t n = 0; n < size; n++) {
		/* its own allocation, so that a sanitizer sees its end */
		scoped(char) *part = xcalloc(1, n + 1);
		memcpy(part, bytes, n);
		ck_assert_int_eq(unpack_record_parse(part, n, &record, &err),
				 0);
	}
}
END_TEST

/* Offsets in the entry's head, as unpack_records.c lays it out. */
enum {
	AT_KIND = 0,
	AT_SIZE = 4,
	AT_TYPE = 8,
	AT_MODE = 12,
	AT_FILE_SIZE = 40,
	AT_NSEC = 48,
	AT_PATH_SIZE = 52,
	AT_LINK_SIZE = 56,
	AT_N_XATTRS = 60,
	AT_ZERO = 68,
	AT_PATH = 72,
};

/* clang-format off */
static const struct {
	const char *what;
	size_t at;
	uint32_t value;
} damages[] = {
	{ "no kind",            AT_KIND, 0 },
	{ "an unknown kind",    AT_KIND, 4 },
	{ "an entry as data",   AT_KIND, UNPACK_DATA + 0x100 },
	{ "an entry as end",    AT_KIND, UNPACK_END },
	{ "no size",            AT_SIZE, 0 },
	{ "size 7",             AT_SIZE, 7 },
	{ "size 8",             AT_SIZE, 8 },
	{ "a shorter size",     AT_SIZE, 100 },
	{ "a huge size",        AT_SIZE, UINT32_MAX },
	{ "over the limit",     AT_SIZE, UNPACK_RECORD_MAX + 1 },
	{ "no type",            AT_TYPE, 0 },
	{ "an unknown type",    AT_TYPE, UNPACK_TYPES_END },
	{ "a link type",        AT_TYPE, UNPACK_SYMLINK },
	{ "a directory's size", AT_TYPE, UNPACK_DIRECTORY },
	{ "a type in the mode", AT_MODE, 0100644 },
	{ "a negative size",    AT_FILE_SIZE + 4, 0x80000000 },
	{ "10^9 ns",            AT_NSEC, 1000000000 },
	{ "no path",            AT_PATH_SIZE, 0 },
	{ "a shorter path",     AT_PATH_SIZE, 12 },
	{ "a longer path",      AT_PATH_SIZE, 14 },
	{ "path over the end",  AT_PATH_SIZE, 4000 },
	{ "path over all",      AT_PATH_SIZE, UINT32_MAX },
	{ "no link",            AT_LINK_SIZE, 0 },
	{ "a longer link",      AT_LINK_SIZE, 2 },
	{ "link over all",      AT_LINK_SIZE, UINT32_MAX },
	{ "fewer attributes",   AT_N_XATTRS, 2 },
	{ "more attributes",    AT_N_XATTRS, 4 },
	{ "65 attributes",      AT_N_XATTRS, 65 },
	{ "all attributes",     AT_N_XATTRS, UINT32_MAX },
	{ "no zero",            AT_ZERO, 1 },
	{ "NULs in the path",   AT_PATH, 0 },
	/* behind path (13) and link (1): the first attribute's sizes and name */
	{ "no attribute name",  AT_PATH + 14, 0 },
	{ "a name over all",    AT_PATH + 14, UINT32_MAX },
	{ "a value over all",   AT_PATH + 18, UINT32_MAX },
	{ "a value of 64K+1",   AT_PATH + 18, 65537 },
	{ "a name not allowed", AT_PATH + 22, 0x61616161 },
};
/* clang-format on */

START_TEST(a_damaged_entry_is_refused)
{
	scoped(char) *bytes = NULL;
	size_t size = send_to_memory(&some_entry, &bytes);

	memcpy(bytes + damages[_i].at, &damages[_i].value, 4);
	ck_assert_msg(unpack_record_parse(bytes, size, &record, &err) ==
			      -EBADMSG,
		      "%s", damages[_i].what);
}
END_TEST

static int result_of(struct unpack_entry entry)
{
	scoped(char) *bytes = NULL;
	size_t size = send_to_memory(&entry, &bytes);
	ssize_t n = unpack_record_parse(bytes, size, &record, &err);

	return n > 0 ? 0 : (int)n;
}

START_TEST(the_writers_side_checks_names_again)
{
	struct unpack_entry entry = { .type = UNPACK_FILE, .link = "" };

	entry.path = "a/../b";
	ck_assert_int_eq(result_of(entry), -EXDEV);
	entry.path = "";
	ck_assert_int_eq(result_of(entry), -EBADMSG);
	entry.path = "./";
	ck_assert_int_eq(result_of(entry), -EBADMSG);
	entry.type = UNPACK_DIRECTORY;
	ck_assert_int_eq(result_of(entry), 0);
	entry.path = "a";
	entry.link = "b";
	ck_assert_int_eq(result_of(entry), -EBADMSG);
	entry.type = UNPACK_HARDLINK;
	ck_assert_int_eq(result_of(entry), 0);
	entry.link = "/../b";
	ck_assert_int_eq(result_of(entry), -EXDEV);
	entry.link = "/";
	ck_assert_int_eq(result_of(entry), -EBADMSG);
	entry.type = UNPACK_SYMLINK;
	entry.link = "/../b";
	ck_assert_int_eq(result_of(entry), 0);
	ck_assert_str_eq(record.entry.link, "/../b");
	entry.link = "";
	ck_assert_int_eq(result_of(entry), -EBADMSG);
}
END_TEST

START_TEST(data_is_cut_into_records_and_keeps_its_places)
{
	enum { SIZE = 3 * UNPACK_DATA_MAX + 5 };
	scoped(char) *data = xcalloc(1, SIZE), *got = xcalloc(1, SIZE);
	scoped(struct unpack_sender) *sender = xcalloc(1, sizeof(*sender));
	scoped(char) *bytes = NULL;
	char path[] = "/tmp/unpack.XXXXXX";
	scoped_fd fd = mkstemp(path);
	size_t at = 0, end = 0;

	ck_assert_int_eq(unlink(path), 0);
	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 256);
	sender->fd = fd;
	ck_assert_int_eq(unpack_send_data(sender, 1000, data, SIZE, &err), 0);
	ck_assert_int_eq(unpack_send_end(sender, &err), 0);
	lseek(fd, 0, SEEK_SET);
	size_t size = (size_t)fd_read_all(fd, 1 << 24, &bytes, &err);
	for (;;) {
		ssize_t n = unpack_record_parse(bytes + at, size - at, &record,
						&err);
		ck_assert_int_gt(n, 0);
		at += (size_t)n;
		if (record.kind == UNPACK_END)
			break;
		ck_assert_uint_eq(record.offset, 1000 + end);
		memcpy(got + end, record.data, record.size);
		end += record.size;
	}
	ck_assert_uint_eq(at, size);
	ck_assert_uint_eq(end, SIZE);
	ck_assert_mem_eq(got, data, SIZE);
}
END_TEST

START_TEST(data_without_bytes_or_past_the_end_of_numbers_is_refused)
{
	struct {
		uint32_t kind, size;
		uint64_t offset;
		char data[8];
	} raw = { UNPACK_DATA, 16, 0, "" };

	ck_assert_int_eq(unpack_record_parse(&raw, 24, &record, &err),
			 -EBADMSG);
	raw.size = 12;
	ck_assert_int_eq(unpack_record_parse(&raw, 24, &record, &err),
			 -EBADMSG);
	raw.size = 24;
	ck_assert_int_eq(unpack_record_parse(&raw, 24, &record, &err), 24);
	raw.offset = INT64_MAX - 7;
	ck_assert_int_eq(unpack_record_parse(&raw, 24, &record, &err),
			 -EBADMSG);
	raw.offset = UINT64_MAX;
	ck_assert_int_eq(unpack_record_parse(&raw, 24, &record, &err),
			 -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unpack records");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, a_good_name_becomes_a_relative_path, 0,
			    ARRAY_SIZE(good_names));
	tcase_add_loop_test(tests, a_bad_name_is_refused, 0,
			    ARRAY_SIZE(bad_names));
	tcase_add_test(tests, a_path_of_4095_bytes_is_the_longest);
	tcase_add_loop_test(tests,
			    a_name_in_a_layer_means_what_the_specification_says,
			    0, ARRAY_SIZE(meanings));
	tcase_add_loop_test(tests, only_harmless_attributes_are_allowed, 0,
			    ARRAY_SIZE(xattrs));
	tcase_add_test(tests, an_entry_arrives_as_it_was_sent);
	tcase_add_test(tests, a_part_of_a_record_asks_for_more);
	tcase_add_loop_test(tests, a_damaged_entry_is_refused, 0,
			    ARRAY_SIZE(damages));
	tcase_add_test(tests, the_writers_side_checks_names_again);
	tcase_add_test(tests, data_is_cut_into_records_and_keeps_its_places);
	tcase_add_test(
		tests,
		data_without_bytes_or_past_the_end_of_numbers_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
