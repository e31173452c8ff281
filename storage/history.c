#include "storage/history.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

static int copy_string(const json_t *object, const char *key, char **to,
		       struct error *err)
{
	const char *text = "";
	int r = json_get_string(object, key, &text, err);

	*to = xstrdup(r < 0 ? "" : text);
	return r < 0 ? r : 0;
}

static int parse_entry(const json_t *object, struct history_entry *to,
		       struct error *err)
{
	if (!json_is_object(object))
		return error_say(err, EINVAL, "it is not an object");
	int r = copy_string(object, "created", &to->created, err);
	if (r == 0)
		r = copy_string(object, "created_by", &to->created_by, err);
	if (r == 0)
		r = copy_string(object, "author", &to->author, err);
	if (r == 0)
		r = copy_string(object, "comment", &to->comment, err);
	if (r == 0)
		r = json_get_bool(object, "empty_layer", &to->empty, err);
	return r < 0 ? r : 0;
}

static int parse_entries(const json_t *array, struct history *to,
			 struct error *err)
{
	size_t n = json_array_size(array);

	to->entries = xcalloc(n + 1, sizeof(*to->entries));
	for (size_t i = 0; i < n; i++) {
		/* half of an entry is freed as well */
		to->n = i + 1;
		int r = parse_entry(json_array_get(array, i), &to->entries[i],
				    err);
		if (r < 0)
			return error_prefix(err, "entry %zu", i);
	}
	return 0;
}

int history_parse(const char *text, size_t size, struct history *ret,
		  struct error *err)
{
	scoped_json *document = NULL;
	scoped_history history = { 0 };
	json_t *array = NULL;
	int r = json_parse(text, size, "the image configuration", &document,
			   err);

	if (r < 0)
		return r;
	if (!json_is_object(document))
		return error_say(err, EINVAL,
				 "the image configuration is not an object");
	r = json_get_array(document, "history", &array, err);
	if (r > 0)
		r = parse_entries(array, &history, err);
	if (r < 0)
		return error_prefix(err, "the history of the image");
	*ret = history;
	history = (struct history){ 0 };
	return 0;
}

void history_free(struct history *history)
{
	for (size_t i = 0; i < history->n; i++) {
		struct history_entry *entry = &history->entries[i];
		free(entry->created);
		free(entry->created_by);
		free(entry->author);
		free(entry->comment);
	}
	free(history->entries);
	*history = (struct history){ 0 };
}

size_t history_layers(const struct history *history)
{
	size_t n = 0;

	for (size_t i = 0; i < history->n; i++)
		n += !history->entries[i].empty;
	return n;
}

size_t history_rows(const struct history *history, size_t n_layers,
		    struct history_row **ret)
{
	size_t told = history_layers(history);
	size_t untold = n_layers > told ? n_layers - told : 0;
	size_t n = history->n + untold, layer = 0;
	struct history_row *rows = xcalloc(n + 1, sizeof(*rows));

	for (size_t i = 0; i < n; i++) {
		struct history_row *row = &rows[n - 1 - i];
		bool entry = i < history->n;
		row->entry = entry ? &history->entries[i] : NULL;
		row->number = i;
		if (entry && history->entries[i].empty)
			row->layer = HISTORY_NO_LAYER;
		else
			row->layer = layer < n_layers ? (int)layer++
						      : HISTORY_LOST_LAYER;
	}
	*ret = rows;
	return n;
}
