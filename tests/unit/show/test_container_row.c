#include "cmd/container_row.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define S   UINT64_C(1000000000)
#define NOW (1795341600 * S) /* 2026-11-22T10:00:00Z */

static char id[] =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static char name[] = "web", image[] = "debian:12", none[] = "";
static char command[] = "sh -c \"echo \033[31m\"; a long command";

static struct container running(void)
{
	struct container container = {
		.alive = true,
		.record = {
			.id = id,
			.name = name,
			.image = image,
			.command = command,
			.cause = none,
			.message = none,
			.created_ns = NOW - 300 * S,
			.started_ns = NOW - 180 * S,
			.phase = PHASE_RUNNING,
			.pid = 77,
		},
	};

	strv_add(&container.record.labels, "a=1");
	strv_add(&container.record.labels, "b");
	strv_add(&container.record.labels, "c=x=y");
	strv_add(&container.record.mounts, "/srv/a very long directory");
	strv_add(&container.record.mounts, "data");
	return container;
}

static void release(struct container *container)
{
	strv_free(&container->record.labels);
	strv_free(&container->record.mounts);
}

static const char *text(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	ck_assert_msg(value != NULL, "%s is no text", key);
	return value;
}

/* clang-format off */
static const struct {
	enum phase phase;
	uint64_t started, finished; /* seconds ago; 0: never */
	int exit_code;
	const char *status;
} statuses[] = {
	{ PHASE_CREATED,    0,       0,      0,   "Created" },
	{ PHASE_RUNNING,    180,     0,      0,   "Up 3 minutes" },
	{ PHASE_RUNNING,    1,       0,      0,   "Up 1 second" },
	{ PHASE_RUNNING,    60,      0,      0,   "Up About a minute" },
	{ PHASE_PAUSED,     180,     0,      0,   "Up 3 minutes (Paused)" },
	{ PHASE_RESTARTING, 10,      5,      1,   "Restarting (1) 5 seconds ago" },
	{ PHASE_EXITED,     9000,    7200,   0,   "Exited (0) 2 hours ago" },
	{ PHASE_EXITED,     9000,    3600,   143, "Exited (143) About an hour ago" },
	/* nobody saw the end */
	{ PHASE_EXITED,     9000,    0,      137, "Exited (137)" },
};
/* clang-format on */

START_TEST(a_status_has_the_words_of_docker)
{
	struct container c = running();

	c.record.phase = statuses[_i].phase;
	c.record.exit_code = statuses[_i].exit_code;
	c.record.started_ns =
		statuses[_i].started ? NOW - statuses[_i].started * S : 0;
	c.record.finished_ns =
		statuses[_i].finished ? NOW - statuses[_i].finished * S : 0;
	scoped(char) *status = container_row_status(&c.record, NOW);
	ck_assert_str_eq(status, statuses[_i].status);
	release(&c);
}
END_TEST

START_TEST(a_clock_that_was_set_back_makes_nothing_older)
{
	struct container c = running();

	c.record.started_ns = NOW + 3600 * S;
	scoped(char) *status = container_row_status(&c.record, NOW);
	ck_assert_str_eq(status, "Up Less than a second");
	release(&c);
}
END_TEST

START_TEST(a_row_has_the_names_of_docker)
{
	struct container c = running();
	const struct row_more more = { .now_ns = NOW, .network = "none" };
	scoped_json *row = container_row(&c, &more);

	ck_assert_str_eq(text(row, "ID"), "0123456789ab");
	ck_assert_str_eq(text(row, "Names"), "web");
	ck_assert_str_eq(text(row, "Image"), "debian:12");
	ck_assert_str_eq(text(row, "RunningFor"), "5 minutes ago");
	ck_assert_str_eq(text(row, "State"), "running");
	ck_assert_str_eq(text(row, "Status"), "Up 3 minutes");
	ck_assert_str_eq(text(row, "Labels"), "a=1,b,c=x=y");
	ck_assert_str_eq(text(row, "Networks"), "none");
	ck_assert_str_eq(text(row, "Mounts"), "/srv/a very lo…,data");
	ck_assert_str_eq(text(row, "LocalVolumes"), "1");
	ck_assert_str_eq(text(row, "Size"), "");
	const json_t *labels = json_object_get(row, "Label");
	ck_assert_str_eq(text(labels, "a"), "1");
	ck_assert_str_eq(text(labels, "b"), "");
	ck_assert_str_eq(text(labels, "c"), "x=y");
	release(&c);
}
END_TEST

START_TEST(every_member_of_a_row_has_a_heading)
{
	struct container c = running();
	const struct row_more more = { .now_ns = NOW };
	scoped_json *row = container_row(&c, &more);
	scoped_json *headings = container_row_headings();
	const char *key;
	json_t *value;

	json_object_foreach (row, key, value)
		ck_assert_msg(json_object_get(headings, key) != NULL, "%s",
			      key);
	json_object_foreach (headings, key, value)
		ck_assert_msg(json_object_get(row, key) != NULL, "%s", key);
	release(&c);
}
END_TEST

START_TEST(a_command_is_quoted_and_cut_at_twenty_characters)
{
	struct container c = running();
	struct row_more more = { .now_ns = NOW };
	scoped_json *row = container_row(&c, &more);
	char exact[] = "12345678901234567890";
	char wide[] = "ääääääääääääääääääää1";

	ck_assert_str_eq(text(row, "Command"),
			 "\"sh -c \\\"echo \\x1b[31m\\\";…\"");
	more.no_trunc = true;
	scoped_json *whole = container_row(&c, &more);
	ck_assert_str_eq(text(whole, "Command"),
			 "\"sh -c \\\"echo \\x1b[31m\\\"; a long command\"");
	ck_assert_str_eq(text(whole, "ID"), id);
	more.no_trunc = false;
	c.record.command = exact;
	scoped_json *fits = container_row(&c, &more);
	ck_assert_str_eq(text(fits, "Command"), "\"12345678901234567890\"");
	c.record.command = wide;
	scoped_json *cut = container_row(&c, &more);
	ck_assert_str_eq(text(cut, "Command"), "\"äääääääääääääääääää…\"");
	release(&c);
}
END_TEST

START_TEST(bytes_that_are_no_utf_8_are_shown_and_lose_no_row)
{
	char odd[] = "caf\xe9 \"x\"";
	struct container c = running();
	const struct row_more more = { .now_ns = NOW };

	c.record.command = odd;
	c.record.image = odd;
	strv_add(&c.record.labels, "\xff=\xfe");
	scoped_json *row = container_row(&c, &more);
	scoped_json *podman = container_row_podman(&c, &more);
	ck_assert_ptr_nonnull(strstr(text(row, "Image"), "\\xe9"));
	ck_assert_ptr_nonnull(strstr(text(podman, "Image"), "\\xe9"));
	ck_assert_str_eq(text(json_object_get(row, "Label"), "\\xff"), "\\xfe");
	release(&c);
}
END_TEST

START_TEST(a_size_is_shown_only_when_it_was_asked_for)
{
	struct container c = running();
	const struct row_more more = { .now_ns = NOW,
				       .has_size = true,
				       .written = 1500,
				       .whole = 120000000 };
	scoped_json *row = container_row(&c, &more);
	scoped_json *podman = container_row_podman(&c, &more);

	ck_assert_str_eq(text(row, "Size"), "1.5kB (virtual 120MB)");
	const json_t *size = json_object_get(podman, "Size");
	ck_assert_int_eq(json_integer_value(json_object_get(size, "rwSize")),
			 1500);
	release(&c);
}
END_TEST

static long long number(const json_t *row, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(row, key)), "%s", key);
	return json_integer_value(json_object_get(row, key));
}

START_TEST(json_has_the_names_of_podman)
{
	static const char *const keys[] = {
		"AutoRemove", "Command",  "CreatedAt",    "CIDFile",
		"Exited",     "ExitedAt", "ExitCode",     "Id",
		"Image",      "ImageID",  "IsInfra",      "Labels",
		"Mounts",     "Names",    "Namespaces",   "Networks",
		"Pid",        "Pod",      "PodName",      "Ports",
		"Restarts",   "Size",     "StartedAt",    "State",
		"Status",     "Created",  "ExposedPorts",
	};
	struct container c = running();
	scoped_strv argv = { 0 };
	const struct row_more more = { .now_ns = NOW, .argv = &argv };

	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	scoped_json *row = container_row_podman(&c, &more);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		ck_assert_msg(json_object_get(row, keys[i]) != NULL, "%s",
			      keys[i]);
	ck_assert_uint_eq(json_object_size(row), ARRAY_SIZE(keys));
	ck_assert_str_eq(text(row, "Id"), id);
	ck_assert_int_eq(number(row, "Created"), 1795341300);
	ck_assert_int_eq(number(row, "StartedAt"), 1795341420);
	/* Go's zero time: it has not ended */
	ck_assert_int_eq(number(row, "ExitedAt"), -62135596800);
	ck_assert_int_eq(number(row, "Pid"), 77);
	ck_assert_uint_eq(json_array_size(json_object_get(row, "Command")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(row, "Names"), 0)),
			 "web");
	release(&c);
}
END_TEST

START_TEST(the_process_of_one_that_does_not_run_is_not_shown)
{
	struct container c = running();
	const struct row_more more = { .now_ns = NOW };

	/* as after the launcher was killed: the number may be another's now */
	c.alive = false;
	c.record.phase = PHASE_EXITED;
	scoped_json *row = container_row_podman(&c, &more);
	ck_assert_int_eq(number(row, "Pid"), 0);
	ck_assert(json_is_true(json_object_get(row, "Exited")));
	release(&c);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("container_row");

	tcase_add_loop_test(tests, a_status_has_the_words_of_docker, 0,
			    ARRAY_SIZE(statuses));
	tcase_add_test(tests, a_clock_that_was_set_back_makes_nothing_older);
	tcase_add_test(tests, a_row_has_the_names_of_docker);
	tcase_add_test(tests, every_member_of_a_row_has_a_heading);
	tcase_add_test(tests, a_command_is_quoted_and_cut_at_twenty_characters);
	tcase_add_test(tests,
		       bytes_that_are_no_utf_8_are_shown_and_lose_no_row);
	tcase_add_test(tests, a_size_is_shown_only_when_it_was_asked_for);
	tcase_add_test(tests, json_has_the_names_of_podman);
	tcase_add_test(tests,
		       the_process_of_one_that_does_not_run_is_not_shown);
	return suite_run("container_row", tests);
}
