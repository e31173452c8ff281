#include "core/confine/rlimits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/text.h"

/* clang-format off */
static const char *const names[] = {
	[RLIMIT_AS]         = "as",         /* bytes */
	[RLIMIT_CORE]       = "core",       /* bytes */
	[RLIMIT_CPU]        = "cpu",        /* seconds */
	[RLIMIT_DATA]       = "data",       /* bytes */
	[RLIMIT_FSIZE]      = "fsize",      /* bytes */
	[RLIMIT_LOCKS]      = "locks",
	[RLIMIT_MEMLOCK]    = "memlock",    /* bytes */
	[RLIMIT_MSGQUEUE]   = "msgqueue",   /* bytes */
	[RLIMIT_NICE]       = "nice",       /* 20 - nice */
	[RLIMIT_NOFILE]     = "nofile",
	[RLIMIT_NPROC]      = "nproc",
	[RLIMIT_RSS]        = "rss",        /* bytes; without effect */
	[RLIMIT_RTPRIO]     = "rtprio",
	[RLIMIT_RTTIME]     = "rttime",     /* microseconds */
	[RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_STACK]      = "stack",      /* bytes */
};
/* clang-format on */

const char *rlimit_name(int resource)
{
	if (resource < 0 || (size_t)resource >= ARRAY_SIZE(names))
		return NULL;
	return names[resource];
}

static int parse_name(const char *name, int *ret, struct error *err)
{
	const char *words[ARRAY_SIZE(names) + 1] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i])
			continue;
		words[n++] = names[i];
		if (strcmp(names[i], name) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	const char *near = text_nearest(name, words);
	error_say(err, EINVAL, "there is no limit \"%s\"", name);
	return error_hint(err,
			  near ? "did you mean %s?"
			       : "write NAME=SOFT:HARD, as in "
				 "nofile=1024:2048",
			  near);
}

static int parse_value(const char *text, rlim_t *ret, struct error *err)
{
	uint64_t value = 0;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	int r = text_to_u64(text, RLIM_INFINITY - 1, &value, err);
	if (r == 0)
		*ret = value;
	return r;
}

int rlimit_parse(const char *text, struct spec_rlimit *ret, struct error *err)
{
	scoped(char) *copy = xstrdup(text);
	char *values = copy, *name = strsep(&values, "=");
	struct spec_rlimit limit = { 0 };
	int r = parse_name(name, &limit.resource, err);

	if (r < 0)
		return r;
	if (!values)
		return error_say(err, EINVAL, "\"%s\" says no value", text),
		       error_hint(err, "write NAME=SOFT:HARD, as in "
				       "nofile=1024:2048");
	char *soft = strsep(&values, ":");
	r = parse_value(soft, &limit.limit.rlim_cur, err);
	if (r == 0)
		r = parse_value(values ? values : soft, &limit.limit.rlim_max,
				err);
	if (r < 0)
		return error_prefix(err, "limit %s", name);
	if (limit.limit.rlim_cur > limit.limit.rlim_max)
		return error_say(err, EINVAL,
				 "limit %s: the soft limit is above the hard "
				 "one",
				 name);
	*ret = limit;
	return 0;
}

static rlim_t least(rlim_t a, rlim_t b)
{
	return a < b ? a : b;
}

void rlimits_default_below(rlim_t hard, struct spec_rlimit *ret)
{
	hard = least(hard, 65536);
	ret[0] = (struct spec_rlimit){ .resource = RLIMIT_CORE };
	ret[1] = (struct spec_rlimit){
		.resource = RLIMIT_NOFILE,
		.limit = { .rlim_cur = least(hard, 1024), .rlim_max = hard },
	};
}

int rlimits_default(struct spec_rlimit *ret, struct error *err)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return error_set(err, errno, "read the limit nofile");
	rlimits_default_below(now.rlim_max, ret);
	return 0;
}

/* a limit for a message; @to has room for 24 bytes */
static const char *value_text(rlim_t value, char *to)
{
	if (value == RLIM_INFINITY)
		return "unlimited";
	snprintf(to, 24, "%llu", (unsigned long long)value);
	return to;
}

static int apply_one(const struct spec_rlimit *limit, struct error *err)
{
	const char *name = rlimit_name(limit->resource);
	struct rlimit now = { 0 };
	char a[24], b[24];

	if (!name)
		return error_say(err, EINVAL, "there is no limit %d",
				 limit->resource);
	if (setrlimit(limit->resource, &limit->limit) < 0) {
		int code = errno;
		getrlimit(limit->resource, &now);
		error_set(err, code, "set the limit %s to %s", name,
			  value_text(limit->limit.rlim_max, a));
		return code == EPERM
			       ? error_hint(err,
					    "the hard limit of your session is "
					    "%s (ulimit -H)",
					    value_text(now.rlim_max, a))
			       : -code;
	}
	if (getrlimit(limit->resource, &now) < 0)
		return error_set(err, errno, "read the limit %s back", name);
	if (now.rlim_cur != limit->limit.rlim_cur ||
	    now.rlim_max != limit->limit.rlim_max)
		return error_say(err, EPROTO, "the limit %s is %s:%s", name,
				 value_text(now.rlim_cur, a),
				 value_text(now.rlim_max, b));
	return 0;
}

int rlimits_apply(const struct spec_rlimit *limits, size_t n, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = apply_one(&limits[i], err);
	return r;
}
