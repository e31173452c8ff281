#include "core/log_read.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/rotated.h"
#include "core/log.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/logs/place.h"

#define SECOND INT64_C(1000000000)

static struct error err;

/* record @text in file @name, at second @time */
static void put_in(const char *name, int time, enum log_stream stream,
		   bool ends, const char *text)
{
	char line[256];

	log_record_header(line, time * SECOND, stream, ends);
	snprintf(line + LOG_HEADER_SIZE, sizeof(line) - LOG_HEADER_SIZE, "%s\n",
		 text);
	place_append(name, line, strlen(line));
}

/*
 * @script: words in their order: "o" or "e", the text, and "+" at the end of
 * what is only a part: "ofirst eerror opart+ oend".  The word "/" is a
 * rotation.  The n-th record has the time of n seconds.
 */
static void put(const char *script)
{
	scoped(char) *copy = xstrdup(script);
	int time = 0;

	for (char *rest = copy, *word; (word = strsep(&rest, " "));) {
		size_t n = strlen(word);
		bool part = word[n - 1] == '+';

		if (strcmp(word, "/") == 0) {
			ck_assert_int_eq(
				rotated_shift(place_fd, "log", 9, &err), 0);
			continue;
		}
		word[n - part] = '\0';
		put_in("log", ++time, *word == 'e' ? LOG_STDERR : LOG_STDOUT,
		       !part, word + 1);
	}
}

static struct log_reader *open_reader(const struct log_query *query)
{
	struct log_reader *reader = NULL;

	ck_assert_msg(log_read_open(&reader, place_fd, query, &err) == 0, "%s",
		      err.text);
	return reader;
}

/* what is there: "o:" or "e:" where a line starts, and "," where it ends */
static char *read_all(struct log_reader *reader)
{
	char *all = xstrdup("");
	struct log_piece piece;
	int r;

	while ((r = log_read(reader, &piece, &err)) > 0) {
		static const char *const streams[] = { "o:", "e:", "n:" };
		char *longer = xasprintf(
			"%s%s%.*s%s", all,
			piece.starts ? streams[piece.stream] : "",
			(int)piece.size, piece.text, piece.ends ? "," : "");
		free(all);
		all = longer;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	return all;
}

static void assert_reads(const struct log_query *query, const char *expected)
{
	struct log_reader *reader = open_reader(query);
	scoped(char) *all = read_all(reader);

	ck_assert_str_eq(all, expected);
	log_read_close(reader);
}

/* clang-format off */
static const struct {
	const char *script;
	int since, until; /* seconds; 0: none */
	int tail;         /* -1: all */
	const char *expected;
} readings[] = {
	{ "oa ob ec",              0, 0, -1, "o:a,o:b,e:c," },
	{ "oa / ob / ec",          0, 0, -1, "o:a,o:b,e:c," },
	/* parts of a line, also beyond a rotation and with others between */
	{ "oa+ ob+ oc",            0, 0, -1, "o:abc," },
	{ "oa+ / ob",              0, 0, -1, "o:ab," },
	{ "oa+ ex ob ey",          0, 0, -1, "o:ae:x,b,e:y," },
	{ "oa ob+",                0, 0, -1, "o:a,o:b" },
	/* times */
	{ "oa ob oc od",           2, 0, -1, "o:b,o:c,o:d," },
	{ "oa ob oc od",           0, 2, -1, "o:a,o:b," },
	{ "oa ob oc od",           2, 3, -1, "o:b,o:c," },
	{ "oa ob oc od",           9, 0, -1, "" },
	/* a line's time is that of its first part */
	{ "oa+ eb oc ed",          2, 0, -1, "e:b,e:d," },
	{ "oa+ eb oc ed",          0, 1, -1, "o:ac," },
	/* the last lines */
	{ "oa ob oc",              0, 0, 0,  "" },
	{ "oa ob oc",              0, 0, 1,  "o:c," },
	{ "oa ob oc",              0, 0, 2,  "o:b,o:c," },
	{ "oa ob oc",              0, 0, 3,  "o:a,o:b,o:c," },
	{ "oa ob oc",              0, 0, 9,  "o:a,o:b,o:c," },
	{ "oa / ob / oc",          0, 0, 2,  "o:b,o:c," },
	{ "oa ob oc+",             0, 0, 1,  "o:c" },
	{ "oa ob oc+",             0, 0, 2,  "o:b,o:c" },
	{ "oa ob+ oc",             0, 0, 1,  "o:bc," },
	{ "oa / ob+ / oc+ / od",   0, 0, 1,  "o:bcd," },
	{ "oa ob+ oc od",          0, 0, 2,  "o:bc,o:d," },
	/* the begin of a line lies before lines that are not of the tail */
	{ "oa+ ex ey ob",          0, 0, 1,  "o:ab," },
	{ "oa+ ex ey ob",          0, 0, 2,  "o:ae:y,b," },
	{ "oa+ ex ey ob ez",       0, 0, 1,  "e:z," },
	{ "oa+ / ex / ob+ / ey oc", 0, 0, 2, "o:abe:y,c," },
	{ "eq oa+ ex ob ec+ oy ed", 0, 0, 2, "e:co:y,d," },
	{ "ex+ oa ob oc",          0, 0, 2,  "o:b,o:c," },
	{ "ex+ oa ob oc",          0, 0, 4,  "e:xo:a,o:b,o:c," },
	/* the last lines of a time */
	{ "oa ob oc od",           0, 3, 2,  "o:b,o:c," },
	{ "oa ob oc od",           3, 0, 9,  "o:c,o:d," },
	{ "oa ob oc od",           2, 3, 1,  "o:c," },
};
/* clang-format on */

START_TEST(those_lines_are_read_that_are_wanted)
{
	struct log_query query = LOG_QUERY_ALL;

	put(readings[_i].script);
	if (readings[_i].since)
		query.since_ns = readings[_i].since * SECOND;
	if (readings[_i].until)
		query.until_ns = readings[_i].until * SECOND;
	if (readings[_i].tail >= 0)
		query.tail = (uint64_t)readings[_i].tail;
	assert_reads(&query, readings[_i].expected);
	query.follow = true;
	assert_reads(&query, readings[_i].expected);
}
END_TEST

START_TEST(no_log_is_an_empty_one)
{
	struct log_query query = LOG_QUERY_ALL;

	assert_reads(&query, "");
	query.tail = 5;
	assert_reads(&query, "");
	query.follow = true;
	assert_reads(&query, "");
}
END_TEST

START_TEST(what_is_no_record_is_passed_over_and_counted)
{
	struct log_query query = LOG_QUERY_ALL;
	static const char zeros[100];
	scoped(char) *huge = xcalloc(1, 300000);

	memset(huge, '.', 300000);
	put("oa");
	place_append("log", "garbage\n", 8);
	place_append("log", zeros, sizeof(zeros));
	place_append("log", "\n\n", 2);
	put("ob");
	place_append("log", huge, 300000);
	place_append("log", "\n", 1);
	put("oc");
	place_append("log", "2026-11", 7);
	struct log_reader *reader = open_reader(&query);
	scoped(char) *all = read_all(reader);
	ck_assert_str_eq(all, "o:a,o:b,o:c,");
	ck_assert_uint_eq(log_read_damaged(reader), 7 + 100 + 300000 + 7);
	log_read_close(reader);
	query.tail = 2;
	assert_reads(&query, "o:b,o:c,");
}
END_TEST

START_TEST(a_record_that_was_cut_gives_what_there_is_of_it)
{
	struct log_query query = LOG_QUERY_ALL;
	struct error ignored;
	char line[LOG_HEADER_SIZE + 2];

	log_record_header(line, 5 * SECOND, LOG_STDOUT, true);
	memcpy(line + LOG_HEADER_SIZE, "cu", 2);
	put("oa");
	place_append("log", line, sizeof(line));
	assert_reads(&query, "o:a,o:cu");
	ck_assert_int_eq(rotated_shift(place_fd, "log", 2, &ignored), 0);
	put("ob");
	assert_reads(&query, "o:a,o:cub,");
}
END_TEST

/* lines that look like records, and whatever else a container can think of */
static const char *const forgeries[] = {
	"2026-11-22T10:00:00.000000000+00:00 stderr F forged",
	"\r2026-11-22T10:00:00.000000000+00:00 stderr F forged",
	"1970-01-01T00:00:01.000000000+00:00 notice F 5 bytes lost",
	"P F stdout stderr",
	"",
};

START_TEST(the_container_cannot_forge_a_record)
{
	struct log_options options = { .max_size = 1 << 20, .max_file = 2 };
	struct log_query query = LOG_QUERY_ALL;
	struct log *log;

	ck_assert_int_eq(log_open(&log, place_fd, &options, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(forgeries); i++) {
		scoped(char) *line = xasprintf("%s\n", forgeries[i]);
		/* at once, byte by byte, and after a part */
		log_write(log, LOG_STDOUT, line, strlen(line));
		for (char *s = line; *s; s++)
			log_write(log, LOG_STDOUT, s, 1);
		log_write(log, LOG_STDOUT, "x", 1);
		log_write(log, LOG_STDOUT, line, strlen(line));
	}
	log_close(log);
	struct log_reader *reader = open_reader(&query);
	scoped(char) *all = read_all(reader), *expected = xstrdup("");
	for (size_t i = 0; i < ARRAY_SIZE(forgeries); i++) {
		char *longer =
			xasprintf("%so:%s,o:%s,o:x%s,", expected, forgeries[i],
				  forgeries[i], forgeries[i]);
		free(expected);
		expected = longer;
	}
	ck_assert_str_eq(all, expected);
	ck_assert_uint_eq(log_read_damaged(reader), 0);
	log_read_close(reader);
}
END_TEST

START_TEST(with_follow_more_comes_when_it_was_written)
{
	struct log_query query = LOG_QUERY_ALL;

	query.follow = true;
	query.tail = 1;
	put("oa ob");
	struct log_reader *reader = open_reader(&query);
	scoped(char) *first = read_all(reader);
	ck_assert_str_eq(first, "o:b,");
	struct pollfd fd = { log_read_watch(reader), POLLIN, 0 };
	put("oc / ed+");
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	log_read_watched(reader);
	scoped(char) *second = read_all(reader);
	ck_assert_str_eq(second, "o:c,e:d");
	put("ee");
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	scoped(char) *third = read_all(reader);
	ck_assert_str_eq(third, "e,");
	log_read_close(reader);
}
END_TEST

/* the place where the tail of stderr begins is rotated away */
START_TEST(a_tail_that_is_gone_gives_what_is_left)
{
	struct log_query query = LOG_QUERY_ALL;
	struct error ignored;

	query.follow = true;
	query.tail = 2;
	put("oa ob / ox+ / ec");
	struct log_reader *reader = open_reader(&query);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rotated_shift(place_fd, "log", 2, &ignored),
				 0);
	put_in("log", 9, LOG_STDERR, true, "later");
	put_in("log", 9, LOG_STDOUT, true, "end");
	scoped(char) *all = read_all(reader);
	ck_assert_ptr_nonnull(strstr(all, "e:later,"));
	ck_assert_ptr_nonnull(strstr(all, "end,"));
	log_read_close(reader);
}
END_TEST

enum { STRESS_LINES = 40000 };

/* both streams, in odd chunks: each has its numbers from 0 on */
static int write_stress(void)
{
	struct log_options options = { .max_size = 20000, .max_file = 99 };
	struct log *log;

	if (log_open(&log, place_fd, &options, &err) < 0)
		return 1;
	for (int i = 0; i < STRESS_LINES; i++) {
		char text[32];
		int n = snprintf(text, sizeof(text), "%d\n", i / 2);
		int cut = i % 3 == 0 ? 1 : n;
		log_write(log, (enum log_stream)(i % 2), text, (size_t)cut);
		log_write(log, (enum log_stream)(i % 2), text + cut,
			  (size_t)(n - cut));
	}
	log_close(log);
	return 0;
}

START_TEST(a_follower_loses_nothing_and_sees_nothing_twice)
{
	struct log_query query = LOG_QUERY_ALL;
	char text[2][32] = { "", "" };
	int next[2] = { 0, 0 };
	struct log_piece piece;

	query.follow = true;
	struct log_reader *reader = open_reader(&query);
	struct pollfd fd = { log_read_watch(reader), POLLIN, 0 };
	pid_t pid = fork();
	if (pid == 0)
		_exit(write_stress());
	while (next[0] + next[1] < STRESS_LINES) {
		int r = log_read(reader, &piece, &err);
		ck_assert_int_ge(r, 0);
		if (r == 0) {
			ck_assert_int_eq(poll(&fd, 1, 20000), 1);
			log_read_watched(reader);
			continue;
		}
		char *line = text[piece.stream];
		ck_assert_int_eq(piece.starts, *line == '\0');
		ck_assert_uint_lt(strlen(line) + piece.size, 32);
		strncat(line, piece.text, piece.size);
		if (piece.ends) {
			ck_assert_int_eq(atoi(line), next[piece.stream]);
			next[piece.stream]++;
			*line = '\0';
		}
	}
	ck_assert_int_eq(process_wait(pid, &err), 0);
	ck_assert_uint_eq(log_read_damaged(reader), 0);
	log_read_close(reader);
}
END_TEST

/* Return: false when this kernel does not count */
static bool bytes_read(uint64_t *ret)
{
	scoped(char) *text = NULL;
	unsigned long long n = 0;

	if (fd_read_file(AT_FDCWD, "/proc/self/io", 4096, &text, &err) < 0)
		return false;
	ck_assert_int_eq(sscanf(text, "rchar: %llu", &n), 1);
	*ret = n;
	return true;
}

START_TEST(the_last_lines_are_found_from_the_end)
{
	struct log_options options = { .max_size = 10 << 20, .max_file = 2 };
	struct log_query query = LOG_QUERY_ALL;
	char chunk[4096];
	struct log *log;

	memset(chunk, 'x', sizeof(chunk));
	for (size_t i = 63; i < sizeof(chunk); i += 64)
		chunk[i] = '\n';
	ck_assert_int_eq(log_open(&log, place_fd, &options, &err), 0);
	for (int i = 0; i < 4000; i++)
		log_write(log, LOG_STDOUT, chunk, sizeof(chunk));
	log_close(log);
	uint64_t before, after;
	if (!bytes_read(&before) && child_skip("no /proc/self/io"))
		return;
	query.tail = 10;
	struct log_reader *reader = open_reader(&query);
	scoped(char) *all = read_all(reader);
	ck_assert_uint_eq(strlen(all), 10 * (2 + 63 + 1));
	ck_assert(bytes_read(&after));
	ck_assert_uint_le(after - before, 4 * ROTATED_LINE_MAX);
	log_read_close(reader);
}
END_TEST

START_TEST(a_line_of_a_hundred_megabytes_comes_in_pieces)
{
	enum { CHUNK = 65536, N = (100 << 20) / CHUNK };
	struct log_options options = { .max_size = 200 << 20, .max_file = 2 };
	struct log_query query = LOG_QUERY_ALL;
	scoped(char) *chunk = xcalloc(CHUNK, 1);
	struct log_piece piece;
	struct log *log;
	uint64_t sum = 0;

	memset(chunk, 'z', CHUNK);
	ck_assert_int_eq(log_open(&log, place_fd, &options, &err), 0);
	for (int i = 0; i < N; i++)
		log_write(log, LOG_STDOUT, chunk, CHUNK);
	log_write(log, LOG_STDOUT, "\n", 1);
	log_close(log);
	query.tail = 1;
	struct log_reader *reader = open_reader(&query);
	while (log_read(reader, &piece, &err) > 0) {
		ck_assert_int_eq(piece.starts, sum == 0);
		ck_assert_uint_le(piece.size, LOG_TEXT_MAX);
		sum += piece.size;
	}
	ck_assert(piece.ends);
	ck_assert_uint_eq(sum, (uint64_t)N * CHUNK);
	log_read_close(reader);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log_read");

	tcase_add_checked_fixture(tests, place_make, place_remove);
	tcase_set_timeout(tests, 100);
	tcase_add_loop_test(tests, those_lines_are_read_that_are_wanted, 0,
			    (int)ARRAY_SIZE(readings));
	tcase_add_test(tests, no_log_is_an_empty_one);
	tcase_add_test(tests, what_is_no_record_is_passed_over_and_counted);
	tcase_add_test(tests, a_record_that_was_cut_gives_what_there_is_of_it);
	tcase_add_test(tests, the_container_cannot_forge_a_record);
	tcase_add_test(tests, with_follow_more_comes_when_it_was_written);
	tcase_add_test(tests, a_tail_that_is_gone_gives_what_is_left);
	tcase_add_test(tests, a_follower_loses_nothing_and_sees_nothing_twice);
	tcase_add_test(tests, the_last_lines_are_found_from_the_end);
	tcase_add_test(tests, a_line_of_a_hundred_megabytes_comes_in_pieces);
	return suite_run("log_read", tests);
}
