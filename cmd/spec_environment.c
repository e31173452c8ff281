/*
 * The environment, in the order in which a later one replaces an earlier: what
 * every container has, the image's, --env-file, -e.  Nothing of the caller's
 * comes in but what was named.  HOME is set later, from the passwd(5) of the
 * root, unless it is among these.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/env_file.h"
#include "cmd/spec_parts.h"

static void remove_env(struct strv *env, const char *name)
{
	size_t length = strlen(name), kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], name, length) == 0 &&
		    env->v[i][length] == '=')
			free(env->v[i]);
		else
			env->v[kept++] = env->v[i];
	}
	env->n = kept;
	if (env->v)
		env->v[kept] = NULL;
}

static void set_all(struct strv *to, const struct strv *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		strv_set_env(to, pairs->v[i]);
}

static int take_image_env(struct spec_build *build, struct error *err)
{
	const struct strv *env = &build->source->image->env;

	for (size_t i = 0; i < env->n; i++)
		if (env_check_name(env->v[i], err) < 0)
			return error_prefix(err,
					    "the environment of the image");
	set_all(&build->spec->env, env);
	return 0;
}

/* -e NAME takes the caller's; where the caller has none, it takes away */
static int take_variable(struct spec_build *build, const char *text,
			 struct error *err)
{
	struct strv *env = &build->spec->env;
	const char *pair = text;
	int r = env_check_name(text, err);

	if (r < 0)
		return error_prefix(err, "--env");
	if (!strchr(text, '='))
		pair = env_lookup(build->source->environment, text);
	if (pair)
		strv_set_env(env, pair);
	else
		remove_env(env, text);
	return 0;
}

int spec_take_environment(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct strv *env = &build->spec->env;
	int r = 0;

	strv_add(env, SPEC_DEFAULT_PATH);
	strv_addf(env, "HOSTNAME=%s", build->spec->hostname);
	if (build->spec->tty)
		strv_add(env, "TERM=xterm");
	if (build->source->image)
		r = take_image_env(build, err);
	for (size_t i = 0; r == 0 && i < options->env_files.n; i++) {
		scoped_strv pairs = { 0 };

		r = env_file_read(options->env_files.v[i],
				  build->source->environment, &pairs, err);
		if (r < 0)
			return error_prefix(err, "--env-file");
		set_all(env, &pairs);
	}
	for (size_t i = 0; r == 0 && i < options->env.n; i++)
		r = take_variable(build, options->env.v[i], err);
	return r;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* An image is not refused for its labels: they are words, and do nothing. */
static void take_image_labels(struct spec_build *build)
{
	const struct strv *labels = &build->source->image->labels;

	for (size_t i = 0; i < labels->n; i++) {
		const char *label = labels->v[i];
		size_t length = strcspn(label, "=");

		if (length && label[length] && !has_control(label))
			strv_set_env(&build->spec->labels, label);
		else
			spec_notice(build,
				    "the image's label %.*s is left out: it "
				    "is not KEY=VALUE in plain text",
				    (int)length, label);
	}
}

int spec_take_labels(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct strv *labels = &build->spec->labels;

	if (build->source->image)
		take_image_labels(build);
	for (size_t i = 0; i < options->label_files.n; i++) {
		scoped_strv pairs = { 0 };

		if (env_file_read(options->label_files.v[i], NULL, &pairs,
				  err) < 0)
			return error_prefix(err, "--label-file");
		set_all(labels, &pairs);
	}
	for (size_t i = 0; i < options->labels.n; i++) {
		const char *label = options->labels.v[i];
		scoped(char) *pair =
			xasprintf("%s%s", label, strchr(label, '=') ? "" : "=");

		strv_set_env(labels, pair);
	}
	return 0;
}
