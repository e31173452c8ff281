#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/logs/place.h"

static struct log *log_;
static struct error err;

static void begin(uint64_t max_size, unsigned max_file)
{
	struct log_options options = { .max_size = max_size,
				       .max_file = max_file };

	ck_assert_msg(log_open(&log_, place_fd, &options, &err) == 0, "%s",
		      err.text);
}

static void put(enum log_stream stream, const char *text)
{
	log_write(log_, stream, text, strlen(text));
}

/* the records of a file without their times, each with a newline */
static char *records(const char *name)
{
	size_t size;
	scoped(char) *data = place_read(name, &size);
	char *to = xcalloc(size + 1, 1), *end = to;

	for (char *from = data; from < data + size;) {
		char *newline = memchr(from, '\n', data + size - from);
		size_t n = newline ? (size_t)(newline - from) : strlen(from);
		struct log_record record = { 0 };
		if (log_record_parse(from, n, &record))
			memmove(from, from + 36, n -= 36);
		memcpy(end, from, n);
		end += n;
		*end++ = newline ? '\n' : '~';
		from = newline ? newline + 1 : data + size;
	}
	return to;
}

static void assert_records(const char *name, const char *expected)
{
	scoped(char) *text = records(name);

	ck_assert_str_eq(text, expected);
}

START_TEST(each_line_is_a_record_of_its_stream)
{
	begin(1 << 20, 2);
	put(LOG_STDOUT, "one\ntwo\n");
	put(LOG_STDERR, "three\n");
	put(LOG_STDOUT, "");
	put(LOG_STDOUT, "\n\n");
	assert_records("log", "stdout F one\nstdout F two\nstderr F three\n"
			      "stdout F \nstdout F \n");
	log_close(log_);
}
END_TEST

START_TEST(a_line_that_has_no_end_yet_is_there_at_once)
{
	begin(1 << 20, 2);
	put(LOG_STDOUT, "prompt> ");
	assert_records("log", "stdout P prompt> \n");
	put(LOG_STDERR, "an error\nand ");
	put(LOG_STDOUT, "ls\n");
	put(LOG_STDERR, "more");
	put(LOG_STDERR, "\n");
	assert_records("log", "stdout P prompt> \nstderr F an error\n"
			      "stderr P and \nstdout F ls\nstderr P more\n"
			      "stderr F \n");
	log_close(log_);
}
END_TEST

START_TEST(a_long_line_is_several_records)
{
	scoped(char) *text = xcalloc(2 * LOG_TEXT_MAX + 8, 1);
	size_t size, n = 2 * LOG_TEXT_MAX + 7;

	memset(text, 'x', n);
	text[n - 1] = '\n';
	begin(1 << 20, 2);
	log_write(log_, LOG_STDOUT, text, n);
	scoped(char) *data = place_read("log", &size);
	ck_assert_uint_eq(size, n - 1 + 3 * (LOG_HEADER_SIZE + 1));
	ck_assert_int_eq(data[43], 'P');
	ck_assert_int_eq(data[LOG_HEADER_SIZE + LOG_TEXT_MAX], '\n');
	ck_assert_int_eq(data[size - 7 - 2], 'F');
	log_close(log_);
}
END_TEST

START_TEST(all_bytes_are_kept_as_they_are)
{
	char text[256 + 1];
	size_t size;

	for (int i = 0; i < 256; i++)
		text[i] = (char)(i == '\n' ? 'n' : i);
	text[256] = '\n';
	begin(1 << 20, 2);
	log_write(log_, LOG_STDERR, text, sizeof(text));
	scoped(char) *data = place_read("log", &size);
	ck_assert_uint_eq(size, LOG_HEADER_SIZE + sizeof(text));
	ck_assert_mem_eq(data + LOG_HEADER_SIZE, text, sizeof(text));
	log_close(log_);
}
END_TEST

START_TEST(a_line_cannot_look_like_a_record)
{
	begin(1 << 20, 2);
	put(LOG_STDOUT,
	    "2026-11-22T10:00:00.000000000+00:00 stderr F forged\n");
	assert_records("log", "stdout F 2026-11-22T10:00:00.000000000+00:00 "
			      "stderr F forged\n");
	log_close(log_);
}
END_TEST

START_TEST(the_time_is_when_it_was_written)
{
	struct timespec before, after;
	struct log_record record = { 0 };
	size_t size;

	begin(1 << 20, 2);
	clock_gettime(CLOCK_REALTIME, &before);
	put(LOG_STDOUT, "x\n");
	clock_gettime(CLOCK_REALTIME, &after);
	scoped(char) *data = place_read("log", &size);
	ck_assert(log_record_parse(data, size - 1, &record));
	ck_assert_int_ge(record.time_ns,
			 before.tv_sec * INT64_C(1000000000) + before.tv_nsec);
	ck_assert_int_le(record.time_ns,
			 after.tv_sec * INT64_C(1000000000) + after.tv_nsec);
	log_close(log_);
}
END_TEST

static uint64_t total_size(unsigned *ret_files)
{
	uint64_t sum = 0;

	*ret_files = 0;
	for (unsigned i = 0; i < 110; i++) {
		scoped(char) *name =
			i ? xasprintf("log.%u", i) : xstrdup("log");
		int64_t size = place_size(name);
		if (size >= 0) {
			sum += (uint64_t)size;
			++*ret_files;
		}
	}
	return sum;
}

/* clang-format off */
static const struct {
	uint64_t max_size;
	unsigned max_file;
	size_t chunk;    /* bytes of each call */
	size_t line;     /* bytes of each line, with its newline */
	uint64_t over;   /* bytes beyond max_size * max_file */
} bounds[] = {
	{ 1024,    1, 100,   10,    0 },
	{ 1024,    2, 100,   10,    0 },
	{ 1024,    3, 65536, 1,     0 },
	{ 65536,   2, 65536, 65536, 0 },
	{ 65536,   2, 4096,  100,   0 },
	{ 100000,  5, 777,   333,   0 },
	{ 1 << 20, 2, 65536, 2,     0 },
	{ 1 << 20, 2, 65536, 80,    0 },
	/* a record that is larger than a file is a file */
	{ 1024,    3, 65536, 16384, 3 * (LOG_HEADER_SIZE + 1 + LOG_TEXT_MAX) },
};
/* clang-format on */

START_TEST(there_is_never_more_than_the_bound)
{
	scoped(char) *text = xcalloc(bounds[_i].chunk, 1);
	uint64_t bound = bounds[_i].max_size * bounds[_i].max_file;
	unsigned files;
	uint64_t most = 0;

	memset(text, 'x', bounds[_i].chunk);
	for (size_t i = 0; i < bounds[_i].chunk; i++)
		if (i % bounds[_i].line == bounds[_i].line - 1)
			text[i] = '\n';
	begin(bounds[_i].max_size, bounds[_i].max_file);
	for (uint64_t written = 0; written < 2 * bound;
	     written += bounds[_i].chunk) {
		log_write(log_, LOG_STDOUT, text, bounds[_i].chunk);
		uint64_t size = total_size(&files);
		ck_assert_uint_le(size, bound + bounds[_i].over);
		ck_assert_uint_le(files, bounds[_i].max_file);
		most = size > most ? size : most;
	}
	ck_assert_uint_eq(files, bounds[_i].max_file);
	/* and the bound is made use of */
	ck_assert_uint_ge(most, bound - bound / 4 -
					bound / 2 * (bounds[_i].max_file == 1));
	log_close(log_);
}
END_TEST

START_TEST(a_log_is_gone_on_with)
{
	begin(1 << 20, 2);
	put(LOG_STDOUT, "first\n");
	log_close(log_);
	begin(1 << 20, 2);
	put(LOG_STDOUT, "second\n");
	log_close(log_);
	assert_records("log", "stdout F first\nstdout F second\n");
}
END_TEST

START_TEST(half_a_line_of_a_killed_launcher_is_ended)
{
	place_write("log", "2026-11-2", 9);
	begin(1 << 20, 2);
	put(LOG_STDOUT, "new\n");
	log_close(log_);
	assert_records("log", "2026-11-2\nstdout F new\n");
}
END_TEST

START_TEST(none_is_no_log_and_no_file)
{
	struct log_options options = { .none = true };

	ck_assert_int_eq(log_open(&log_, place_fd, &options, &err), 0);
	ck_assert_ptr_null(log_);
	put(LOG_STDOUT, "x\n");
	log_close(log_);
	ck_assert_int_eq(place_size("log"), -1);
}
END_TEST

START_TEST(a_log_that_cannot_be_made_is_an_error)
{
	struct log_options options = { .max_size = 1024, .max_file = 2 };

	ck_assert_int_eq(symlinkat("/dev/null", place_fd, "log"), 0);
	ck_assert_int_eq(log_open(&log_, place_fd, &options, &err), -ELOOP);
	ck_assert_int_eq(unlinkat(place_fd, "log", 0), 0);
	ck_assert_int_eq(mkfifoat(place_fd, "log", 0600), 0);
	ck_assert_int_eq(log_open(&log_, place_fd, &options, &err), -EINVAL);
}
END_TEST

enum { SKIP = 77, SMALL = 64 << 10 };

/* fill the disk: the sum of what is kept and what is said to be lost is all */
static int lose_lines(const void *argument)
{
	const size_t *line = argument;
	uint64_t written = 0, kept = 0, lost = 0;
	bool after = false;
	scoped(char) *text = xcalloc(*line, 1);

	if (!place_be_small(SMALL))
		return SKIP;
	memset(text, 'x', *line - 1);
	text[*line - 1] = '\n';
	begin(1 << 20, 2);
	place_write("ballast", "b", 1);
	while (written < 4 * SMALL) {
		log_write(log_, LOG_STDOUT, text, *line);
		written += *line;
	}
	/* two pages are free again */
	ck_assert_int_eq(unlinkat(place_fd, "ballast", 0), 0);
	put(LOG_STDERR, "after\n");
	log_close(log_);

	scoped(char) *all = records("log");
	for (char *rest = all, *one; (one = strsep(&rest, "\n")) && *one;) {
		unsigned long long n = 0;
		if (sscanf(one, "notice F %llu bytes lost: No space left", &n))
			lost += n;
		else if (strncmp(one, "stdout F ", 9) == 0)
			kept += strlen(one) - 9 + 1;
		else if (strcmp(one, "stderr F after") == 0)
			after = true;
		else /* a header that was cut */
			ck_assert_msg(strlen(one) < LOG_HEADER_SIZE, "%s", one);
	}
	ck_assert(after);
	ck_assert_uint_gt(lost, 2 * SMALL);
	ck_assert_uint_gt(kept, SMALL / 16);
	/* the newline of a line that was cut is one that was not written */
	ck_assert_uint_ge(kept + lost, written);
	ck_assert_uint_le(kept + lost, written + 1);
	return 0;
}

START_TEST(a_full_disk_loses_lines_and_says_how_many)
{
	static const size_t lines[] = { 100, 7, 1000, 5000, 16384 };
	int r = child_run(lose_lines, &lines[_i]);

	if (r == SKIP && child_skip("no user namespaces"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

/* no place for the new file of a rotation: one inode is all there is */
static int rotate_nowhere(const void *ignored)
{
	(void)ignored;
	if (!place_be_small(SMALL))
		return SKIP;
	begin(1024, 2);
	ck_assert_int_eq(mkdirat(place_fd, "log.1", 0700), 0);
	for (int i = 0; i < 100; i++)
		put(LOG_STDOUT, "a line of twenty-five by.\n");
	ck_assert_int_le(place_size("log"), 1024);
	ck_assert_int_eq(unlinkat(place_fd, "log.1", AT_REMOVEDIR), 0);
	put(LOG_STDOUT, "again\n");
	log_close(log_);
	scoped(char) *text = records("log");
	ck_assert_msg(strncmp(text, "notice F ", 9) == 0 &&
			      strstr(text, " bytes lost: Is a directory\n"
					   "stdout F again\n"),
		      "%s", text);
	return 0;
}

START_TEST(a_rotation_that_fails_is_tried_again)
{
	int r = child_run(rotate_nowhere, NULL);

	if (r == SKIP && child_skip("no user namespaces"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

static int write_beyond_limit(const void *ignored)
{
	struct rlimit limit = { 100000, 100000 };
	unsigned files;

	(void)ignored;
	setrlimit(RLIMIT_FSIZE, &limit);
	begin(1 << 20, 2);
	for (int i = 0; i < 10000; i++)
		put(LOG_STDOUT, "a line of twenty-five by.\n");
	log_close(log_);
	scoped(char) *text = records("log");
	return strstr(text, "notice") || total_size(&files) < 100000;
}

START_TEST(a_limit_on_the_size_of_files_rotates_earlier)
{
	ck_assert_int_eq(child_run(write_beyond_limit, NULL), 0);
}
END_TEST

static long resident_pages(void)
{
	scoped(char) *text = NULL;
	long size = 0, resident = 0;

	ck_assert_int_gt(
		fd_read_file(AT_FDCWD, "/proc/self/statm", 4096, &text, &err),
		0);
	ck_assert_int_eq(sscanf(text, "%ld %ld", &size, &resident), 2);
	return resident;
}

/* 1 GiB as fast as it goes: neither memory nor the disk fills */
START_TEST(a_gigabyte_leaves_the_bound_on_disk_and_no_memory)
{
	enum { CHUNK = 65536, MIB = 1 << 20 };
	static const size_t line[] = { 4096, 100 };
	scoped(char) *text = xcalloc(CHUNK, 1);
	unsigned files;

	memset(text, 'y', CHUNK);
	for (size_t i = line[_i] - 1; i < CHUNK; i += line[_i])
		text[i] = '\n';
	begin(LOG_SIZE_DEFAULT, LOG_FILES_DEFAULT);
	for (int i = 0; i < 1000; i++)
		log_write(log_, LOG_STDOUT, text, CHUNK);
	long before = resident_pages();
	for (int i = 0; i < 1024 * MIB / CHUNK; i++)
		log_write(log_, LOG_STDOUT, text, CHUNK);
	ck_assert_int_le(resident_pages(), before + 64);
	ck_assert_uint_le(total_size(&files), 20 * MIB);
	ck_assert_uint_eq(files, 2);
	log_close(log_);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log");

	tcase_add_checked_fixture(tests, place_make, place_remove);
	tcase_set_timeout(tests, 100);
	tcase_add_test(tests, each_line_is_a_record_of_its_stream);
	tcase_add_test(tests, a_line_that_has_no_end_yet_is_there_at_once);
	tcase_add_test(tests, a_long_line_is_several_records);
	tcase_add_test(tests, all_bytes_are_kept_as_they_are);
	tcase_add_test(tests, a_line_cannot_look_like_a_record);
	tcase_add_test(tests, the_time_is_when_it_was_written);
	tcase_add_loop_test(tests, there_is_never_more_than_the_bound, 0,
			    (int)ARRAY_SIZE(bounds));
	tcase_add_test(tests, a_log_is_gone_on_with);
	tcase_add_test(tests, half_a_line_of_a_killed_launcher_is_ended);
	tcase_add_test(tests, none_is_no_log_and_no_file);
	tcase_add_test(tests, a_log_that_cannot_be_made_is_an_error);
	tcase_add_loop_test(tests, a_full_disk_loses_lines_and_says_how_many, 0,
			    5);
	tcase_add_test(tests, a_rotation_that_fails_is_tried_again);
	tcase_add_test(tests, a_limit_on_the_size_of_files_rotates_earlier);
	tcase_add_loop_test(
		tests, a_gigabyte_leaves_the_bound_on_disk_and_no_memory, 0, 2);
	return suite_run("log", tests);
}
