#include "cmd/systemd_unit.h"

#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static struct spec plain = { .stop_signal = SIGTERM, .stop_timeout_ms = 10000 };

static struct unit_facts facts_of(const struct spec *spec)
{
	return (struct unit_facts){
		.program = "/usr/bin/wolffia",
		.store = "/home/u/.local/share/wolffia",
		.name = "web",
		.unit = "web",
		.spec = spec,
	};
}

/* is @line one of the lines of the unit? */
static bool has_line(const char *unit, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = unit; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, line, n) == 0 && at[n] == '\n')
			return true;
	}
	return false;
}

START_TEST(a_unit_starts_the_launcher_in_the_foreground)
{
	const struct unit_facts facts = facts_of(&plain);
	scoped(char) *unit = systemd_unit_text(&facts);
	/* clang-format off */
	static const char *const lines[] = {
		"[Unit]",
		"RequiresMountsFor=/home/u/.local/share/wolffia",
		"[Service]",
		"Type=notify",
		"NotifyAccess=main",
		"ExecStart=/usr/bin/wolffia --store /home/u/.local/share/wolffia start --foreground web",
		"ExecStop=/usr/bin/wolffia --store /home/u/.local/share/wolffia stop --ignore web",
		"KillMode=mixed",
		"TimeoutStopSec=20",
		"SuccessExitStatus=143",
		"Restart=no",
		"[Install]",
		"WantedBy=default.target",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		ck_assert_msg(has_line(unit, lines[i]), "%s is not in\n%s",
			      lines[i], unit);
	ck_assert_ptr_null(strstr(unit, "StartLimit"));
}
END_TEST

START_TEST(it_starts_again_as_the_container_was_made)
{
	struct spec spec = plain;
	struct unit_facts facts = facts_of(&spec);

	spec.restart = RESTART_ALWAYS;
	scoped(char) *always = systemd_unit_text(&facts);
	ck_assert(has_line(always, "Restart=always"));
	ck_assert(has_line(always, "StartLimitIntervalSec=0"));
	spec.restart = RESTART_UNLESS_STOPPED;
	scoped(char) *unless = systemd_unit_text(&facts);
	ck_assert(has_line(unless, "Restart=always"));
	spec.restart = RESTART_ON_FAILURE;
	spec.restart_max = 3;
	scoped(char) *failure = systemd_unit_text(&facts);
	ck_assert(has_line(failure, "Restart=on-failure"));
	ck_assert(has_line(failure, "StartLimitBurst=4"));
	ck_assert(has_line(failure, "StartLimitIntervalSec=40"));
	/* what is said when the unit is made counts more */
	facts.restart = "on-abort";
	scoped(char) *said = systemd_unit_text(&facts);
	ck_assert(has_line(said, "Restart=on-abort"));
	ck_assert_ptr_null(strstr(said, "StartLimit"));
}
END_TEST

START_TEST(it_stops_with_the_signal_and_the_time_of_the_container)
{
	struct spec spec = { .stop_signal = SIGINT, .stop_timeout_ms = 2500 };
	struct unit_facts facts = facts_of(&spec);
	scoped(char) *unit = systemd_unit_text(&facts);

	ck_assert(has_line(unit, "SuccessExitStatus=130"));
	ck_assert(has_line(unit, "TimeoutStopSec=13"));
	facts.has_stop = true;
	facts.stop_ms = 90500;
	scoped(char) *longer = systemd_unit_text(&facts);
	ck_assert(has_line(longer, "TimeoutStopSec=101"));
	ck_assert_ptr_nonnull(
		strstr(longer, " stop --ignore --time 90.500s web\n"));
}
END_TEST

START_TEST(a_path_cannot_mean_anything_else)
{
	struct unit_facts facts = facts_of(&plain);

	facts.program = "/opt/my programs/wolffia";
	facts.store = "/srv/100% \"$HOME\"\n[Service]\nExecStart=/bin/evil";
	scoped(char) *unit = systemd_unit_text(&facts);
	/* the colon keeps $HOME from being replaced: systemd.service(5) */
	ck_assert_ptr_nonnull(strstr(
		unit, "ExecStart=:\"/opt/my programs/wolffia\" --store "
		      "\"/srv/100%% \\\"$HOME\\\"\\x0a[Service]\\x0aExecStart=/"
		      "bin/evil\" start"));
	ck_assert(!has_line(unit, "ExecStart=/bin/evil\""));
	scoped(char) *empty = systemd_quote("");
	ck_assert_str_eq(empty, "\"\"");
	scoped(char) *simple =
		systemd_quote("/usr/bin/wolffia-1.0_a:b,c+d@e=f");
	ck_assert_str_eq(simple, "/usr/bin/wolffia-1.0_a:b,c+d@e=f");
	scoped(char) *back = systemd_quote("a\\b");
	ck_assert_str_eq(back, "\"a\\\\b\"");
}
END_TEST

START_TEST(a_unit_has_a_name_that_systemd_takes)
{
	char longest[300];

	ck_assert(systemd_unit_name_is_valid("web"));
	ck_assert(systemd_unit_name_is_valid("a.b-c_d:e@1\\x2d"));
	ck_assert(!systemd_unit_name_is_valid(""));
	ck_assert(!systemd_unit_name_is_valid("../x"));
	ck_assert(!systemd_unit_name_is_valid("a b"));
	ck_assert(!systemd_unit_name_is_valid("a\nb"));
	memset(longest, 'a', sizeof(longest));
	longest[247] = '\0'; /* and ".service" are 255 */
	ck_assert(systemd_unit_name_is_valid(longest));
	longest[247] = 'a';
	longest[248] = '\0';
	ck_assert(!systemd_unit_name_is_valid(longest));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("systemd_unit");

	tcase_add_test(tests, a_unit_starts_the_launcher_in_the_foreground);
	tcase_add_test(tests, it_starts_again_as_the_container_was_made);
	tcase_add_test(tests,
		       it_stops_with_the_signal_and_the_time_of_the_container);
	tcase_add_test(tests, a_path_cannot_mean_anything_else);
	tcase_add_test(tests, a_unit_has_a_name_that_systemd_takes);
	return suite_run("systemd_unit", tests);
}
