#include "base/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/logs/place.h"

static struct rotated *r;
static struct rotated_line line;
static struct error err;

static void begin(bool follow)
{
	ck_assert_msg(rotated_open(&r, place_fd, "f", follow, &err) == 0, "%s",
		      err.text);
}

static void put(const char *text)
{
	place_append("f", text, strlen(text));
}

static void shift(unsigned parts)
{
	ck_assert_msg(rotated_shift(place_fd, "f", parts, &err) == 0, "%s",
		      err.text);
}

/* Return: the next lines, with a comma behind each and '~' behind a part */
static const char *next_lines(void)
{
	static char all[4096];

	*all = '\0';
	while (rotated_next(r, &line, &err) > 0)
		sprintf(all + strlen(all), "%s%.*s%s", line.starts ? "" : "+",
			(int)line.size, line.text, line.ends ? "," : "~");
	return all;
}

static const char *previous_lines(size_t max)
{
	static char all[4096];

	*all = '\0';
	while (max-- > 0 && rotated_previous(r, &line, &err) > 0)
		sprintf(all + strlen(all), "%.*s%s", (int)line.size, line.text,
			line.ends ? "," : "~");
	return all;
}

START_TEST(a_file_becomes_the_next_older_one_and_the_oldest_goes)
{
	const char *names[] = { "f", "f.1", "f.2", "f.3" };

	for (char c = 'a'; c <= 'e'; c++) {
		char text[] = { c, '\0' };
		shift(3);
		place_write("f", text, 1);
	}
	for (int i = 0; i < 3; i++) {
		size_t size;
		scoped(char) *text = place_read(names[i], &size);
		ck_assert_int_eq(text[0], 'e' - i);
	}
	ck_assert_int_eq(place_size("f.3"), -1);
	shift(1);
	ck_assert_int_eq(place_size("f"), -1);
}
END_TEST

START_TEST(lines_come_from_the_oldest_to_the_newest)
{
	put("1\n2\n");
	shift(3);
	put("3\n\n");
	shift(3);
	put("4\n");
	begin(false);
	ck_assert_str_eq(next_lines(), "1,2,3,,4,");
	rotated_close(r);
}
END_TEST

START_TEST(nothing_at_all_is_an_empty_file)
{
	begin(false);
	ck_assert_str_eq(next_lines(), "");
	ck_assert_str_eq(previous_lines(1), "");
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	ck_assert_str_eq(next_lines(), "");
	rotated_close(r);
	put("");
	begin(false);
	ck_assert_str_eq(next_lines(), "");
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	ck_assert_str_eq(previous_lines(1), "");
	rotated_close(r);
}
END_TEST

START_TEST(what_is_written_after_the_begin_is_not_read_without_follow)
{
	put("1\n2\nha");
	begin(false);
	put("lf\n3\n");
	shift(3);
	put("4\n");
	ck_assert_str_eq(next_lines(), "1,2,ha~");
	rotated_close(r);
	/* nor when all of it has been rotated away meanwhile */
	begin(false);
	ck_assert_int_eq(unlinkat(place_fd, "f.1", 0), 0);
	shift(1);
	place_write("f.1", "new\n", 4);
	ck_assert_str_eq(next_lines(), "1,2,half,3,");
	rotated_close(r);
}
END_TEST

START_TEST(with_follow_a_line_comes_when_it_is_whole)
{
	begin(true);
	ck_assert_str_eq(next_lines(), "");
	put("ha");
	ck_assert_str_eq(next_lines(), "");
	put("lf");
	ck_assert_str_eq(next_lines(), "");
	put("\nnext\n");
	ck_assert_str_eq(next_lines(), "half,next,");
	put("torn");
	ck_assert_str_eq(next_lines(), "");
	shift(2);
	ck_assert_str_eq(next_lines(), "");
	put("new\n");
	ck_assert_str_eq(next_lines(), "torn~new,");
	rotated_close(r);
}
END_TEST

START_TEST(a_follower_that_is_finished_gets_the_rest)
{
	begin(true);
	put("1\nha");
	ck_assert_str_eq(next_lines(), "1,");
	shift(2);
	put("2\nlf");
	ck_assert_int_eq(rotated_finish(r, &err), 0);
	put("not this\n");
	ck_assert_str_eq(next_lines(), "ha~2,lf~");
	rotated_close(r);
	begin(true);
	ck_assert_int_eq(rotated_finish(r, &err), 0);
	ck_assert_int_eq(rotated_finish(r, &err), 0);
	rotated_close(r);
}
END_TEST

START_TEST(what_was_written_just_before_a_rotation_is_read)
{
	put("1\n");
	begin(true);
	ck_assert_str_eq(next_lines(), "1,");
	put("2\n");
	shift(3);
	put("3\n");
	shift(3);
	put("4\n");
	ck_assert_str_eq(next_lines(), "2,3,4,");
	rotated_close(r);
}
END_TEST

START_TEST(after_parts_that_are_gone_comes_the_oldest_there_is)
{
	put("1\n");
	begin(true);
	ck_assert_str_eq(next_lines(), "1,");
	put("2\n");
	for (char c = '3'; c <= '9'; c++) {
		char text[] = { c, '\n', '\0' };
		shift(2);
		put(text);
	}
	/* it has the first one open, so that one is read to its end */
	ck_assert_str_eq(next_lines(), "2,8,9,");
	rotated_close(r);
}
END_TEST

START_TEST(a_single_part_that_is_replaced_is_followed)
{
	begin(true);
	put("1\n");
	ck_assert_str_eq(next_lines(), "1,");
	put("2\n");
	shift(1);
	ck_assert_str_eq(next_lines(), "2,");
	put("3\n");
	ck_assert_str_eq(next_lines(), "3,");
	rotated_close(r);
}
END_TEST

START_TEST(lines_come_backward_too)
{
	put("1\n22\n");
	shift(3);
	put("333\n\n");
	shift(3);
	put("4\nrest");
	begin(false);
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	ck_assert_str_eq(previous_lines(3), "rest~4,,");
	struct rotated_mark empty = line.mark;
	ck_assert_str_eq(previous_lines(9), "333,22,1,");
	ck_assert_str_eq(previous_lines(9), "");
	ck_assert_int_eq(rotated_seek(r, &empty, &err), 0);
	ck_assert_int_eq(rotated_next(r, &line, &err), 1);
	ck_assert(rotated_is_at(&line.mark, &empty));
	ck_assert_str_eq(next_lines(), "4,rest~");
	rotated_close(r);
}
END_TEST

START_TEST(at_the_end_follow_waits_for_the_next_line)
{
	put("1\n2\n");
	begin(true);
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	ck_assert_str_eq(next_lines(), "");
	put("3\n");
	ck_assert_str_eq(next_lines(), "3,");
	put("unfin");
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	put("ished\n");
	ck_assert_str_eq(next_lines(), "unfinished,");
	rotated_close(r);
}
END_TEST

/* sizes of lines about the size of the buffer */
static const size_t long_lines[] = {
	ROTATED_LINE_MAX - 2,     ROTATED_LINE_MAX - 1,
	ROTATED_LINE_MAX,         ROTATED_LINE_MAX + 1,
	3 * ROTATED_LINE_MAX - 1, 3 * ROTATED_LINE_MAX,
	3 * ROTATED_LINE_MAX + 1,
};

static char *long_text(size_t size)
{
	char *text = xcalloc(size + 10, 1);

	memcpy(text, "a\n", 2);
	for (size_t i = 0; i < size; i++)
		text[2 + i] = (char)('A' + i % 23);
	memcpy(text + 2 + size, "\nb\n", 3);
	return text;
}

START_TEST(a_long_line_comes_in_pieces)
{
	size_t size = long_lines[_i], sum = 0;
	scoped(char) *text = long_text(size);

	place_write("f", text, size + 5);
	begin(false);
	ck_assert_int_eq(rotated_next(r, &line, &err), 1);
	do {
		ck_assert_int_eq(rotated_next(r, &line, &err), 1);
		ck_assert_int_eq(line.starts, sum == 0);
		ck_assert_int_eq(memcmp(line.text, text + 2 + sum, line.size),
				 0);
		sum += line.size;
	} while (!line.ends);
	ck_assert_uint_eq(sum, size);
	ck_assert_str_eq(next_lines(), "b,");
	rotated_close(r);
}
END_TEST

START_TEST(a_long_line_comes_in_pieces_backward)
{
	size_t size = long_lines[_i], sum = 0;
	scoped(char) *text = long_text(size);

	place_write("f", text, size + 5);
	begin(false);
	ck_assert_int_eq(rotated_seek_end(r, &err), 0);
	ck_assert_str_eq(previous_lines(1), "b,");
	do {
		ck_assert_int_eq(rotated_previous(r, &line, &err), 1);
		ck_assert_int_eq(line.ends, sum == 0);
		sum += line.size;
		ck_assert_int_eq(
			memcmp(line.text, text + 2 + size - sum, line.size), 0);
	} while (!line.starts);
	ck_assert_uint_eq(sum, size);
	ck_assert_str_eq(previous_lines(9), "a,");
	rotated_close(r);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(mkdirat(place_fd, "f", 0700), 0);
	ck_assert_int_eq(rotated_open(&r, place_fd, "f", true, &err), -EINVAL);
	ck_assert_int_eq(unlinkat(place_fd, "f", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", place_fd, "f"), 0);
	ck_assert_int_eq(rotated_open(&r, place_fd, "f", true, &err), -ELOOP);
}
END_TEST

START_TEST(the_watch_wakes_up_for_what_is_written_and_for_a_rotation)
{
	put("1\n");
	begin(true);
	struct pollfd fd = { rotated_watch(r), POLLIN, 0 };
	ck_assert_int_ge(fd.fd, 0);
	ck_assert_str_eq(next_lines(), "1,");
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	put("2\n");
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	rotated_watched(r);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	shift(2);
	put("3\n");
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	ck_assert_str_eq(next_lines(), "2,3,");
	rotated_close(r);
}
END_TEST

/* numbers, a rotation after each few: so many that no part ever has to go */
enum { RACE_LINES = 30000, RACE_EACH = 307, RACE_PARTS = 99 };

static int write_race(const void *ignored)
{
	(void)ignored;
	for (int i = 0; i < RACE_LINES; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d\n", i);
		if (i % RACE_EACH == 0 &&
		    rotated_shift(place_fd, "f", RACE_PARTS, &err) < 0)
			return 1;
		scoped_fd fd = openat(place_fd, "f",
				      O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd < 0 || write(fd, text, (size_t)n) != n)
			return 1;
	}
	return 0;
}

START_TEST(a_reader_beside_a_writer_that_rotates_has_each_line_once)
{
	begin(true);
	struct pollfd fd = { rotated_watch(r), POLLIN, 0 };
	pid_t pid = fork();
	if (pid == 0)
		_exit(write_race(NULL));
	for (int expected = 0; expected < RACE_LINES;) {
		char text[16];
		int status = rotated_next(r, &line, &err);

		ck_assert_msg(status >= 0, "%s", err.text);
		if (status == 0) {
			ck_assert_int_eq(poll(&fd, 1, 20000), 1);
			rotated_watched(r);
			continue;
		}
		snprintf(text, sizeof(text), "%.*s", (int)line.size, line.text);
		ck_assert_int_eq(atoi(text), expected);
		ck_assert(line.ends);
		expected++;
	}
	ck_assert_int_eq(process_wait(pid, &err), 0);
	rotated_close(r);
}
END_TEST

/* a rotation after each line: that one is written when the part is left */
static int write_small_parts(void)
{
	for (int i = 0; i < ROTATED_PARTS_MAX - 2; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d\n", i);
		if (rotated_shift(place_fd, "f", ROTATED_PARTS_MAX, &err) < 0)
			return 1;
		scoped_fd fd = openat(place_fd, "f",
				      O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd < 0 || write(fd, text, (size_t)n) != n)
			return 1;
	}
	return 0;
}

static void remove_parts(void)
{
	ck_assert_int_eq(rotated_shift(place_fd, "f", 1, &err), 0);
	for (int i = 1; i < ROTATED_PARTS_MAX; i++) {
		scoped(char) *name = xasprintf("f.%d", i);
		unlinkat(place_fd, name, 0);
	}
}

START_TEST(a_line_written_just_before_its_part_is_left_is_read)
{
	enum { ROUNDS = 15 };

	for (int round = 0; round < ROUNDS; round++) {
		begin(true);
		pid_t pid = fork();
		if (pid == 0)
			_exit(write_small_parts());
		for (int expected = 0; expected < ROTATED_PARTS_MAX - 2;) {
			int status = rotated_next(r, &line, &err);
			ck_assert_int_ge(status, 0);
			if (status == 0)
				continue; /* at once again: to be in between */
			ck_assert_int_eq(atoi(line.text), expected);
			expected++;
		}
		ck_assert_int_eq(process_wait(pid, &err), 0);
		rotated_close(r);
		remove_parts();
	}
}
END_TEST

START_TEST(a_reader_that_ends_beside_a_writer_sees_lines_in_their_order)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(write_race(NULL));
	for (int last = -1; last < RACE_LINES - 1;) {
		int before = -1;
		begin(false);
		while (rotated_next(r, &line, &err) > 0) {
			int now = atoi(line.text);
			ck_assert(before < 0 || now == before + 1);
			before = now;
		}
		ck_assert_int_ge(before, last);
		rotated_close(r);
		/* and the other way round */
		begin(false);
		ck_assert_int_eq(rotated_seek_end(r, &err), 0);
		int after = -1;
		while (rotated_previous(r, &line, &err) > 0) {
			int now = atoi(line.text);
			ck_assert_msg(after < 0 || now == after - 1,
				      "%d after %d", now, after);
			after = now;
		}
		rotated_close(r);
		last = before;
	}
	ck_assert_int_eq(process_wait(pid, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("rotated");
	enum { N_LONG = ARRAY_SIZE(long_lines) };

	tcase_add_checked_fixture(tests, place_make, place_remove);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests,
		       a_file_becomes_the_next_older_one_and_the_oldest_goes);
	tcase_add_test(tests, lines_come_from_the_oldest_to_the_newest);
	tcase_add_test(tests, nothing_at_all_is_an_empty_file);
	tcase_add_test(
		tests,
		what_is_written_after_the_begin_is_not_read_without_follow);
	tcase_add_test(tests, with_follow_a_line_comes_when_it_is_whole);
	tcase_add_test(tests, a_follower_that_is_finished_gets_the_rest);
	tcase_add_test(tests, what_was_written_just_before_a_rotation_is_read);
	tcase_add_test(tests,
		       after_parts_that_are_gone_comes_the_oldest_there_is);
	tcase_add_test(tests, a_single_part_that_is_replaced_is_followed);
	tcase_add_test(tests, lines_come_backward_too);
	tcase_add_test(tests, at_the_end_follow_waits_for_the_next_line);
	tcase_add_loop_test(tests, a_long_line_comes_in_pieces, 0, N_LONG);
	tcase_add_loop_test(tests, a_long_line_comes_in_pieces_backward, 0,
			    N_LONG);
	tcase_add_test(tests, what_is_no_file_is_refused);
	tcase_add_test(
		tests,
		the_watch_wakes_up_for_what_is_written_and_for_a_rotation);
	tcase_add_test(
		tests,
		a_reader_beside_a_writer_that_rotates_has_each_line_once);
	tcase_add_test(tests,
		       a_line_written_just_before_its_part_is_left_is_read);
	tcase_add_test(
		tests,
		a_reader_that_ends_beside_a_writer_sees_lines_in_their_order);
	return suite_run("rotated", tests);
}
