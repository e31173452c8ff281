/*
 * A line of the file of events: no event, or one that is the same when it is
 * written and read again; and whoever it is shown to gets clean text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "cmd/event_filter.h"
#include "cmd/event_show.h"
#include "core/events.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int is_so)
{
	if (!is_so)
		abort();
}

static int same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_again(const struct event *event)
{
	scoped(char) *line = event_format(event);
	scoped_event again = { 0 };
	struct error err;
	size_t size = strlen(line);

	require(size > 0 && line[size - 1] == '\n');
	require(strchr(line, '\n') == line + size - 1);
	require(event_parse(line, size - 1, &again, &err) == 0);
	require(same(event->type, again.type));
	require(same(event->action, again.action));
	require(same(event->id, again.id));
	require(same(event->name, again.name));
	require(same(event->image, again.image));
	require(event->time_ns == again.time_ns || event->time_ns == 0);
	require(again.attributes.n <= event->attributes.n);
}

static void check_shown(const struct event *event)
{
	scoped(char) *text = event_text(event);
	scoped_json *object = event_object(event);
	scoped_strv filters = { 0 };

	for (const char *s = text; *s; s++)
		require((unsigned char)*s >= ' ' && *s != 0x7f);
	require(json_is_object(object));
	strv_addf(&filters, "container=%s", event->id);
	strv_addf(&filters, "image=%s", event->image ? event->image : "");
	strv_addf(&filters, "event=%s", event->action);
	event_filter_passes(&filters, event);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct event event = { 0 };
	struct error err = { 0 };
	scoped(char) *line = xcalloc(size, 1);

	if (size)
		memcpy(line, data, size);
	int r = event_parse(line, size, &event, &err);
	require(r == 0 || (r < 0 && err.code == -r && *err.text));
	if (r == 0) {
		check_again(&event);
		check_shown(&event);
	}
	event_free(&event);
	return 0;
}
