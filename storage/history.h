/*
 * storage/history.h - how an image says it was made
 *
 * The member "history" of its configuration (image-spec 1.1, config.md).  It
 * is there for people: nothing depends on it, it may be missing, and it may
 * tell of more layers than there are, or of fewer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct history_entry {
	char *created;    /* RFC 3339; these are "" when there is none */
	char *created_by; /* any text */
	char *author, *comment;
	bool empty; /* no layer belongs to it */
};

struct history {
	struct history_entry *entries; /* the oldest first */
	size_t n;
};

/*
 * history_parse - from the text of a configuration; pure, fuzzed
 * Return: 0, also when there is none; -EINVAL a member is of a wrong type
 */
int history_parse(const char *text, size_t size, struct history *ret,
		  struct error *err);
void history_free(struct history *history);

#define scoped_history __attribute__((cleanup(history_free))) struct history

/* An entry, or a layer that no entry tells of. */
struct history_row {
	const struct history_entry *entry; /* NULL: a layer without an entry */
	size_t number;                     /* of the entry, from 0 */
	int layer; /* its place in the manifest, or one of these */
};
enum {
	HISTORY_NO_LAYER = -1,   /* it is empty */
	HISTORY_LOST_LAYER = -2, /* it should have one, but there are no more */
};

/*
 * history_rows - entries and layers side by side, counted from the oldest
 * @ret: the newest first; borrows from @history; the caller's to free
 * Return: how many
 */
size_t history_rows(const struct history *history, size_t n_layers,
		    struct history_row **ret);

/* history_layers - of how many layers it tells */
size_t history_layers(const struct history *history);
