#include "core/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* a service manager; @name: '@' is an abstract one */
static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(at.sun_path, name, n);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
		bind(fd, (struct sockaddr *)&at,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void check_sent(int fd)
{
	struct error err = { 0 };
	char text[64] = "";

	ck_assert_int_eq(notify_send("READY=1\nSTATUS=x", &err), 1);
	ck_assert_int_eq(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), 16);
	ck_assert_str_eq(text, "READY=1\nSTATUS=x");
	close(fd);
}

START_TEST(a_message_arrives_at_a_path)
{
	char directory[] = "/tmp/notify.XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(directory));
	scoped(char) *path = xasprintf("%s/socket", directory);
	check_sent(listen_at(path));
	unlink(path);
	rmdir(directory);
}
END_TEST

START_TEST(a_message_arrives_at_an_abstract_name)
{
	scoped(char) *name = xasprintf("@wolffia-test-%d", (int)getpid());

	check_sent(listen_at(name));
}
END_TEST

START_TEST(nobody_is_told_when_nobody_asked)
{
	struct error err;

	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(notify_send("READY=1", &err), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	ck_assert_int_eq(notify_send("READY=1", &err), 0);
}
END_TEST

START_TEST(what_is_no_socket_is_said_to_be_none)
{
	static const char *const bad[] = { "relative", "/", "@", "vsock:1:2" };
	char longest[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		ck_assert_msg(notify_send("READY=1", &err) == -EINVAL, "%s",
			      bad[i]);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	ck_assert_int_eq(notify_send("READY=1", &err), -EINVAL);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	ck_assert_int_eq(notify_send("READY=1", &err), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("notify");

	tcase_add_test(tests, a_message_arrives_at_a_path);
	tcase_add_test(tests, a_message_arrives_at_an_abstract_name);
	tcase_add_test(tests, nobody_is_told_when_nobody_asked);
	tcase_add_test(tests, what_is_no_socket_is_said_to_be_none);
	return suite_run("notify", tests);
}
