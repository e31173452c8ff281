#include "core/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/process.h"
#include "core/launch_record.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/logs/place.h"

static struct store store;
static struct error err;

static void make_store(void)
{
	place_make();
	store = (struct store){ .path = NULL, .dirfd = place_fd };
}

static void append(const char *action, const char *id)
{
	struct event event = { .type = EVENT_CONTAINER,
			       .action = action,
			       .id = id };

	events_append(&store, &event);
}

static struct event_reader *open_reader(bool follow)
{
	struct event_reader *reader;

	ck_assert_msg(events_open(&reader, &store, follow, &err) == 0, "%s",
		      err.text);
	return reader;
}

/* "action:id," of each */
static const char *read_all(struct event_reader *reader)
{
	static char all[4096];
	struct event event;

	*all = '\0';
	while (events_read(reader, &event, &err) > 0) {
		sprintf(all + strlen(all), "%s:%s,", event.action, event.id);
		event_free(&event);
	}
	return all;
}

START_TEST(an_event_is_read_as_it_was_written)
{
	struct event event = {
		.type = EVENT_CONTAINER,
		.action = EVENT_DIE,
		.id = "0123",
		.name = "a name",
		.image = "localhost/x:latest",
		.time_ns = 1795341600123456789,
	};
	static const char *const attributes[] = {
		"exitCode=3",
		"a.label=with = and \"\n\t\\",
		"empty=",
		"none",
	};
	struct event read;

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		strv_add(&event.attributes, attributes[i]);
	events_append(&store, &event);
	struct event_reader *reader = open_reader(false);
	ck_assert_int_eq(events_read(reader, &read, &err), 1);
	ck_assert_str_eq(read.type, event.type);
	ck_assert_str_eq(read.action, event.action);
	ck_assert_str_eq(read.id, event.id);
	ck_assert_str_eq(read.name, event.name);
	ck_assert_str_eq(read.image, event.image);
	ck_assert_int_eq(read.time_ns, event.time_ns);
	ck_assert_uint_eq(read.attributes.n, ARRAY_SIZE(attributes));
	for (size_t i = 0; i < ARRAY_SIZE(attributes) - 1; i++)
		ck_assert(strv_contains(&read.attributes, attributes[i]));
	ck_assert(strv_contains(&read.attributes, "none="));
	event_free(&read);
	ck_assert_int_eq(events_read(reader, &read, &err), 0);
	events_close(reader);
	event_free(&event);
}
END_TEST

START_TEST(an_event_has_the_time_when_it_was_written)
{
	struct timespec before;
	struct event event;

	clock_gettime(CLOCK_REALTIME, &before);
	append(EVENT_START, "x");
	struct event_reader *reader = open_reader(false);
	ck_assert_int_eq(events_read(reader, &event, &err), 1);
	ck_assert_int_ge(event.time_ns,
			 before.tv_sec * INT64_C(1000000000) + before.tv_nsec);
	ck_assert_int_le(event.time_ns - before.tv_nsec -
				 before.tv_sec * INT64_C(1000000000),
			 INT64_C(10000000000));
	ck_assert_ptr_null(event.name);
	ck_assert_ptr_null(event.image);
	event_free(&event);
	events_close(reader);
}
END_TEST

START_TEST(what_is_no_utf8_is_escaped_and_what_is_too_long_left_out)
{
	struct event event = { .type = EVENT_IMAGE,
			       .action = EVENT_PULL,
			       .id = "x",
			       .name = "n\xff" };
	struct event read;
	size_t size;

	strv_add(&event.attributes, "a=\xfe");
	strv_add(&event.attributes, "\xfe=a");
	strv_take(&event.attributes, xasprintf("long=%0100000d", 0));
	for (int i = 0; i < 1000; i++)
		strv_addf(&event.attributes, "label%d=%050d", i, 0);
	strv_add(&event.attributes, "b=last");
	events_append(&store, &event);
	scoped(char) *line = place_read("events", &size);
	ck_assert_uint_le(size, EVENT_LINE_MAX);
	ck_assert_uint_ge(size, EVENT_LINE_MAX / 4);
	ck_assert_int_eq(event_parse(line, size - 1, &read, &err), 0);
	ck_assert_str_eq(read.name, "n\\xff");
	ck_assert(strv_contains(&read.attributes, "a=\\xfe"));
	ck_assert_ptr_null(strv_get_env(&read.attributes, "long"));
	ck_assert_ptr_nonnull(strv_get_env(&read.attributes, "label0"));
	event_free(&read);
	event_free(&event);
}
END_TEST

static const char *const bad[] = {
	"",
	"{}",
	"[]",
	"1",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\"}",
	"{\"time\":1,\"type\":\"t\",\"id\":\"i\"}",
	"{\"time\":1,\"action\":\"a\",\"id\":\"i\"}",
	"{\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"}",
	"{\"time\":-1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"}",
	"{\"time\":\"1\",\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"}",
	"{\"time\":1,\"type\":1,\"action\":\"a\",\"id\":\"i\"}",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\",\"name\":1}",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\","
	"\"attributes\":[]}",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\","
	"\"attributes\":{\"a\":1}}",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"",
	"{\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"} x",
	"{\"time\":1,\"time\":1,\"type\":\"t\",\"action\":\"a\",\"id\":\"i\"}",
};

START_TEST(what_is_no_event_is_told_and_passed_over)
{
	struct event event;

	ck_assert_int_eq(event_parse(bad[_i], strlen(bad[_i]), &event, &err),
			 -EINVAL);
	append(EVENT_CREATE, "1");
	place_append("events", bad[_i], strlen(bad[_i]));
	place_append("events", "\n", 1);
	append(EVENT_START, "2");
	struct event_reader *reader = open_reader(false);
	ck_assert_str_eq(read_all(reader), "create:1,start:2,");
	events_close(reader);
}
END_TEST

START_TEST(a_line_that_was_cut_spoils_only_itself)
{
	append(EVENT_CREATE, "1");
	place_append("events", "{\"time\":1", 9);
	append(EVENT_START, "2");
	struct event_reader *reader = open_reader(false);
	ck_assert_str_eq(read_all(reader), "create:1,start:2,");
	events_close(reader);
}
END_TEST

START_TEST(a_follower_sees_what_happens_from_now_on)
{
	append(EVENT_CREATE, "1");
	struct event_reader *reader = open_reader(true);
	ck_assert_int_eq(events_skip(reader, &err), 0);
	ck_assert_str_eq(read_all(reader), "");
	struct pollfd fd = { events_watch(reader), POLLIN, 0 };
	events_watched(reader);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	append(EVENT_START, "2");
	ck_assert_int_eq(poll(&fd, 1, 10000), 1);
	ck_assert_str_eq(read_all(reader), "start:2,");
	events_close(reader);
}
END_TEST

START_TEST(a_follower_of_a_store_without_events_sees_the_first)
{
	struct event_reader *reader = open_reader(true);

	ck_assert_int_eq(events_skip(reader, &err), 0);
	ck_assert_str_eq(read_all(reader), "");
	append(EVENT_CREATE, "1");
	ck_assert_str_eq(read_all(reader), "create:1,");
	events_close(reader);
}
END_TEST

START_TEST(there_are_never_more_than_two_files_of_a_mebibyte)
{
	struct event event = { .type = EVENT_CONTAINER,
			       .action = EVENT_START,
			       .id = "x" };

	strv_take(&event.attributes, xasprintf("label=%010000d", 0));
	for (int i = 0; i < 350; i++) {
		events_append(&store, &event);
		ck_assert_int_le(place_size("events"), EVENTS_SIZE_MAX);
		ck_assert_int_le(place_size("events.1"), EVENTS_SIZE_MAX);
	}
	ck_assert_int_gt(place_size("events.1"), EVENTS_SIZE_MAX - 20000);
	ck_assert_int_eq(place_size("events.2"), -1);
	event_free(&event);
}
END_TEST

enum { WRITERS = 8, EACH = 400 };

/*
 * Of each: its number, and how many it has written.  A byte of @tokens allows
 * one event, so that no more is unread than the files hold.
 */
static void write_many(int writer, int tokens)
{
	struct event event = { .type = EVENT_CONTAINER, .action = EVENT_START };
	char token;

	/* together they rotate some thirty times */
	strv_take(&event.attributes, xasprintf("label=%010000d", 0));
	for (int i = 0; i < EACH; i++) {
		scoped(char) *id = xasprintf("%d %d", writer, i);
		event.id = id;
		if (read(tokens, &token, 1) != 1)
			_exit(1);
		events_append(&store, &event);
	}
	event_free(&event);
}

START_TEST(writers_that_race_lose_nothing)
{
	int next[WRITERS] = { 0 }, total = 0, status;
	struct event_reader *reader = open_reader(true);
	struct pollfd fd = { events_watch(reader), POLLIN, 0 };
	struct event event;
	int tokens[2];

	ck_assert_int_eq(pipe(tokens), 0);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			write_many(i, tokens[0]);
			_exit(0);
		}
	ck_assert_int_eq(write(tokens[1], (char[100]){ 0 }, 100), 100);
	while (total < WRITERS * EACH) {
		int writer, n, r = events_read(reader, &event, &err);
		ck_assert_int_ge(r, 0);
		if (r == 0) {
			ck_assert_int_eq(poll(&fd, 1, 20000), 1);
			events_watched(reader);
			continue;
		}
		ck_assert_int_eq(sscanf(event.id, "%d %d", &writer, &n), 2);
		ck_assert_int_eq(n, next[writer]);
		ck_assert_int_eq(write(tokens[1], "x", 1), 1);
		next[writer]++;
		total++;
		event_free(&event);
	}
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_int_eq(events_read(reader, &event, &err), 0);
	events_close(reader);
}
END_TEST

START_TEST(a_process_that_is_stopped_with_the_lock_stops_nobody)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	append(EVENT_CREATE, "1");
	scoped_fd fd = openat(place_fd, "events", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	append(EVENT_START, "2");
	struct event_reader *reader = open_reader(false);
	ck_assert_str_eq(read_all(reader), "create:1,start:2,");
	events_close(reader);
}
END_TEST

enum { SKIP = 77 };

static int append_to_full_disk(const void *ignored)
{
	char ballast[4096] = { 'x' };

	(void)ignored;
	if (!place_be_small(64 << 10))
		return SKIP;
	store.dirfd = place_fd;
	for (int i = 0; i < 200; i++)
		append(EVENT_START, "fills the disk");
	scoped_fd fd = openat(place_fd, "ballast", O_WRONLY | O_CREAT, 0600);
	while (write(fd, ballast, sizeof(ballast)) > 0)
		;
	for (int i = 0; i < 2000; i++)
		append(EVENT_START, "is lost");
	ck_assert_int_eq(unlinkat(place_fd, "ballast", 0), 0);
	fd_close(&fd);
	append(EVENT_DIE, "after");
	struct event_reader *reader = open_reader(false);
	struct event event;
	int filled = 0, n = 0;
	while (events_read(reader, &event, &err) > 0) {
		filled += strcmp(event.id, "fills the disk") == 0;
		n += strcmp(event.id, "after") == 0;
		event_free(&event);
	}
	events_close(reader);
	return filled == 200 && n == 1 ? 0 : 1;
}

START_TEST(a_full_disk_loses_events_and_no_more)
{
	int r = child_run(append_to_full_disk, NULL);

	if (r == SKIP && child_skip("no user namespaces"))
		return;
	ck_assert_int_eq(r, 0);
}
END_TEST

static int append_beyond_limit(const void *ignored)
{
	struct rlimit limit = { 1000, 1000 };

	(void)ignored;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 100; i++)
		append(EVENT_START, "x");
	return place_size("events") <= 1000 && place_size("events") > 800 ? 0
									  : 1;
}

START_TEST(a_limit_on_the_size_of_files_ends_no_process)
{
	ck_assert_int_eq(child_run(append_beyond_limit, NULL), 0);
}
END_TEST

START_TEST(where_nothing_can_be_written_nothing_happens)
{
	ck_assert_int_eq(mkdirat(place_fd, "events", 0700), 0);
	append(EVENT_START, "x");
	ck_assert_int_eq(unlinkat(place_fd, "events", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("elsewhere", place_fd, "events"), 0);
	append(EVENT_START, "x");
	ck_assert_int_eq(place_size("elsewhere"), -1);
	ck_assert_int_eq(unlinkat(place_fd, "events", 0), 0);
	ck_assert_int_eq(mkfifoat(place_fd, "events", 0600), 0);
	append(EVENT_START, "x");
	store.dirfd = -1;
	append(EVENT_START, "x");
}
END_TEST

START_TEST(an_end_for_want_of_memory_is_told_before_the_end)
{
	static const char *const causes[] = { CAUSE_OOM, CAUSE_SIGNAL };
	struct spec spec = { .remove = true };
	struct state state = { .store = &store, .dirfd = -1 };
	struct launch l = { .spec = &spec, .state = &state };

	l.record.id = xstrdup("x");
	l.record.name = xstrdup("x");
	l.record.started_ns = 1;
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		ck_assert_int_eq(launch_record_ended(&l, PHASE_EXITED, 137, 9,
						     causes[i], NULL, &err),
				 0);
	struct event_reader *reader = open_reader(false);
	ck_assert_str_eq(read_all(reader), "oom:x,die:x,die:x,");
	events_close(reader);
	record_free(&l.record);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("events");

	tcase_add_checked_fixture(tests, make_store, place_remove);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, an_event_is_read_as_it_was_written);
	tcase_add_test(tests, an_event_has_the_time_when_it_was_written);
	tcase_add_test(
		tests,
		what_is_no_utf8_is_escaped_and_what_is_too_long_left_out);
	tcase_add_loop_test(tests, what_is_no_event_is_told_and_passed_over, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, a_line_that_was_cut_spoils_only_itself);
	tcase_add_test(tests, a_follower_sees_what_happens_from_now_on);
	tcase_add_test(tests,
		       a_follower_of_a_store_without_events_sees_the_first);
	tcase_add_test(tests,
		       there_are_never_more_than_two_files_of_a_mebibyte);
	tcase_add_test(tests, writers_that_race_lose_nothing);
	tcase_add_test(tests,
		       a_process_that_is_stopped_with_the_lock_stops_nobody);
	tcase_add_test(tests, a_full_disk_loses_events_and_no_more);
	tcase_add_test(tests, a_limit_on_the_size_of_files_ends_no_process);
	tcase_add_test(tests, where_nothing_can_be_written_nothing_happens);
	tcase_add_test(tests, an_end_for_want_of_memory_is_told_before_the_end);
	return suite_run("events", tests);
}
