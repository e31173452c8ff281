#include "cmd/event_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/when.h"

/* with the image and the name, as docker has them among the attributes */
static json_t *attributes_object(const struct event *event)
{
	json_t *object = json_object();

	for (size_t i = 0; i < event->attributes.n; i++) {
		const char *pair = event->attributes.v[i];
		const char *equals = strchr(pair, '=');
		scoped(char) *key = xstrndup(pair, (size_t)(equals - pair));
		json_object_set_new(object, key, json_string(equals + 1));
	}
	if (event->image)
		json_object_set_new(object, "image", json_string(event->image));
	if (event->name)
		json_object_set_new(object, "name", json_string(event->name));
	return object;
}

/* under both names: those of templates, and those of JSON */
static void set(json_t *object, const char *name, const char *other,
		json_t *value)
{
	json_object_set(object, name, value);
	json_object_set_new(object, other, value);
}

json_t *event_object(const struct event *event)
{
	json_t *object = json_object(), *actor = json_object();
	json_t *attributes = attributes_object(event);
	const char *image = event->image ? event->image : "";
	const json_t *code = json_object_get(attributes, "exitCode");

	set(object, "Status", "status", json_string(event->action));
	set(object, "ID", "id", json_string(event->id));
	set(object, "From", "from", json_string(image));
	set(object, "Scope", "scope", json_string("local"));
	set(object, "Time", "time", json_integer(event->time_ns / 1000000000));
	set(object, "TimeNano", "timeNano", json_integer(event->time_ns));
	json_object_set_new(object, "Type", json_string(event->type));
	json_object_set_new(object, "Action", json_string(event->action));
	json_object_set_new(object, "Name",
			    json_string(event->name ? event->name : ""));
	json_object_set_new(object, "Image", json_string(image));
	if (code)
		json_object_set_new(
			object, "ContainerExitCode",
			json_integer(atoi(json_string_value(code))));
	json_object_set_new(actor, "ID", json_string(event->id));
	json_object_set(actor, "Attributes", attributes);
	json_object_set_new(object, "Actor", actor);
	json_object_set_new(object, "Attributes", attributes);
	return object;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *attributes_text(const struct event *event)
{
	scoped_strv pairs = { 0 };
	char *text = xstrdup("");

	strv_extend(&pairs, event->attributes.v);
	if (event->image)
		strv_addf(&pairs, "image=%s", event->image);
	if (event->name)
		strv_addf(&pairs, "name=%s", event->name);
	if (pairs.n > 1)
		qsort(pairs.v, pairs.n, sizeof(*pairs.v), by_name);
	for (size_t i = 0; i < pairs.n; i++) {
		char *longer =
			xasprintf("%s%s%s", text, i ? ", " : "", pairs.v[i]);
		free(text);
		text = longer;
	}
	return text;
}

char *event_text(const struct event *event)
{
	char time[WHEN_SIZE];
	scoped(char) *attributes = attributes_text(event);
	scoped(char) *text =
		xasprintf("%s %s %s %s (%s)", when_local(time, event->time_ns),
			  event->type, event->action, event->id, attributes);
	size_t room = 4 * strlen(text) + 1;
	char *escaped = xcalloc(room, 1);

	text_escape(escaped, room, text);
	return escaped;
}
