#include "cmd/log_show.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "cmd/when.h"
#include "core/log.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/logs/place.h"

static struct error err;
static struct log_show show;
static char *said[2]; /* to out, to err */
static size_t sizes[2];

static void begin(size_t n)
{
	show = (struct log_show){
		.sources = xcalloc(n, sizeof(*show.sources)),
		.n = n,
		.until_ns = INT64_MAX,
		.out = open_memstream(&said[0], &sizes[0]),
		.err = open_memstream(&said[1], &sizes[1]),
	};
	for (size_t i = 0; i < n; i++)
		show.sources[i].ended_fd = -1;
}

static void finish(void)
{
	fclose(show.out);
	fclose(show.err);
	free(said[0]);
	free(said[1]);
	log_sources_free(show.sources, show.n);
}

/* a container's directory of that name */
static int make_container(const char *name)
{
	ck_assert_int_eq(mkdirat(place_fd, name, 0700), 0);
	int fd = openat(place_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void open_source(size_t i, int dirfd, bool follow)
{
	struct log_query query = LOG_QUERY_ALL;

	query.follow = follow;
	ck_assert_int_eq(
		log_read_open(&show.sources[i].reader, dirfd, &query, &err), 0);
}

static void put(int dirfd, int seconds, enum log_stream stream, bool ends,
		const char *text)
{
	char line[256];
	scoped_fd fd = openat(dirfd, "log",
			      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	log_record_header(line, seconds * INT64_C(1000000000), stream, ends);
	snprintf(line + LOG_HEADER_SIZE, sizeof(line) - LOG_HEADER_SIZE, "%s\n",
		 text);
	ck_assert_int_eq(fd_write_all(fd, line, strlen(line), &err), 0);
}

START_TEST(streams_stay_apart_and_a_line_has_its_time_once)
{
	scoped_fd a = make_container("a");

	put(a, 1, LOG_STDOUT, true, "one");
	put(a, 2, LOG_STDOUT, false, "tw");
	put(a, 3, LOG_STDERR, true, "error");
	put(a, 4, LOG_STDOUT, true, "o");
	put(a, 5, LOG_NOTICE, true, "7 bytes lost: No space left on device");
	put(a, 6, LOG_STDOUT, false, "rest");
	begin(1);
	show.timestamps = true;
	open_source(0, a, false);
	ck_assert_int_eq(log_show(&show, &err), 0);
	ck_assert_str_eq(said[0], "1970-01-01T00:00:01.000000000Z one\n"
				  "1970-01-01T00:00:02.000000000Z two\n"
				  "1970-01-01T00:00:06.000000000Z rest");
	ck_assert_str_eq(said[1],
			 "1970-01-01T00:00:03.000000000Z error\n"
			 "1970-01-01T00:00:05.000000000Z wolffia: note: from "
			 "the log: 7 bytes lost: No space left on device\n");
	finish();
}
END_TEST

START_TEST(lines_of_several_come_in_the_order_of_their_times)
{
	scoped_fd a = make_container("a"), b = make_container("b");

	put(a, 1, LOG_STDOUT, true, "1");
	put(b, 2, LOG_STDOUT, true, "2");
	put(b, 3, LOG_STDOUT, false, "3");
	put(a, 4, LOG_STDOUT, true, "5");
	put(b, 6, LOG_STDOUT, true, "4");
	begin(2);
	show.sources[0].prefix = xstrdup("a");
	show.sources[1].prefix = xstrdup("b");
	open_source(0, a, false);
	open_source(1, b, false);
	ck_assert_int_eq(log_show(&show, &err), 0);
	ck_assert_str_eq(said[0], "a 1\nb 2\nb 34\na 5\n");
	finish();
}
END_TEST

/* writes, then hangs up; one of two containers, the other one has ended */
START_TEST(following_ends_after_the_last_line_of_the_last_container)
{
	scoped_fd a = make_container("a"), b = make_container("b");
	int alive[2];

	ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
	put(a, 1, LOG_STDOUT, true, "1");
	put(b, 1, LOG_STDOUT, true, "ended");
	begin(2);
	/* something that poll(2) can watch */
	fclose(show.out);
	show.out = fopen("/dev/null", "w");
	show.sources[0].ended_fd = alive[0];
	open_source(0, a, true);
	open_source(1, b, true);
	pid_t pid = fork();
	if (pid == 0) {
		struct log_options options = { .max_size = 2000,
					       .max_file = 99 };
		struct log *log;
		if (log_open(&log, a, &options, &err) < 0)
			_exit(1);
		for (int i = 0; i < 1000; i++)
			log_write(log, LOG_STDERR, "a line\n", 7);
		log_write(log, LOG_STDERR, "last", 4);
		log_close(log);
		_exit(0);
	}
	fd_close(&alive[1]);
	ck_assert_int_eq(log_show(&show, &err), 0);
	ck_assert_uint_eq(sizes[1], 7004);
	ck_assert_int_eq(strcmp(said[1] + 7000, "last"), 0);
	ck_assert_int_eq(process_wait(pid, &err), 0);
	finish();
}
END_TEST

START_TEST(following_ends_when_its_time_has_come)
{
	scoped_fd a = make_container("a");
	int alive[2];

	ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
	put(a, 1, LOG_STDERR, true, "1");
	begin(1);
	fclose(show.out);
	show.out = fopen("/dev/null", "w");
	show.until_ns = when_now() + 50 * 1000000;
	show.sources[0].ended_fd = alive[0];
	open_source(0, a, true);
	ck_assert_int_eq(log_show(&show, &err), 0);
	ck_assert_int_ge(when_now(), show.until_ns);
	ck_assert_str_eq(said[1], "1\n");
	fd_close(&alive[1]);
	finish();
}
END_TEST

START_TEST(following_ends_when_nobody_reads)
{
	scoped_fd a = make_container("a");
	int alive[2], reader[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(reader, O_CLOEXEC), 0);
	fd_close(&reader[0]);
	begin(1);
	fclose(show.out);
	show.out = fdopen(reader[1], "w");
	show.sources[0].ended_fd = alive[0];
	open_source(0, a, true);
	ck_assert_int_eq(log_show(&show, &err), 0);
	/* and when there is something to write, that is an error */
	put(a, 1, LOG_STDOUT, true, "1");
	ck_assert_int_eq(log_show(&show, &err), -EPIPE);
	fd_close(&alive[1]);
	finish();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log_show");

	tcase_add_checked_fixture(tests, place_make, place_remove);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, streams_stay_apart_and_a_line_has_its_time_once);
	tcase_add_test(tests,
		       lines_of_several_come_in_the_order_of_their_times);
	tcase_add_test(
		tests,
		following_ends_after_the_last_line_of_the_last_container);
	tcase_add_test(tests, following_ends_when_its_time_has_come);
	tcase_add_test(tests, following_ends_when_nobody_reads);
	return suite_run("log_show", tests);
}
