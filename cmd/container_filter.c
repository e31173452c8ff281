#include "cmd/container_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/option_table.h"
#include "cmd/when.h"

/* what docker knows, and no container of ours is */
#define PHASE_NONE ((enum phase) - 1)

static int parse_exited(struct container_filter *filter, struct error *err)
{
	uint32_t number = 0;
	int r = text_to_u32(filter->value, 255, &number, err);

	filter->number = (long)number;
	return r;
}

static int parse_regex(struct container_filter *filter, struct error *err)
{
	int r = regcomp(&filter->regex, filter->value,
			REG_EXTENDED | REG_NOSUB);
	char why[128];

	if (r == 0)
		return 0;
	regerror(r, &filter->regex, why, sizeof(why));
	return error_say(err, EINVAL, "\"%s\" is no regular expression: %s",
			 filter->value, why);
}

/* clang-format off */
static const struct {
	const char *name;
	enum phase phase;
} states[] = {
	{ "created",    PHASE_CREATED },
	{ "running",    PHASE_RUNNING },
	{ "paused",     PHASE_PAUSED },
	{ "restarting", PHASE_RESTARTING },
	{ "exited",     PHASE_EXITED },
	{ "stopped",    PHASE_EXITED },
	{ "dead",       PHASE_NONE },
	{ "removing",   PHASE_NONE },
};
/* clang-format on */

static int parse_status(struct container_filter *filter, struct error *err)
{
	const char *words[ARRAY_SIZE(states) + 1] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		words[i] = states[i].name;
		if (strcmp(states[i].name, filter->value) != 0)
			continue;
		filter->phase = states[i].phase;
		return 0;
	}
	error_say(err, EINVAL, "\"%s\" is no state of a container",
		  filter->value);
	error_hint(err, "created, running, paused, restarting or exited");
	return option_suggest(filter->value, words, "", err);
}

/* the others are what they are */
static int parse_nothing(struct container_filter *filter, struct error *err)
{
	(void)filter, (void)err;
	return 0;
}

static bool is_ancestor(const struct container_filter *filter,
			const struct filter_facts *facts)
{
	return facts->descends &&
	       facts->descends(facts->context, filter->value);
}

static bool is_before(const struct container_filter *filter,
		      const struct filter_facts *facts)
{
	return facts->record->created_ns < filter->ns;
}

static bool is_since(const struct container_filter *filter,
		     const struct filter_facts *facts)
{
	return facts->record->created_ns > filter->ns;
}

static bool has_exited(const struct container_filter *filter,
		       const struct filter_facts *facts)
{
	return facts->record->phase == PHASE_EXITED &&
	       facts->record->exit_code == filter->number;
}

static bool matches(const struct container_filter *filter, const char *text)
{
	return strcmp(filter->value, text) == 0 ||
	       regexec(&filter->regex, text, 0, NULL, 0) == 0;
}

static bool has_id(const struct container_filter *filter,
		   const struct filter_facts *facts)
{
	return matches(filter, facts->record->id);
}

/* docker's names begin with "/", which scripts write, and podman's do not */
static bool has_name(const struct container_filter *filter,
		     const struct filter_facts *facts)
{
	scoped(char) *slashed = xasprintf("/%s", facts->record->name);

	return matches(filter, facts->record->name) || matches(filter, slashed);
}

static bool has_label(const struct container_filter *filter,
		      const struct filter_facts *facts)
{
	const struct strv *labels = &facts->record->labels;
	size_t n = strlen(filter->value);

	for (size_t i = 0; i < labels->n; i++)
		if (strncmp(labels->v[i], filter->value, n) == 0 &&
		    (labels->v[i][n] == '\0' ||
		     (labels->v[i][n] == '=' && !strchr(filter->value, '='))))
			return true;
	return false;
}

static bool has_no_label(const struct container_filter *filter,
			 const struct filter_facts *facts)
{
	return !has_label(filter, facts);
}

static bool has_status(const struct container_filter *filter,
		       const struct filter_facts *facts)
{
	return facts->record->phase == filter->phase;
}

static bool has_volume(const struct container_filter *filter,
		       const struct filter_facts *facts)
{
	return strv_contains(&facts->record->mounts, filter->value) ||
	       (facts->paths && strv_contains(facts->paths, filter->value));
}

/* clang-format off */
static const struct key {
	const char *name;
	int (*parse)(struct container_filter *filter, struct error *err);
	bool (*matches)(const struct container_filter *filter,
			const struct filter_facts *facts);
	bool all; /* of its filters have to match, not one */
} keys[N_FILTERS] = {
	[FILTER_ANCESTOR] = { "ancestor", parse_nothing, is_ancestor,  false },
	[FILTER_BEFORE]   = { "before",   parse_nothing, is_before,    true },
	[FILTER_EXITED]   = { "exited",   parse_exited,  has_exited,   false },
	[FILTER_ID]       = { "id",       parse_regex,   has_id,       false },
	[FILTER_LABEL]    = { "label",    parse_nothing, has_label,    true },
	[FILTER_NO_LABEL] = { "label!",   parse_nothing, has_no_label, true },
	[FILTER_NAME]     = { "name",     parse_regex,   has_name,     false },
	[FILTER_SINCE]    = { "since",    parse_nothing, is_since,     true },
	[FILTER_STATUS]   = { "status",   parse_status,  has_status,   false },
	[FILTER_UNTIL]    = { "until",    parse_nothing, is_before,    true },
	[FILTER_VOLUME]   = { "volume",   parse_nothing, has_volume,   false },
};
/* clang-format on */

static int unknown_key(const char *text, unsigned known, struct error *err)
{
	scoped(char) *list = xstrdup("");

	for (size_t k = 0; k < N_FILTERS; k++) {
		if (!(known & FILTER_BIT(k)))
			continue;
		char *longer = xasprintf("%s%s%s=", list, *list ? ", " : "",
					 keys[k].name);
		free(list);
		list = longer;
	}
	error_say(err, EINVAL, "--filter: cannot filter by \"%s\"", text);
	return error_hint(err, "write one of %s and a value", list);
}

static int parse_one(struct container_filter *filter, const char *text,
		     unsigned known, uint64_t now_ns, struct error *err)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : 0;
	int64_t ns = 0;
	int r = -ENOENT;

	for (size_t k = 0; equals && k < N_FILTERS; k++) {
		if (!(known & FILTER_BIT(k)) || strlen(keys[k].name) != n ||
		    strncmp(keys[k].name, text, n) != 0)
			continue;
		filter->key = (enum filter_key)k;
		filter->value = equals + 1;
		r = keys[k].parse(filter, err);
		if (k == FILTER_UNTIL)
			r = when_parse(filter->value, (int64_t)now_ns, mktime,
				       &ns, err);
		filter->ns = (uint64_t)ns;
		return r < 0 ? error_prefix(err, "--filter %.*s", (int)n, text)
			     : 0;
	}
	return unknown_key(text, known, err);
}

int container_filters_parse(const struct strv *texts, unsigned known,
			    uint64_t now_ns, struct container_filters *ret,
			    struct error *err)
{
	struct container_filters filters = { 0 };

	filters.list = xcalloc(texts->n + 1, sizeof(*filters.list));
	for (size_t i = 0; i < texts->n; i++) {
		int r = parse_one(&filters.list[i], texts->v[i], known, now_ns,
				  err);
		if (r < 0) {
			container_filters_free(&filters);
			return r;
		}
		filters.n++;
	}
	*ret = filters;
	return 0;
}

void container_filters_free(struct container_filters *filters)
{
	for (size_t i = 0; i < filters->n; i++)
		if (keys[filters->list[i].key].parse == parse_regex)
			regfree(&filters->list[i].regex);
	free(filters->list);
	*filters = (struct container_filters){ 0 };
}

bool container_filters_has(const struct container_filters *filters,
			   unsigned wanted)
{
	for (size_t i = 0; i < filters->n; i++)
		if (wanted & FILTER_BIT(filters->list[i].key))
			return true;
	return false;
}

static bool passes_key(enum filter_key key,
		       const struct container_filters *filters,
		       const struct filter_facts *facts)
{
	bool any = false, some = false, all = true;

	for (size_t i = 0; i < filters->n; i++) {
		const struct container_filter *filter = &filters->list[i];
		if (filter->key != key)
			continue;
		bool match = keys[key].matches(filter, facts);
		any = true;
		some |= match;
		all &= match;
	}
	return !any || (keys[key].all ? all : some);
}

bool container_filters_pass(const struct container_filters *filters,
			    const struct filter_facts *facts)
{
	for (size_t k = 0; k < N_FILTERS; k++)
		if (!passes_key((enum filter_key)k, filters, facts))
			return false;
	return true;
}
