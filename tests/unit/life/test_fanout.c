#include "core/fanout.h"

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

enum { SINKS = 4 };

static int in[2], out[SINKS][2]; /* written to in[1], read from out[][0] */
static char tapped[1 << 20];
static size_t n_tapped;

static void make_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
	for (int i = 0; i < SINKS; i++) {
		ck_assert_int_eq(pipe2(out[i], O_CLOEXEC | O_NONBLOCK), 0);
		ck_assert_int_eq(fcntl(out[i][1], F_SETPIPE_SZ, 4096), 4096);
	}
	n_tapped = 0;
}

static void tap(void *context, const char *data, size_t size)
{
	(void)context;
	memcpy(tapped + n_tapped, data, size);
	n_tapped += size;
}

/* Return: false when it would wait */
static bool move(struct fanout *fanout)
{
	struct pollfd fds[FANOUT_SINKS];
	size_t n = fanout_poll(fanout, fds);

	if (n == 0 || poll(fds, (nfds_t)n, 0) < 1)
		return false;
	fanout_move(fanout, fds, n);
	return true;
}

static void move_all(struct fanout *fanout)
{
	while (move(fanout))
		;
}

static void put(const char *data, size_t size)
{
	struct error err;

	ck_assert_int_eq(fd_write_all(in[1], data, size, &err), 0);
}

static size_t bytes_in(int fd)
{
	int n = -1;

	ck_assert_int_eq(ioctl(fd, FIONREAD, &n), 0);
	return (size_t)n;
}

static struct fanout *with_sinks(int n)
{
	struct fanout *fanout = fanout_new(in[0], false);

	for (int i = 0; i < n; i++)
		ck_assert_int_eq(
			fanout_add(fanout, (struct sink){ .fd = out[i][1] }),
			0);
	return fanout;
}

/* take what is there out of sink @i; Return: how much */
static size_t take(int i, char *to, size_t size)
{
	ssize_t n = read(out[i][0], to, size);

	return n > 0 ? (size_t)n : 0;
}

START_TEST(all_hear_the_same)
{
	struct fanout *fanout = with_sinks(3);
	char text[16] = "";

	put("hello", 5);
	move_all(fanout);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(take(i, text, sizeof(text)), 5);
		ck_assert_str_eq(text, "hello");
	}
	ck_assert(!fanout_is_blocked(fanout));
	ck_assert(!fanout_is_done(fanout));
	fanout_free(fanout);
}
END_TEST

START_TEST(nobody_who_hears_is_all_the_same_to_who_speaks)
{
	struct fanout *fanout = with_sinks(0);
	char data[65536] = "";

	for (int i = 0; i < 10; i++) {
		put(data, sizeof(data));
		move_all(fanout);
		ck_assert_uint_eq(bytes_in(in[0]), 0);
	}
	fanout_free(fanout);
}
END_TEST

START_TEST(the_slowest_sets_the_pace_and_nobody_loses_a_byte)
{
	struct fanout *fanout = with_sinks(2);
	unsigned char data[65536], got[4096];
	size_t sums[2] = { 0, 0 };

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 256);
	put((char *)data, sizeof(data));
	fd_close(&in[1]);
	for (int round = 0; sums[1] < sizeof(data); round++) {
		ck_assert_int_lt(round, 10000);
		move_all(fanout);
		/* the second reads one time in five */
		for (int i = 0; i < 2; i++) {
			if (i == 1 && round % 5)
				continue;
			size_t n = take(i, (char *)got, 1000);
			ck_assert_mem_eq(got, data + sums[i], n);
			sums[i] += n;
		}
		/* never further ahead than one buffer and one pipe */
		ck_assert_uint_le(sums[0], sums[1] + 65536 + 4096);
	}
	ck_assert_uint_eq(sums[0], sizeof(data));
	ck_assert(fanout_is_done(fanout));
	fanout_free(fanout);
}
END_TEST

START_TEST(nothing_is_read_while_one_is_blocked)
{
	struct fanout *fanout = with_sinks(2);
	char data[65536] = "", some[4096];
	struct pollfd fds[FANOUT_SINKS];

	put(data, sizeof(data));
	move_all(fanout);
	put(data, 100);
	/* the first is emptied, the second not */
	while (take(0, some, sizeof(some)) > 0)
		move_all(fanout);
	ck_assert(fanout_is_blocked(fanout));
	ck_assert_uint_eq(bytes_in(in[0]), 100);
	ck_assert_uint_eq(fanout_poll(fanout, fds), 1);
	ck_assert_int_eq(fds[0].fd, out[1][1]);
	ck_assert_int_eq(fds[0].events, POLLOUT);
	/* when it leaves, the rest goes on */
	fanout_remove(fanout, out[1][1]);
	move_all(fanout);
	ck_assert_uint_eq(bytes_in(in[0]), 0);
	ck_assert_uint_eq(bytes_in(out[0][0]), 100);
	fanout_free(fanout);
}
END_TEST

START_TEST(who_comes_later_hears_only_what_comes_later)
{
	struct fanout *fanout = with_sinks(1);
	char data[65536], got[8] = "";

	memset(data, 'x', sizeof(data));
	put(data, sizeof(data));
	move_all(fanout); /* 4096 are in the pipe, the rest in the buffer */
	ck_assert_int_eq(
		fanout_add(fanout, (struct sink){ .fd = out[1][1], .done = 0 }),
		0);
	move_all(fanout);
	ck_assert_uint_eq(bytes_in(out[1][0]), 0);
	for (char some[4096]; take(0, some, sizeof(some)) > 0;)
		move_all(fanout);
	put("later", 5);
	move_all(fanout);
	ck_assert_uint_eq(take(1, got, sizeof(got)), 5);
	ck_assert_str_eq(got, "later");
	fanout_free(fanout);
}
END_TEST

START_TEST(one_whose_reader_has_gone_is_dropped)
{
	struct fanout *fanout = with_sinks(2);

	close(out[0][0]);
	put("hello", 5);
	move_all(fanout);
	ck_assert_uint_eq(fanout->n_sinks, 1);
	ck_assert_uint_eq(bytes_in(out[1][0]), 5);
	ck_assert(!fanout->ended);
	fanout_free(fanout);
}
END_TEST

START_TEST(without_the_first_one_nothing_more_is_read)
{
	struct fanout *fanout = fanout_new(in[0], true);

	fanout_add(fanout, (struct sink){ .fd = out[0][1], .primary = true });
	fanout_add(fanout, (struct sink){ .fd = out[1][1] });
	close(out[0][0]);
	put("hello", 5);
	move_all(fanout);
	ck_assert(fanout->ended);
	/* and the writer hears of it */
	ck_assert_int_lt(write(in[1], "x", 1), 0);
	ck_assert_int_eq(errno, EPIPE);
	/* what was read before still reaches the others */
	ck_assert_uint_eq(bytes_in(out[1][0]), 5);
	ck_assert(fanout_is_done(fanout));
	fanout_free(fanout);
}
END_TEST

START_TEST(the_tap_sees_every_byte_once)
{
	struct fanout *fanout = with_sinks(2);
	char data[1000];

	fanout->tap = tap;
	memset(data, 'a', sizeof(data));
	for (int i = 0; i < 100; i++) {
		data[0] = (char)i;
		put(data, sizeof(data));
		move_all(fanout);
		for (char some[4096]; take(0, some, sizeof(some)) > 0 ||
				      take(1, some, sizeof(some)) > 0;)
			move_all(fanout);
	}
	ck_assert_uint_eq(n_tapped, 100 * sizeof(data));
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(tapped[(size_t)i * sizeof(data)], (char)i);
	fanout_free(fanout);
}
END_TEST

START_TEST(there_is_room_for_so_many_and_no_more)
{
	struct fanout *fanout = fanout_new(in[0], false);

	for (int i = 0; i < FANOUT_SINKS; i++)
		ck_assert_int_eq(
			fanout_add(fanout, (struct sink){ .fd = out[0][1] }),
			0);
	ck_assert_int_eq(fanout_add(fanout, (struct sink){ .fd = out[1][1] }),
			 -EMFILE);
	fanout_remove(fanout, 12345); /* is no one */
	ck_assert_uint_eq(fanout->n_sinks, FANOUT_SINKS);
	fanout_remove(fanout, out[0][1]);
	ck_assert_int_eq(fanout_add(fanout, (struct sink){ .fd = out[1][1] }),
			 0);
	fanout_free(fanout);
}
END_TEST

START_TEST(only_what_it_owns_is_closed)
{
	struct fanout *fanout = fanout_new(in[0], true);

	fanout_add(fanout, (struct sink){ .fd = out[0][1], .owned = true });
	fanout_add(fanout, (struct sink){ .fd = out[1][1] });
	fanout_free(fanout);
	ck_assert_int_lt(fcntl(in[0], F_GETFD), 0);
	ck_assert_int_lt(fcntl(out[0][1], F_GETFD), 0);
	ck_assert_int_ge(fcntl(out[1][1], F_GETFD), 0);
	fanout_free(NULL);
}
END_TEST

/* the first page of a process is not there: its memory answers with EIO */
START_TEST(an_error_of_reading_is_none_only_at_the_end_of_a_terminal)
{
	const struct pollfd ready = { .revents = POLLIN };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	struct fanout *broken = fanout_new(memory, true);
	struct fanout *left = fanout_new(master, true);

	ck_assert_int_eq(unlockpt(master), 0);
	close(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC));
	fanout_move(broken, &ready, 1);
	ck_assert(fanout_is_done(broken));
	ck_assert_int_eq(broken->error, EIO);
	fanout_move(left, &ready, 1);
	ck_assert(fanout_is_done(left));
	ck_assert_int_eq(left->error, 0);
	fanout_free(broken);
	fanout_free(left);
}
END_TEST

START_TEST(one_without_a_source_has_ended)
{
	struct fanout *fanout = fanout_new(-1, true);
	struct pollfd fds[FANOUT_SINKS];

	fanout_add(fanout, (struct sink){ .fd = out[0][1] });
	ck_assert(fanout_is_done(fanout));
	ck_assert_uint_eq(fanout_poll(fanout, fds), 0);
	fanout_free(fanout);
}
END_TEST

START_TEST(a_file_takes_all_at_once)
{
	char path[] = "/tmp/test_fanout.XXXXXX";
	scoped_fd file = mkostemp(path, O_CLOEXEC);
	struct fanout *fanout = fanout_new(in[0], false);
	char data[65536] = "";

	unlink(path);
	fanout_add(fanout, (struct sink){ .fd = file });
	put(data, sizeof(data));
	ck_assert(move(fanout));
	ck_assert_int_eq(lseek(file, 0, SEEK_CUR), 65536);
	fanout_free(fanout);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("fanout");

	tcase_add_checked_fixture(tests, make_pipes, NULL);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, all_hear_the_same);
	tcase_add_test(tests, nobody_who_hears_is_all_the_same_to_who_speaks);
	tcase_add_test(tests,
		       the_slowest_sets_the_pace_and_nobody_loses_a_byte);
	tcase_add_test(tests, nothing_is_read_while_one_is_blocked);
	tcase_add_test(tests, who_comes_later_hears_only_what_comes_later);
	tcase_add_test(tests, one_whose_reader_has_gone_is_dropped);
	tcase_add_test(tests, without_the_first_one_nothing_more_is_read);
	tcase_add_test(tests, the_tap_sees_every_byte_once);
	tcase_add_test(tests, there_is_room_for_so_many_and_no_more);
	tcase_add_test(tests, only_what_it_owns_is_closed);
	tcase_add_test(
		tests,
		an_error_of_reading_is_none_only_at_the_end_of_a_terminal);
	tcase_add_test(tests, one_without_a_source_has_ended);
	tcase_add_test(tests, a_file_takes_all_at_once);
	return suite_run("fanout", tests);
}
