#include "cmd/event_show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

static void make_event(struct event *event)
{
	*event = (struct event){
		.type = "container",
		.action = "die",
		.id = "0123",
		.name = "web",
		.image = "alpine:3",
		.time_ns = 1795341600000000005,
	};
	strv_add(&event->attributes, "exitCode=3");
	strv_add(&event->attributes, "label=x\x1b[2J");
	setenv("TZ", "XXX-01:00", 1);
	tzset();
}

START_TEST(people_read_what_docker_prints_and_no_escapes)
{
	scoped_event event = { 0 };

	make_event(&event);
	scoped(char) *text = event_text(&event);
	ck_assert_str_eq(text, "2026-11-22T11:00:00.000000005+01:00 container "
			       "die 0123 (exitCode=3, image=alpine:3, "
			       "label=x\\x1b[2J, name=web)");
	event.name = event.image = NULL;
	strv_free(&event.attributes);
	scoped(char) *bare = event_text(&event);
	ck_assert_ptr_nonnull(strstr(bare, " container die 0123 ()"));
}
END_TEST

static const char *text_at(const json_t *object, const char *a, const char *b,
			   const char *c)
{
	object = json_object_get(object, a);
	object = b ? json_object_get(object, b) : object;
	object = c ? json_object_get(object, c) : object;
	return json_string_value(object);
}

START_TEST(programs_find_the_names_of_docker_and_of_podman)
{
	scoped_event event = { 0 };

	make_event(&event);
	scoped_json *object = event_object(&event);
	/* docker's templates, docker's JSON, podman's */
	ck_assert_str_eq(text_at(object, "Status", NULL, NULL), "die");
	ck_assert_str_eq(text_at(object, "status", NULL, NULL), "die");
	ck_assert_str_eq(text_at(object, "Action", NULL, NULL), "die");
	ck_assert_str_eq(text_at(object, "Type", NULL, NULL), "container");
	ck_assert_str_eq(text_at(object, "ID", NULL, NULL), "0123");
	ck_assert_str_eq(text_at(object, "id", NULL, NULL), "0123");
	ck_assert_str_eq(text_at(object, "from", NULL, NULL), "alpine:3");
	ck_assert_str_eq(text_at(object, "Image", NULL, NULL), "alpine:3");
	ck_assert_str_eq(text_at(object, "Name", NULL, NULL), "web");
	ck_assert_str_eq(text_at(object, "scope", NULL, NULL), "local");
	ck_assert_str_eq(text_at(object, "Actor", "ID", NULL), "0123");
	ck_assert_str_eq(text_at(object, "Actor", "Attributes", "name"), "web");
	ck_assert_str_eq(text_at(object, "Actor", "Attributes", "exitCode"),
			 "3");
	ck_assert_str_eq(text_at(object, "Attributes", "image", NULL),
			 "alpine:3");
	ck_assert_int_eq(
		json_integer_value(json_object_get(object, "timeNano")),
		event.time_ns);
	ck_assert_int_eq(json_integer_value(json_object_get(object, "time")),
			 1795341600);
	ck_assert_int_eq(json_integer_value(
				 json_object_get(object, "ContainerExitCode")),
			 3);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("event_show");

	tcase_add_test(tests, people_read_what_docker_prints_and_no_escapes);
	tcase_add_test(tests, programs_find_the_names_of_docker_and_of_podman);
	return suite_run("event_show", tests);
}
