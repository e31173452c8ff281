#include "cmd/image/commit_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cmd/spec_parts.h"

static bool is_utf8(const char *text)
{
	scoped_json *value = json_string(text);

	return value;
}

static bool all_utf8(const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!is_utf8(list->v[i]))
			return false;
	return true;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static void set_command(const struct spec *spec, struct image_config *config)
{
	const struct strv *argv = &spec->argv;

	if (!all_utf8(argv) || argv->n == 0)
		return;
	strv_free(&config->entrypoint);
	strv_free(&config->cmd);
	for (size_t i = 0; i < argv->n; i++)
		strv_add(i < spec->entrypoint_words ? &config->entrypoint
						    : &config->cmd,
			 argv->v[i]);
}

/* was the variable given to it as to any container? */
static bool is_common(const struct spec *spec, const char *pair)
{
	scoped(char) *hostname = xasprintf("HOSTNAME=%s", spec->hostname);

	return strcmp(pair, SPEC_DEFAULT_PATH) == 0 ||
	       strcmp(pair, hostname) == 0 ||
	       (spec->tty && strcmp(pair, "TERM=xterm") == 0);
}

static void set_environment(const struct spec *spec,
			    struct image_config *config)
{
	struct strv env = { 0 };

	for (size_t i = 0; i < spec->env.n; i++) {
		const char *pair = spec->env.v[i];
		if (is_utf8(pair) && (!is_common(spec, pair) ||
				      strv_contains(&config->env, pair)))
			strv_add(&env, pair);
	}
	strv_free(&config->env);
	config->env = env;
}

static void set_labels(const struct strv *labels, struct image_config *config)
{
	for (size_t i = 0; i < labels->n; i++)
		if (is_utf8(labels->v[i]))
			strv_set_env(&config->labels, labels->v[i]);
}

void commit_config(const struct spec *spec, struct image_config *config)
{
	set_command(spec, config);
	set_environment(spec, config);
	set_labels(&spec->labels, config);
	/* with keep-id it is the caller's number on this machine */
	if (*spec->user.text && spec->userns != USERNS_KEEP_ID &&
	    is_utf8(spec->user.text))
		set_text(&config->user, spec->user.text);
	if (strcmp(spec->workdir, "/") != 0 && is_utf8(spec->workdir))
		set_text(&config->workdir, spec->workdir);
}
