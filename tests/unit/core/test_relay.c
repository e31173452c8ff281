#include "core/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

static int in[2], out[2]; /* what is written to in[1] comes out of out[0] */

static void make_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(out[1], F_SETPIPE_SZ, 4096), 4096);
	ck_assert_int_ge(fcntl(in[1], F_SETPIPE_SZ, 65536), 65536);
}

/* Return: false when it would wait */
static bool move(struct relay *relay)
{
	struct pollfd fd = relay_poll(relay);

	if (poll(&fd, 1, 0) != 1)
		return false;
	relay_move(relay, fd.revents);
	return true;
}

static void move_all(struct relay *relay)
{
	while (move(relay))
		;
}

static size_t bytes_in(int fd)
{
	int n = -1;

	ck_assert_int_eq(ioctl(fd, FIONREAD, &n), 0);
	return (size_t)n;
}

/* @first: what the first byte is; each one is one more */
static void put(size_t size, unsigned char first)
{
	scoped(char) *data = xcalloc(size, 1);
	struct error err;

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(first + i);
	ck_assert_int_eq(fd_write_all(in[1], data, size, &err), 0);
}

START_TEST(what_goes_in_comes_out)
{
	struct relay *relay = relay_new(in[0], false, out[1], false);
	char text[16] = "";

	ck_assert(!move(relay));
	ck_assert_int_eq(write(in[1], "hello", 5), 5);
	move_all(relay);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert(!relay->ended);
	relay_free(relay);
}
END_TEST

START_TEST(a_slow_reader_slows_the_writer)
{
	struct relay *relay = relay_new(in[0], false, out[1], false);

	put(65536, 0);
	move_all(relay);
	ck_assert_uint_eq(bytes_in(in[0]), 0);
	ck_assert_uint_eq(bytes_in(out[0]), 4096);
	/* one buffer is held, no more is taken, and nothing is awaited but
	 * room to write */
	put(8192, 0);
	move_all(relay);
	ck_assert_uint_eq(bytes_in(in[0]), 8192);
	struct pollfd awaited = relay_poll(relay);
	ck_assert_int_eq(awaited.fd, out[1]);
	ck_assert_int_eq(awaited.events, POLLOUT);
	relay_free(relay);
}
END_TEST

START_TEST(all_bytes_come_out_in_order)
{
	struct relay *relay = relay_new(in[0], false, out[1], true);
	unsigned char data[5000];
	size_t sum = 0;

	put(65536, 0);
	fd_close(&in[1]);
	while (!relay->ended || bytes_in(out[0]) > 0) {
		if (!relay->ended)
			move_all(relay);
		ssize_t n = read(out[0], data, sizeof(data));
		ck_assert_int_ge(n, 0);
		for (ssize_t i = 0; i < n; i++)
			if (data[i] != (unsigned char)(sum + (size_t)i))
				ck_abort_msg("byte %zu", sum + (size_t)i);
		sum += (size_t)n;
	}
	ck_assert_uint_eq(sum, 65536);
	/* it owned the other end */
	ck_assert_int_eq(read(out[0], data, 1), 0);
	relay_free(relay);
}
END_TEST

START_TEST(the_end_comes_after_the_last_byte)
{
	struct relay *relay = relay_new(in[0], true, out[1], true);
	char text[16];

	ck_assert_int_eq(write(in[1], "last", 4), 4);
	fd_close(&in[1]);
	move_all(relay);
	ck_assert(relay->ended);
	ck_assert_int_eq(relay_poll(relay).fd, -1);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 4);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 0);
	relay_move(relay, POLLIN); /* nothing */
	relay_free(relay);
}
END_TEST

START_TEST(the_writer_hears_that_nobody_reads)
{
	struct relay *relay = relay_new(in[0], true, out[1], true);

	fd_close(&out[0]);
	ck_assert_int_eq(write(in[1], "x", 1), 1);
	move_all(relay);
	ck_assert(relay->ended);
	ck_assert_int_eq(write(in[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	relay_free(relay);
}
END_TEST

START_TEST(a_reader_that_leaves_ends_a_full_relay)
{
	struct relay *relay = relay_new(in[0], true, out[1], true);

	put(65536, 0);
	move_all(relay);
	ck_assert(!relay->ended);
	fd_close(&out[0]);
	move_all(relay);
	ck_assert(relay->ended);
	relay_free(relay);
}
END_TEST

START_TEST(descriptors_that_it_does_not_own_stay_open)
{
	struct relay *relay = relay_new(in[0], false, out[1], false);

	fd_close(&in[1]);
	move_all(relay);
	ck_assert(relay->ended);
	relay_free(relay);
	ck_assert_int_ge(fcntl(in[0], F_GETFD), 0);
	ck_assert_int_ge(fcntl(out[1], F_GETFD), 0);
}
END_TEST

START_TEST(a_relay_from_nothing_has_ended)
{
	struct relay *relay = relay_new(-1, false, out[1], true);

	ck_assert(relay->ended);
	ck_assert_int_eq(relay_poll(relay).fd, -1);
	relay_free(relay);
	ck_assert_int_eq(fcntl(out[1], F_GETFD), -1);
	relay_free(NULL);
}
END_TEST

START_TEST(a_file_takes_the_whole_buffer_at_once)
{
	char path[] = "/tmp/test_relay.XXXXXX";
	scoped_fd file = mkstemp(path);
	struct relay *relay = relay_new(in[0], false, file, false);

	unlink(path);
	put(65536, 0);
	ck_assert(move(relay));
	ck_assert_int_eq(lseek(file, 0, SEEK_CUR), 65536);
	relay_free(relay);
}
END_TEST

/* the first page of a process is not there: its memory answers with EIO */
START_TEST(an_error_of_reading_is_none_only_at_the_end_of_a_terminal)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	struct relay *broken = relay_new(memory, true, out[1], false);
	struct relay *left = relay_new(master, true, out[1], false);

	ck_assert_int_eq(unlockpt(master), 0);
	close(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC));
	relay_move(broken, POLLIN);
	ck_assert(broken->ended);
	ck_assert_int_eq(broken->error, EIO);
	relay_move(left, POLLIN);
	ck_assert(left->ended);
	ck_assert_int_eq(left->error, 0);
	relay_free(broken);
	relay_free(left);
}
END_TEST

START_TEST(an_idle_one_waits_until_it_is_connected)
{
	struct relay *relay = relay_new_idle(out[1], false);
	char text[8] = "";

	ck_assert(!relay->ended);
	ck_assert_int_eq(relay_poll(relay).fd, -1);
	ck_assert_int_eq(relay_connect(relay, in[0]), 0);
	ck_assert_int_eq(relay_connect(relay, 0), -EBUSY);
	put(3, 'a');
	move_all(relay);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 3);
	ck_assert_str_eq(text, "abc");
	relay_free(relay);
}
END_TEST

START_TEST(with_the_first_source_it_ends)
{
	struct relay *relay = relay_new_idle(out[1], false);
	char byte;

	relay_connect(relay, in[0]);
	fd_close(&in[1]);
	move_all(relay);
	ck_assert(relay->ended);
	ck_assert_int_eq(read(out[0], &byte, 1), 0);
	ck_assert_int_eq(relay_connect(relay, 0), -EPIPE);
	relay_free(relay);
}
END_TEST

START_TEST(a_lasting_one_takes_the_next_source)
{
	struct relay *relay = relay_new_idle(out[1], true);
	int next[2];
	char text[8] = "";

	relay_connect(relay, in[0]);
	put(1, 'a');
	fd_close(&in[1]);
	move_all(relay);
	ck_assert(!relay->ended);
	ck_assert_int_eq(relay_poll(relay).fd, -1);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 1);
	ck_assert_str_eq(text, "a");
	ck_assert_int_eq(pipe2(next, O_CLOEXEC), 0);
	ck_assert_int_eq(relay_connect(relay, next[0]), 0);
	ck_assert_int_eq(write(next[1], "b", 1), 1);
	move_all(relay);
	/* who is taken away is not read any more */
	relay_disconnect(relay);
	ck_assert(!relay->ended);
	ck_assert_int_eq(write(next[1], "c", 1), 1);
	move_all(relay);
	ck_assert_int_eq(read(out[0], text, sizeof(text)), 1);
	ck_assert_str_eq(text, "b");
	/* the source stays its owner's */
	ck_assert_int_ge(fcntl(next[0], F_GETFD), 0);
	relay_free(relay);
}
END_TEST

START_TEST(an_idle_one_without_a_target_has_ended)
{
	struct relay *relay = relay_new_idle(-1, true);

	ck_assert(relay->ended);
	ck_assert_int_eq(relay_connect(relay, in[0]), -EPIPE);
	relay_free(relay);
}
END_TEST

/* adds as much as it may, and ends at a '!' */
static ssize_t change(void *context, char *data, size_t size)
{
	(*(int *)context)++;
	if (memchr(data, '!', size))
		return 0;
	memset(data + size, 'x', RELAY_SLACK);
	return (ssize_t)size + RELAY_SLACK;
}

START_TEST(a_filter_sees_all_and_may_add_and_take_away)
{
	struct relay *relay = relay_new(in[0], false, out[1], false);
	int calls = 0;
	size_t sum = 0;
	static char data[60000];

	relay->filter = change;
	relay->context = &calls;
	put(RELAY_SIZE, 0); /* all bytes there are, and so a '!' */
	move_all(relay);
	ck_assert_int_eq(calls, 1);
	relay_free(relay);
	ck_assert_uint_eq(bytes_in(out[0]), 0);

	relay = relay_new(in[0], false, out[1], false);
	relay->filter = change;
	relay->context = &calls;
	memset(data, 'a', sizeof(data));
	ck_assert_int_eq(write(in[1], data, sizeof(data)), sizeof(data));
	for (ssize_t n = 0; n >= 0; sum += (size_t)n) {
		move_all(relay);
		n = bytes_in(out[0]) ? read(out[0], data, sizeof(data)) : -1;
		if (n < 0)
			break;
	}
	ck_assert_uint_eq(sum, sizeof(data) + RELAY_SLACK);
	ck_assert_int_eq(calls, 2);
	relay_free(relay);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("relay");

	tcase_add_checked_fixture(tests, make_pipes, NULL);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, what_goes_in_comes_out);
	tcase_add_test(tests, a_slow_reader_slows_the_writer);
	tcase_add_test(tests, all_bytes_come_out_in_order);
	tcase_add_test(tests, the_end_comes_after_the_last_byte);
	tcase_add_test(tests, the_writer_hears_that_nobody_reads);
	tcase_add_test(tests, a_reader_that_leaves_ends_a_full_relay);
	tcase_add_test(tests, descriptors_that_it_does_not_own_stay_open);
	tcase_add_test(tests, a_relay_from_nothing_has_ended);
	tcase_add_test(tests, a_file_takes_the_whole_buffer_at_once);
	tcase_add_test(
		tests,
		an_error_of_reading_is_none_only_at_the_end_of_a_terminal);
	tcase_add_test(tests, an_idle_one_waits_until_it_is_connected);
	tcase_add_test(tests, with_the_first_source_it_ends);
	tcase_add_test(tests, a_lasting_one_takes_the_next_source);
	tcase_add_test(tests, an_idle_one_without_a_target_has_ended);
	tcase_add_test(tests, a_filter_sees_all_and_may_add_and_take_away);
	return suite_run("relay", tests);
}
