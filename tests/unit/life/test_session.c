#include "core/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

static int memory_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct error err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text), &err), 0);
	return fd;
}

START_TEST(every_field_comes_back)
{
	struct session_request request = {
		.user = xstrdup("user:group"),
		.workdir = xstrdup("/w\xff"),
		.tty = true,
		.interactive = true,
		.one_output = true,
		.rows = 65535,
		.columns = 1,
	};
	struct session_request again = { 0 };
	struct error err = { 0 };

	strv_add(&request.argv, "a b");
	strv_add(&request.argv, "");
	strv_add(&request.argv, "\xff\xfe");
	strv_add(&request.argv, "--user");
	strv_add(&request.env, "A=\x80");
	scoped_fd fd = session_request_write(&request, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_msg(session_request_read(fd, &again, &err) == 0, "%s",
		      err.text);
	ck_assert_uint_eq(again.argv.n, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(again.argv.v[i], request.argv.v[i]);
	ck_assert_uint_eq(again.env.n, 1);
	ck_assert_str_eq(again.env.v[0], "A=\x80");
	ck_assert_str_eq(again.user, "user:group");
	ck_assert_str_eq(again.workdir, "/w\xff");
	ck_assert(again.tty && again.interactive && again.one_output);
	ck_assert_uint_eq(again.rows, 65535);
	ck_assert_uint_eq(again.columns, 1);
	session_request_free(&request);
	session_request_free(&again);
}
END_TEST

START_TEST(what_is_absent_stays_absent)
{
	struct session_request request = { 0 }, again = { 0 };
	struct error err = { 0 };

	strv_add(&request.argv, "x");
	scoped_fd fd = session_request_write(&request, &err);
	ck_assert_int_eq(session_request_read(fd, &again, &err), 0);
	ck_assert_ptr_null(again.user);
	ck_assert_ptr_null(again.workdir);
	ck_assert_uint_eq(again.env.n, 0);
	ck_assert(!again.tty && !again.interactive && !again.one_output);
	session_request_free(&request);
	session_request_free(&again);
}
END_TEST

/* who hands it over cannot change it while it is read */
START_TEST(a_request_is_sealed)
{
	struct session_request request = { 0 };
	struct error err = { 0 };

	strv_add(&request.argv, "x");
	scoped_fd fd = session_request_write(&request, &err);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW |
							 F_SEAL_SHRINK |
							 F_SEAL_SEAL);
	ck_assert_int_lt(pwrite(fd, "y", 1, 0), 0);
	ck_assert_int_lt(ftruncate(fd, 0), 0);
	session_request_free(&request);
}
END_TEST

static const char *const bad[] = {
	"",
	"{}",
	"null",
	"[]",
	"{\"argv\": []}",
	"{\"argv\": null}",
	"{\"argv\": [1]}",
	"{\"argv\": \"sh\"}",
	"{\"argv\": [\"sh\"], \"env\": {}}",
	"{\"argv\": [\"sh\"], \"user\": 0}",
	"{\"argv\": [\"sh\"], \"workdir\": [\"/\"]}",
	"{\"argv\": [\"sh\"], \"tty\": 1}",
	"{\"argv\": [\"sh\"], \"interactive\": \"yes\"}",
	"{\"argv\": [\"sh\"], \"one_output\": []}",
	"{\"argv\": [\"sh\"], \"rows\": \"24\"}",
	"{\"argv\": [\"sh\"], \"rows\": 4294967296}",
	"{\"argv\": [\"sh\"], \"rows\": -1}",
	"{\"argv\": [\"sh\"], \"columns\": 65536}",
	"{\"argv\": [{\"hex\": \"00\"}]}",
	"{\"argv\": [\"a\\u0000b\"]}",
	"{\"argv\": [\"sh\"]} x",
	"{\"argv\": [\"sh\"]",
	"{\"argv\": [\"sh\"], \"argv\": [\"ls\"]}",
};

START_TEST(what_is_damaged_is_refused_with_a_reason)
{
	struct session_request request = { .rows = 7 };
	struct error err = { 0 };
	scoped_fd fd = memory_of(bad[_i]);

	ck_assert_msg(session_request_read(fd, &request, &err) == -EINVAL, "%s",
		      bad[_i]);
	ck_assert_msg(*err.text, "%s", bad[_i]);
	ck_assert_uint_eq(request.rows, 7);
}
END_TEST

START_TEST(a_request_without_end_is_refused)
{
	struct session_request request = { 0 };
	struct error err;
	scoped_fd fd = memory_of("{\"argv\": [\"sh\"]}");

	ck_assert_int_eq(ftruncate(fd, 1ll << 40), 0);
	ck_assert_int_eq(session_request_read(fd, &request, &err), -EFBIG);
	scoped_fd pipe_end = -1;
	ck_assert_int_lt(session_request_read(pipe_end, &request, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("session");

	tcase_add_test(tests, every_field_comes_back);
	tcase_add_test(tests, what_is_absent_stays_absent);
	tcase_add_test(tests, a_request_is_sealed);
	tcase_add_loop_test(tests, what_is_damaged_is_refused_with_a_reason, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, a_request_without_end_is_refused);
	return suite_run("session", tests);
}
