#include "cmd/template/json.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/template/verb.h"

static void print_string(struct bytes *to, const char *text, size_t n)
{
	static const char letters[] = "btn\0fr"; /* of 8 to 13 */
	char escape[12];
	size_t size;

	bytes_add_text(to, "\"");
	for (size_t at = 0; at < n; at += size) {
		uint32_t c;
		size = rune_decode(text + at, n - at, &c);
		if (c >= 8 && c <= 13 && letters[c - 8])
			snprintf(escape, sizeof(escape), "\\%c",
				 letters[c - 8]);
		else if (c == '"' || c == '\\')
			snprintf(escape, sizeof(escape), "\\%c", (char)c);
		else if (c < 0x20 || (c == 0xfffd && size == 1))
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		else {
			bytes_add(to, text + at, size);
			continue;
		}
		bytes_add_text(to, escape);
	}
	bytes_add_text(to, "\"");
}

static void print_object(struct bytes *to, json_t *object)
{
	const char *between = "", *key;
	json_t *value;

	bytes_add_text(to, "{");
	json_object_foreach (object, key, value) {
		bytes_add_text(to, between);
		print_string(to, key, strlen(key));
		bytes_add_text(to, ":");
		print_json(to, value);
		between = ",";
	}
	bytes_add_text(to, "}");
}

static void print_array(struct bytes *to, const json_t *array)
{
	size_t i;
	json_t *element;

	bytes_add_text(to, "[");
	json_array_foreach (array, i, element) {
		bytes_add_text(to, i ? "," : "");
		print_json(to, element);
	}
	bytes_add_text(to, "]");
}

/* 1e-7, not 1e-07 */
static char *real_text(double real)
{
	char *text = real_print_shortest(real, -6, 21);
	char *zero = strstr(text, "e-0");

	if (zero)
		memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
	return text;
}

/* as deep as the data, of which jansson reads no more than 2048 levels */
void print_json(struct bytes *to, const json_t *json)
{
	scoped(char) *number = NULL;

	switch (json && !to->too_long ? json_typeof(json) : JSON_NULL) {
	case JSON_OBJECT:
		print_object(to, (json_t *)json);
		break;
	case JSON_ARRAY:
		print_array(to, json);
		break;
	case JSON_STRING:
		print_string(to, json_string_value(json),
			     json_string_length(json));
		break;
	case JSON_INTEGER:
		number = xasprintf("%lld", json_integer_value(json));
		break;
	case JSON_REAL:
		number = real_text(json_real_value(json));
		break;
	case JSON_NULL:
		bytes_add_text(to, "null");
		break;
	default:
		bytes_add_text(to, json_is_true(json) ? "true" : "false");
	}
	bytes_add_text(to, number ? number : "");
}
