#include "core/log_options.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const char *const files[] = { "k8s-file", "json-file", "local" };

static const char *const elsewhere[] = {
	"journald",        "syslog",  "gelf",       "fluentd", "awslogs",
	"splunk",          "gcplogs", "logentries", "etwlogs", "passthrough",
	"passthrough-tty",
};

static bool is_in(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static int parse_driver(const char *driver, bool *ret_none, struct error *err)
{
	static const char *const all[] = { "k8s-file", "json-file", "local",
					   "none", NULL };

	*ret_none = strcmp(driver, "none") == 0;
	if (*ret_none || is_in(files, ARRAY_SIZE(files), driver))
		return 0;
	if (is_in(elsewhere, ARRAY_SIZE(elsewhere), driver)) {
		error_say(err, EOPNOTSUPP,
			  "--log-driver: a container's output is kept in a "
			  "file of its own, and not sent to %s",
			  driver);
		return error_hint(err, "leave the option out, and pass on "
				       "what \"wolffia logs --follow\" says");
	}
	error_say(err, EINVAL, "--log-driver: there is no \"%s\"", driver);
	const char *near = text_nearest(driver, all);
	if (near)
		return error_hint(err, "did you mean %s?", near);
	return error_hint(err, "write k8s-file or none");
}

static int parse_size(const char *value, struct log_options *to,
		      struct error *err)
{
	uint64_t size = 0;

	if (strcmp(value, "-1") == 0) {
		to->max_size = UINT64_MAX;
		return 0;
	}
	int r = text_to_size(value, &size, err);
	if (r < 0)
		return r;
	if (size < LOG_SIZE_MIN)
		return error_say(err, ERANGE,
				 "%s is less than the smallest size, 1k",
				 value);
	to->max_size = size;
	return 0;
}

static int parse_files(const char *value, struct log_options *to,
		       struct error *err)
{
	uint32_t n = 0;
	int r = text_to_u32(value, LOG_FILES_MAX, &n, err);

	if (r < 0)
		return r;
	if (n == 0)
		return error_say(err, ERANGE, "there is at least one file");
	to->max_file = n;
	return 0;
}

static int parse_compress(const char *value, struct log_options *to,
			  struct error *err)
{
	(void)to;
	if (strcmp(value, "false") == 0)
		return 0;
	return error_say(err, EOPNOTSUPP, "the files are not compressed");
}

static int parse_mode(const char *value, struct log_options *to,
		      struct error *err)
{
	(void)to;
	if (strcmp(value, "blocking") == 0)
		return 0;
	return error_say(err, EOPNOTSUPP,
			 "no line is left out when the container is faster "
			 "than its log: it waits");
}

static const struct {
	const char *name;
	int (*parse)(const char *value, struct log_options *to,
		     struct error *err);
	const char *why_not; /* without .parse */
} table[] = {
	{ "max-size", parse_size, NULL },
	{ "max-file", parse_files, NULL },
	{ "compress", parse_compress, NULL },
	{ "mode", parse_mode, NULL },
	{ "max-buffer-size", NULL, "there is no buffer between" },
	{ "path", NULL, "the file lies in the container's directory" },
	{ "tag", NULL, "a line has a time and a stream, and no tag" },
	{ "labels", NULL, "a line has a time and a stream, and no labels" },
	{ "labels-regex", NULL,
	  "a line has a time and a stream, and no labels" },
	{ "env", NULL, "a line has a time and a stream, and no variables" },
	{ "env-regex", NULL,
	  "a line has a time and a stream, and no variables" },
};

static int unknown(const char *opt, struct error *err)
{
	const char *names[ARRAY_SIZE(table) + 1] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].parse)
			names[n++] = table[i].name;
	error_say(err, EINVAL, "--log-opt: there is no \"%s\"", opt);
	const char *near = text_nearest(opt, names);
	if (near)
		return error_hint(err, "did you mean %s?", near);
	return error_hint(err, "write max-size=10m or max-file=2");
}

static int parse_opt(const char *opt, struct log_options *to, struct error *err)
{
	const char *equals = strchr(opt, '=');
	scoped(char) *name =
		xstrndup(opt, equals ? (size_t)(equals - opt) : strlen(opt));

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		if (!table[i].parse)
			return error_say(err, EOPNOTSUPP, "--log-opt %s: %s",
					 name, table[i].why_not);
		if (!equals || !equals[1]) {
			error_say(err, EINVAL, "--log-opt %s wants a value",
				  name);
			return error_hint(err, "write --log-opt NAME=VALUE");
		}
		int r = table[i].parse(equals + 1, to, err);
		return r < 0 ? error_prefix(err, "--log-opt %s", name) : 0;
	}
	return unknown(name, err);
}

int log_options_parse(const char *driver, const struct strv *opts,
		      struct log_options *ret, struct error *err)
{
	struct log_options options = {
		.max_size = LOG_SIZE_DEFAULT,
		.max_file = LOG_FILES_DEFAULT,
	};
	int r = driver ? parse_driver(driver, &options.none, err) : 0;

	for (size_t i = 0; r == 0 && i < opts->n; i++)
		r = parse_opt(opts->v[i], &options, err);
	if (r == 0)
		*ret = options;
	return r;
}
