#include "core/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/control_server.h"
#include "core/state.h"
#include "tests/unit/images/suite.h"

#define ID "aaaa"

static char top[] = "/tmp/test_control.XXXXXX";
static struct store store;
static struct state state = STATE_NONE;
static struct control_server server;

/* what the server was asked last, and how it shall answer */
static struct control_request asked;
static int asked_fds, left, answer;

static int handle(void *context, struct control_client *client,
		  const struct control_request *request, int *fds,
		  struct control_reply *reply, int *reply_fds,
		  size_t *n_reply_fds, struct error *err)
{
	(void)context;
	asked = *request;
	asked_fds = 0;
	for (size_t i = 0; i < FD_MESSAGE_MOST; i++)
		asked_fds += fds[i] >= 0;
	if (request->verb == CONTROL_WAIT)
		client->waits = true;
	if (request->verb == CONTROL_STOP)
		client->waits_for_all = true;
	if (request->verb == CONTROL_ROOT) {
		reply_fds[0] = STDERR_FILENO;
		*n_reply_fds = 1;
	}
	reply->exit_code = 7;
	return answer < 0 ? error_say(err, -answer, "no") : answer;
}

static void leave(void *context, struct control_client *client)
{
	(void)context;
	(void)client;
	left++;
}

static void listen_there(void)
{
	struct error err = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(top));
	scoped(char) *path = xasprintf("%s/store", top);
	ck_assert_msg(store_open(&store, path, &err) == 0, "%s", err.text);
	ck_assert_int_eq(state_create(&state, &store, ID, "web", &err), 0);
	int fd = control_listen(state.dirfd, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	control_server_init(&server, fd);
	server.handle = handle;
	server.leave = leave;
}

static void end(void)
{
	struct error err;

	control_server_close(&server);
	state_close(&state);
	store_close(&store);
	ck_assert_int_eq(path_remove_tree(AT_FDCWD, top, &err), 0);
}

/* serve until nothing more is to be done */
static void serve(void)
{
	struct pollfd fds[CONTROL_CLIENTS + 1];

	for (;;) {
		size_t n = control_server_poll(&server, fds);
		if (poll(fds, (nfds_t)n, 0) < 1)
			return;
		control_server_move(&server, fds, n);
	}
}

static int join(void)
{
	struct error err = { 0 };
	int fd = control_connect(&store, ID, &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	return fd;
}

START_TEST(a_request_is_answered)
{
	const struct control_request request = {
		.verb = CONTROL_RENAME,
		.number = -5,
		.flags = 3,
		.rows = 24,
		.columns = 80,
		.name = "new",
	};
	struct control_reply reply = { 0 };
	struct error err = { 0 };
	scoped_fd fd = join();

	ck_assert_int_eq(control_ask(fd, &request, NULL, 0, &err), 0);
	serve();
	ck_assert_int_eq(control_hear(fd, &reply, NULL, &err), 0);
	ck_assert_int_eq(reply.exit_code, 7);
	ck_assert_mem_eq(&asked, &request, sizeof(asked));
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(an_error_comes_as_it_was_said)
{
	const struct control_request request = { .verb = CONTROL_PAUSE };
	struct control_reply reply = { .exit_code = 99 };
	struct error err = { 0 };
	scoped_fd fd = join();

	answer = -EBUSY;
	ck_assert_int_eq(control_ask(fd, &request, NULL, 0, &err), 0);
	serve();
	ck_assert_int_eq(control_hear(fd, &reply, NULL, &err), -EBUSY);
	ck_assert_str_eq(err.text, "no");
	ck_assert_int_eq(reply.exit_code, 99);
}
END_TEST

START_TEST(descriptors_go_both_ways)
{
	const struct control_request request = { .verb = CONTROL_ROOT };
	const int fds[] = { 0, 1, 2 };
	struct control_reply reply;
	int got[FD_MESSAGE_MOST];
	struct error err = { 0 };
	scoped_fd fd = join();

	ck_assert_int_eq(control_ask(fd, &request, fds, 3, &err), 0);
	serve();
	ck_assert_int_eq(asked_fds, 3);
	ck_assert_int_eq(control_hear(fd, &reply, got, &err), 0);
	ck_assert_int_ge(got[0], 0);
	ck_assert_int_eq(got[1], -1);
	ck_assert_int_eq(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	close(got[0]);
}
END_TEST

START_TEST(who_waits_is_told_at_the_end_he_waits_for)
{
	const struct control_request wait = { .verb = CONTROL_WAIT };
	const struct control_request stop = { .verb = CONTROL_STOP };
	const struct control_reply ended = { .exit_code = 3, .signal = 2 };
	struct control_reply reply = { 0 };
	struct error err = { 0 };
	scoped_fd command = join(), all = join();

	answer = 1;
	control_ask(command, &wait, NULL, 0, &err);
	control_ask(all, &stop, NULL, 0, &err);
	serve();
	control_server_answer(&server, false, &ended);
	ck_assert_int_eq(control_hear(command, &reply, NULL, &err), 0);
	ck_assert_int_eq(reply.exit_code, 3);
	ck_assert_int_eq(reply.signal, 2);
	ck_assert_int_lt(recv(all, &reply, sizeof(reply), MSG_DONTWAIT), 0);
	control_server_answer(&server, true, &ended);
	ck_assert_int_eq(control_hear(all, &reply, NULL, &err), 0);
	/* once, and not again */
	control_server_answer(&server, true, &ended);
	ck_assert_int_lt(recv(all, &reply, sizeof(reply), MSG_DONTWAIT), 0);
}
END_TEST

START_TEST(its_end_is_seen_by_who_waits)
{
	const struct control_request wait = { .verb = CONTROL_WAIT };
	struct control_reply reply;
	struct error err = { 0 };
	scoped_fd fd = join();

	answer = 1;
	control_ask(fd, &wait, NULL, 0, &err);
	serve();
	control_server_close(&server);
	ck_assert_int_eq(control_hear(fd, &reply, NULL, &err), -ESRCH);
	/* and nobody can be asked any more */
	ck_assert_int_eq(control_connect(&store, ID, &err), -ESRCH);
	ck_assert_int_eq(control_connect(&store, "bbbb", &err), -ESRCH);
	ck_assert_ptr_nonnull(strstr(err.text, "is not running"));
}
END_TEST

START_TEST(a_client_that_leaves_is_forgotten)
{
	for (int i = 0; i < 3 * CONTROL_CLIENTS; i++) {
		int fd = join();
		serve();
		close(fd);
		serve();
	}
	ck_assert_int_eq(left, 3 * CONTROL_CLIENTS);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		ck_assert_int_eq(server.clients[i].fd, -1);
}
END_TEST

/* sizes of messages that are no request */
static const size_t sizes[] = {
	1,
	4,
	sizeof(struct control_request) - 1,
	100,
	sizeof(struct control_request) + 1,
	4096,
	100000,
};

START_TEST(a_message_of_another_size_is_answered_with_words)
{
	const struct control_request request = { .verb = CONTROL_PAUSE };
	struct control_reply reply;
	struct error err = { 0 };
	scoped_fd fd = join();
	scoped(char) *data = xcalloc(sizes[_i], 1);
	const int fds[] = { 0, 1 };

	ck_assert_int_eq(fd_send_message(fd, data, sizes[_i], fds, 2, &err), 0);
	serve();
	ck_assert_int_eq(control_hear(fd, &reply, NULL, &err), -EPROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "another version"));
	/* and the connection goes on */
	ck_assert_int_eq(control_ask(fd, &request, NULL, 0, &err), 0);
	serve();
	ck_assert_int_eq(control_hear(fd, &reply, NULL, &err), 0);
}
END_TEST

/* a name without an end is cut off, not read beyond */
START_TEST(a_name_without_end_has_one)
{
	struct control_request request = { .verb = CONTROL_RENAME };
	struct error err = { 0 };
	scoped_fd fd = join();

	memset(request.name, 'x', sizeof(request.name));
	ck_assert_int_eq(control_ask(fd, &request, NULL, 0, &err), 0);
	serve();
	ck_assert_uint_eq(strlen(asked.name), sizeof(asked.name) - 1);
}
END_TEST

START_TEST(more_than_there_is_room_for_wait_until_somebody_leaves)
{
	const struct control_request request = { .verb = CONTROL_PAUSE };
	static int fds[CONTROL_CLIENTS];
	struct rlimit limit;
	struct control_reply reply;
	struct error err = { 0 };

	/* two descriptors for each, in this process */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = join();
		serve();
	}
	scoped_fd late = join();
	ck_assert_int_eq(control_ask(late, &request, NULL, 0, &err), 0);
	asked.verb = CONTROL_RENAME;
	serve();
	ck_assert_int_eq(asked.verb, CONTROL_RENAME);
	/* nothing is polled for that would be reported again and again */
	serve();
	close(fds[17]);
	serve();
	ck_assert_int_eq(control_hear(late, &reply, NULL, &err), 0);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (i != 17)
			close(fds[i]);
	serve();
}
END_TEST

START_TEST(who_comes_when_there_is_no_descriptor_is_let_in_later)
{
	const struct control_request request = { .verb = CONTROL_PAUSE };
	struct pollfd fds[CONTROL_CLIENTS + 1];
	struct control_reply reply;
	struct rlimit limit;
	struct error err = { 0 };
	scoped_fd late = join();
	int next = dup(late);

	close(next);
	ck_assert_int_eq(control_ask(late, &request, NULL, 0, &err), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const struct rlimit none = { (rlim_t)next, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	asked.verb = CONTROL_RENAME;
	ck_assert_int_eq(control_server_patience(&server), -1);
	serve(); /* and comes back: it is not reported again and again */
	ck_assert_int_gt(control_server_patience(&server), 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	/* its time is over, and nobody has left */
	size_t n = control_server_poll(&server, fds);
	ck_assert_int_eq(poll(fds, (nfds_t)n, 0), 0);
	control_server_move(&server, fds, n);
	serve();
	ck_assert_int_eq(asked.verb, CONTROL_PAUSE);
	ck_assert_int_eq(control_hear(late, &reply, NULL, &err), 0);
	ck_assert_int_eq(control_server_patience(&server), -1);
}
END_TEST

START_TEST(the_socket_replaces_an_old_one_and_is_private)
{
	struct error err = { 0 };
	struct stat st;

	control_server_close(&server);
	unlinkat(state.dirfd, "control", 0);
	close(openat(state.dirfd, "control", O_CREAT | O_WRONLY | O_CLOEXEC,
		     0644));
	scoped_fd fd = control_listen(state.dirfd, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(
		fstatat(state.dirfd, "control", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(st.st_mode & 077, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	scoped_fd client = join();
	ck_assert_int_ge(client, 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("control");

	tcase_add_checked_fixture(tests, listen_there, end);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_request_is_answered);
	tcase_add_test(tests, an_error_comes_as_it_was_said);
	tcase_add_test(tests, descriptors_go_both_ways);
	tcase_add_test(tests, who_waits_is_told_at_the_end_he_waits_for);
	tcase_add_test(tests, its_end_is_seen_by_who_waits);
	tcase_add_test(tests, a_client_that_leaves_is_forgotten);
	tcase_add_loop_test(tests,
			    a_message_of_another_size_is_answered_with_words, 0,
			    (int)ARRAY_SIZE(sizes));
	tcase_add_test(tests, a_name_without_end_has_one);
	tcase_add_test(tests,
		       more_than_there_is_room_for_wait_until_somebody_leaves);
	tcase_add_test(tests,
		       who_comes_when_there_is_no_descriptor_is_let_in_later);
	tcase_add_test(tests, the_socket_replaces_an_old_one_and_is_private);
	return suite_run("control", tests);
}
