#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/import.h"
#include "tests/unit/images/suite.h"

static const char *const wrong[] = {
	"",
	"CMD",
	"CMD=",
	"CMD ",
	"FROM debian",
	"CMND x",
	"ENV",
	"ENV A",
	"ENV =b",
	"ENV A=b C",
	"ENV A=\"b",
	"LABEL",
	"LABEL =",
	"WORKDIR a",
	"WORKDIR",
	"USER",
	"VOLUME a",
	"VOLUME [\"a\"]",
	"VOLUME [7]",
	"CMD [7]",
	"CMD [\"a\"",
	"CMD [\"a\"] x",
	"EXPOSE x",
	"EXPOSE 80/foo",
	"EXPOSE 123456",
	"EXPOSE 80-",
	"EXPOSE -80",
	"STOPSIGNAL a b",
	"=CMD x",
};

START_TEST(what_is_no_instruction_is_refused_with_an_example)
{
	scoped_config config = { 0 };
	struct error err = { 0 };

	ck_assert_msg(import_change(&config, wrong[_i], &err) == -EINVAL, "%s",
		      wrong[_i]);
	ck_assert_ptr_nonnull(strstr(err.text, "--change"));
	ck_assert(err.hint[0] != '\0');
}
END_TEST

START_TEST(a_command_is_json_or_a_line_of_the_shell)
{
	scoped_config config = { 0 };
	struct error err;

	ck_assert_int_eq(import_change(&config, "CMD [\"a\", \"b c\"]", &err),
			 0);
	ck_assert_uint_eq(config.cmd.n, 2);
	ck_assert_str_eq(config.cmd.v[1], "b c");
	ck_assert_int_eq(import_change(&config, "cmd=echo hello", &err), 0);
	ck_assert_uint_eq(config.cmd.n, 3);
	ck_assert_str_eq(config.cmd.v[0], "/bin/sh");
	ck_assert_str_eq(config.cmd.v[2], "echo hello");
	ck_assert_int_eq(import_change(&config, "ENTRYPOINT=[]", &err), 0);
	ck_assert_uint_eq(config.entrypoint.n, 0);
}
END_TEST

START_TEST(pairs_are_quoted_as_in_a_dockerfile)
{
	scoped_config config = { 0 };
	struct error err;

	ck_assert_int_eq(import_change(&config, "ENV=A=b", &err), 0);
	ck_assert_int_eq(
		import_change(&config, "ENV B=\"c d\" C='$e' D=f\\ g", &err),
		0);
	ck_assert_int_eq(import_change(&config, "ENV A the old form", &err), 0);
	ck_assert_uint_eq(config.env.n, 4);
	ck_assert_str_eq(config.env.v[0], "A=the old form");
	ck_assert_str_eq(config.env.v[1], "B=c d");
	ck_assert_str_eq(config.env.v[2], "C=$e");
	ck_assert_str_eq(config.env.v[3], "D=f g");
	ck_assert_int_eq(import_change(&config, "LABEL a=1 b=2", &err), 0);
	ck_assert_uint_eq(config.labels.n, 2);
}
END_TEST

START_TEST(the_other_instructions_set_their_member)
{
	static const char *const texts[] = {
		"USER 1000:1000",
		"workdir /srv",
		"VOLUME /a /b",
		"VOLUME [\"/c\"]",
		"EXPOSE 80 53/udp 8000-8010/tcp",
		"STOPSIGNAL SIGRTMIN+3",
	};
	scoped_config config = { 0 };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_int_eq(import_change(&config, texts[i], &err), 0);
	ck_assert_str_eq(config.user, "1000:1000");
	ck_assert_str_eq(config.workdir, "/srv");
	ck_assert_uint_eq(config.volumes.n, 3);
	ck_assert_str_eq(config.ports.v[0], "80/tcp");
	ck_assert_str_eq(config.ports.v[2], "8000-8010/tcp");
	ck_assert_str_eq(config.stop_signal, "SIGRTMIN+3");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("change");

	tcase_add_loop_test(tests,
			    what_is_no_instruction_is_refused_with_an_example,
			    0, ARRAY_SIZE(wrong));
	tcase_add_test(tests, a_command_is_json_or_a_line_of_the_shell);
	tcase_add_test(tests, pairs_are_quoted_as_in_a_dockerfile);
	tcase_add_test(tests, the_other_instructions_set_their_member);
	return suite_run("change", tests);
}
