#include "cmd/event_filter.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static bool begins(const char *text, const char *prefix)
{
	return text && *prefix && text_starts_with(text, prefix);
}

static bool matches_container(const struct event *event, const char *value)
{
	return same(event->type, EVENT_CONTAINER) &&
	       (begins(event->id, value) || begins(event->name, value));
}

static bool matches_volume(const struct event *event, const char *value)
{
	return same(event->type, EVENT_VOLUME) &&
	       (begins(event->id, value) || begins(event->name, value));
}

static bool matches_type(const struct event *event, const char *value)
{
	return same(event->type, value);
}

/* clang-format off */
static const struct {
	const char *elsewhere, *here;
	const char *type; /* only of this; or NULL */
} actions[] = {
	{ "died",        EVENT_DIE,      NULL },
	{ "destroy",     EVENT_REMOVE,   EVENT_CONTAINER },
	{ "destroy",     EVENT_REMOVE,   EVENT_VOLUME },
	{ "delete",      EVENT_REMOVE,   EVENT_IMAGE },
	{ "exec_create", EVENT_EXEC,     NULL },
	{ "exec_start",  EVENT_EXEC,     NULL },
	{ "exec_died",   EVENT_EXEC_DIE, NULL },
};
/* clang-format on */

static bool matches_event(const struct event *event, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].elsewhere, value) == 0 &&
		    same(event->action, actions[i].here) &&
		    (!actions[i].type || same(event->type, actions[i].type)))
			return true;
	return same(event->action, value);
}

/* @name is @value, or would be with its tag; the domain may be left out */
static bool is_image(const char *name, const char *value)
{
	static const char *const prefixes[] = { "", "localhost/", "docker.io/",
						"docker.io/library/" };
	size_t n = strlen(value);

	for (size_t i = 0; name && n > 0 && i < ARRAY_SIZE(prefixes); i++) {
		const char *rest = name + strlen(prefixes[i]);
		if (!text_starts_with(name, prefixes[i]) ||
		    strncmp(rest, value, n) != 0)
			continue;
		rest += n;
		if (!*rest || *rest == '@' ||
		    (*rest == ':' && !strchr(rest, '/')))
			return true;
	}
	return false;
}

static bool matches_image(const struct event *event, const char *value)
{
	if (same(event->type, EVENT_IMAGE) &&
	    (begins(event->id, value) || is_image(event->name, value)))
		return true;
	return is_image(event->image, value);
}

static bool matches_label(const struct event *event, const char *value)
{
	size_t n = strlen(value);
	const struct strv *attributes = &event->attributes;

	for (size_t i = 0; i < attributes->n; i++)
		if (strncmp(attributes->v[i], value, n) == 0 &&
		    (attributes->v[i][n] == '\0' ||
		     (attributes->v[i][n] == '=' && !strchr(value, '='))))
			return true;
	return false;
}

static const struct key {
	const char *name;
	bool (*matches)(const struct event *event, const char *value);
	bool all; /* of its filters have to match, not one */
} keys[] = {
	{ "container", matches_container, false },
	{ "event", matches_event, false },
	{ "image", matches_image, false },
	{ "label", matches_label, true },
	{ "type", matches_type, false },
	{ "volume", matches_volume, false },
};

/* Return: the value behind "KEY=", or NULL */
static const char *value_of(const char *filter, const char *key)
{
	size_t n = strlen(key);

	return strncmp(filter, key, n) == 0 && filter[n] == '=' ? filter + n + 1
								: NULL;
}

int event_filter_check(const struct strv *filters, struct error *err)
{
	for (size_t i = 0; i < filters->n; i++) {
		bool known = false;
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			known |= value_of(filters->v[i], keys[k].name) != NULL;
		if (known)
			continue;
		error_say(err, EINVAL, "--filter: cannot filter by \"%s\"",
			  filters->v[i]);
		return error_hint(err, "write container=, event=, image=, "
				       "label=, type= or volume=, and a value");
	}
	return 0;
}

static bool passes_key(const struct key *key, const struct strv *filters,
		       const struct event *event)
{
	bool any = false, some = false, all = true;

	for (size_t i = 0; i < filters->n; i++) {
		const char *value = value_of(filters->v[i], key->name);
		if (!value)
			continue;
		bool match = key->matches(event, value);
		any = true;
		some |= match;
		all &= match;
	}
	return !any || (key->all ? all : some);
}

bool event_filter_passes(const struct strv *filters, const struct event *event)
{
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		if (!passes_key(&keys[k], filters, event))
			return false;
	return true;
}
