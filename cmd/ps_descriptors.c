#include "cmd/ps_descriptors.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/option_table.h"

/* podman-top(1)'s words, and ps(1)'s; both count processes as the host does */
static const struct {
	const char *podman, *ps;
} descriptors[] = {
	{ "args", "args" },     { "comm", "comm" },    { "etime", "etime" },
	{ "group", "group" },   { "hgroup", "group" }, { "hpid", "pid" },
	{ "huser", "user" },    { "nice", "nice" },    { "pcpu", "pcpu" },
	{ "pgid", "pgid" },     { "pid", "pid" },      { "ppid", "ppid" },
	{ "rgroup", "rgroup" }, { "ruser", "ruser" },  { "state", "stat" },
	{ "stime", "stime" },   { "time", "time" },    { "tty", "tty" },
	{ "user", "user" },     { "vsz", "vsz" },
};

static const char *find(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++)
		if (strlen(descriptors[i].podman) == length &&
		    strncmp(descriptors[i].podman, word, length) == 0)
			return descriptors[i].ps;
	return NULL;
}

static int unknown(const char *word, size_t length, struct error *err)
{
	const char *words[ARRAY_SIZE(descriptors) + 1] = { 0 };
	scoped(char) *copy = xstrndup(word, length);

	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++)
		words[i] = descriptors[i].podman;
	error_say(err, EINVAL, "\"%s\" is no descriptor of processes", copy);
	error_hint(err, "pid, ppid, user, group, comm, args, state, time and "
			"the like, or options of ps(1)");
	return option_suggest(copy, words, "", err);
}

/* "pid,user", and each word by itself */
static int add_words(const char *text, struct strv *ret, bool *ret_pid,
		     struct error *err)
{
	for (const char *word = text; *word;) {
		size_t length = strcspn(word, ",");
		const char *name = find(word, length);
		if (!name)
			return unknown(word, length, err);
		strv_addf(ret, "-o%s", name);
		*ret_pid |= strcmp(name, "pid") == 0;
		word += length + (word[length] == ',');
	}
	return 0;
}

int ps_descriptors(const struct strv *typed, struct strv *ret,
		   struct error *err)
{
	bool has_pid = false;
	int r = 0;

	/* "aux" and "-eo pid" are ps's own */
	if (typed->n == 0 || !find(typed->v[0], strcspn(typed->v[0], ",")))
		return 0;
	strv_add(ret, "-e");
	for (size_t i = 0; r == 0 && i < typed->n; i++)
		r = add_words(typed->v[i], ret, &has_pid, err);
	/* without it nobody could tell whose process it is */
	if (r == 0 && !has_pid)
		strv_add(ret, "-opid");
	return r < 0 ? r : 1;
}
