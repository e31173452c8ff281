#include "cmd/event_filter.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *type, *action, *id, *name, *image;
	const char *attributes[3];
} events[] = {
	{ "container", "start", "0123456789", "web", "alpine:3", { "a=1", "b" } },
	{ "container", "die", "abcdef", "data", "localhost/x:latest",
	  { "a=2", "exitCode=0" } },
	{ "container", "exec", "abcdef", "data", "reg.io:5000/y/z@sha256:00",
	  { NULL } },
	{ "image", "remove", "sha256:77", "docker.io/library/alpine:3", NULL,
	  { NULL } },
	{ "volume", "create", "web", "web", NULL, { "a=1" } },
	{ "container", "remove", "777", "gone", NULL, { NULL } },
};

/* which of them pass, as digits */
static const struct {
	const char *filters[4];
	const char *passing;
} rows[] = {
	{ { NULL },                                   "012345" },
	{ { "type=container" },                       "0125" },
	{ { "type=image", "type=volume" },            "34" },
	{ { "type=network" },                         "" },
	{ { "event=start" },                          "0" },
	{ { "event=start", "event=die" },             "01" },
	{ { "event=died" },                           "1" },
	{ { "event=exec_start" },                     "2" },
	{ { "event=exec" },                           "2" },
	{ { "event=delete" },                         "3" },
	{ { "event=destroy" },                        "5" },
	{ { "event=remove" },                         "35" },
	{ { "event=health_status" },                  "" },
	{ { "event=" },                               "" },
	{ { "container=web" },                        "0" },
	{ { "container=0123456789" },                 "0" },
	{ { "container=0123" },                       "0" },
	{ { "container=da" },                         "12" },
	{ { "container=" },                           "" },
	{ { "container=ebw" },                        "" },
	{ { "volume=web" },                           "4" },
	{ { "image=alpine" },                         "03" },
	{ { "image=alpine:3" },                       "03" },
	{ { "image=alpine:4" },                       "" },
	{ { "image=docker.io/library/alpine" },       "3" },
	{ { "image=localhost/x" },                    "1" },
	{ { "image=x:latest" },                       "1" },
	{ { "image=reg.io" },                         "" },
	{ { "image=reg.io:5000/y/z" },                "2" },
	{ { "image=sha256:77" },                      "3" },
	{ { "image=alp" },                            "" },
	{ { "label=a" },                              "014" },
	{ { "label=a=1" },                            "04" },
	{ { "label=a=" },                             "" },
	{ { "label=b" },                              "0" },
	{ { "label=b=" },                             "0" },
	{ { "label=a", "label=b" },                   "0" },
	{ { "label=a=1", "label=a=2" },               "" },
	{ { "label=exit" },                           "" },
	{ { "type=container", "event=die" },          "1" },
	{ { "type=image", "event=die" },              "" },
	{ { "type=container", "label=a=1" },          "0" },
	{ { "container=web", "container=data", "event=start" }, "0" },
};

static const char *const bad[] = {
	"", "start", "=start", "event", "Event=start", "event:start",
	"network=x", "scope=local", "eventx=start",
};
/* clang-format on */

static void make_list(struct strv *list, const char *const *filters)
{
	for (size_t i = 0; i < 4 && filters[i]; i++)
		strv_add(list, filters[i]);
}

START_TEST(those_events_pass_that_are_wanted)
{
	scoped_strv filters = { 0 };
	struct error err;
	char passing[8] = "";

	make_list(&filters, rows[_i].filters);
	ck_assert_int_eq(event_filter_check(&filters, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		scoped_event event = {
			.type = events[i].type,
			.action = events[i].action,
			.id = events[i].id,
			.name = events[i].name,
			.image = events[i].image,
		};
		for (size_t a = 0; a < 3 && events[i].attributes[a]; a++)
			strv_addf(&event.attributes, "%s%s",
				  events[i].attributes[a],
				  strchr(events[i].attributes[a], '=') ? ""
								       : "=");
		if (event_filter_passes(&filters, &event))
			passing[strlen(passing)] = (char)('0' + i);
	}
	ck_assert_msg(strcmp(passing, rows[_i].passing) == 0,
		      "%s %s: %s, not %s", rows[_i].filters[0],
		      rows[_i].filters[1], passing, rows[_i].passing);
}
END_TEST

START_TEST(what_cannot_be_filtered_by_is_said)
{
	scoped_strv filters = { 0 };
	struct error err = { 0 };

	strv_add(&filters, "type=container");
	strv_add(&filters, bad[_i]);
	ck_assert_int_eq(event_filter_check(&filters, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, bad[_i]));
	ck_assert_ptr_nonnull(strstr(err.hint, "event="));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("event_filter");

	tcase_add_loop_test(tests, those_events_pass_that_are_wanted, 0,
			    (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, what_cannot_be_filtered_by_is_said, 0,
			    (int)ARRAY_SIZE(bad));
	return suite_run("event_filter", tests);
}
