#include "cmd/show_json.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/when.h"

json_t *show_text(const char *text)
{
	json_t *string = json_string(text ? text : "");

	if (string)
		return string;
	size_t size = strlen(text) * 4 + 1;
	scoped(char) *escaped = xcalloc(size, 1);
	text_escape(escaped, size, text);
	return json_string(escaped);
}

json_t *show_list(const struct strv *texts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(array, show_text(texts->v[i]));
	return array;
}

void show_set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, show_text(text));
}

json_t *show_pairs(const struct strv *pairs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < pairs->n; i++) {
		const char *pair = pairs->v[i];
		size_t n = strcspn(pair, "=");
		scoped(char) *key = xstrndup(pair, n);
		json_t *readable = show_text(key);
		show_set(object, json_string_value(readable),
			 pair[n] ? pair + n + 1 : "");
		json_decref(readable);
	}
	return object;
}

json_t *show_time(uint64_t ns)
{
	char text[WHEN_SIZE];

	return json_string(ns ? when_utc(text, (int64_t)ns)
			      : "0001-01-01T00:00:00Z");
}

const char *show_network(enum network_mode mode)
{
	static const char *const names[] = {
		[NETWORK_NONE] = "none", [NETWORK_HOST] = "host"
	};

	return names[mode];
}
