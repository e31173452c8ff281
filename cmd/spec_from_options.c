#include "cmd/spec_from_options.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/container_name.h"
#include "cmd/signal_name.h"
#include "cmd/spec_parts.h"
#include "core/record.h"

enum { STOP_TIMEOUT_MS = 10000 };

void spec_notice(struct spec_build *build, const char *format, ...)
{
	char text[512], shown[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	text_escape(shown, sizeof(shown), text);
	if (!strv_contains(build->notices, shown))
		strv_add(build->notices, shown);
}

static int take_identity(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;
	int r = container_id_new(&spec->id, err);

	if (r == 0)
		spec->name = options->name ? xstrdup(options->name)
					   : container_name_for(spec->id);
	if (r == 0)
		spec->hostname = options->hostname ? xstrdup(options->hostname)
						   : xstrndup(spec->id, 12);
	return r;
}

/* podman's form of --entrypoint: ["command", "argument"] */
static int take_entrypoint_list(struct spec_build *build, const char *text,
				struct error *err)
{
	scoped_json *list = NULL;
	int r = json_parse(text, strlen(text), "--entrypoint", &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *word = json_array_get(list, i);

		if (!json_is_string(word))
			return error_say(err, EINVAL,
					 "--entrypoint is not a list of "
					 "strings");
		strv_add(&build->spec->argv, json_string_value(word));
	}
	return 0;
}

/*
 * docker's rule: the image's entrypoint or the one given, and behind it the
 * arguments or else the image's CMD; which is not used with another entrypoint.
 */
static int take_command(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	const struct image *image = build->source->image;
	struct strv *argv = &build->spec->argv;
	int r = 0;

	if (!options->entrypoint && image)
		strv_extend(argv, image->entrypoint.v);
	else if (options->entrypoint && options->entrypoint[0] == '[')
		r = take_entrypoint_list(build, options->entrypoint, err);
	else if (options->entrypoint && *options->entrypoint)
		strv_add(argv, options->entrypoint);
	if (r < 0)
		return r;

	build->spec->entrypoint_words = (uint32_t)argv->n;
	strv_extend(argv, options->command);
	if (!*options->command && !options->entrypoint && image)
		strv_extend(argv, image->cmd.v);
	if (argv->n == 0 && !image)
		strv_add(argv, "/bin/sh");
	if (argv->n > 0)
		return 0;
	error_say(err, EINVAL,
		  "there is no command to run: the image names "
		  "none");
	return error_hint(err,
			  "write it behind the image, as in wolffia run %s sh; "
			  "or --entrypoint COMMAND; or take an image that has "
			  "a CMD or an ENTRYPOINT",
			  options->image);
}

static int take_stop_signal(struct spec_build *build, struct error *err)
{
	const struct image *image = build->source->image;
	struct spec *spec = build->spec;

	spec->stop_signal = SIGTERM;
	if (build->options->stop_signal) {
		if (signal_from_name(build->options->stop_signal,
				     &spec->stop_signal, err) < 0)
			return error_prefix(err, "--stop-signal");
	} else if (image && image->stop_signal && *image->stop_signal) {
		if (signal_from_name(image->stop_signal, &spec->stop_signal,
				     err) < 0)
			return error_prefix(err,
					    "the stop signal of the image");
	}
	return 0;
}

static int take_workdir(struct spec_build *build, struct error *err)
{
	const struct image *image = build->source->image;
	const char *workdir = build->options->workdir;

	if (workdir && workdir[0] != '/') {
		error_say(err, EINVAL,
			  "--workdir: the path \"%s\" is not absolute",
			  workdir);
		return error_hint(err, "write the path as it is in the "
				       "container, beginning with \"/\"");
	}
	if (!workdir)
		workdir = image && image->workdir ? image->workdir : "";
	/* a relative WORKDIR of an image begins at its root */
	build->spec->workdir = path_normalize("/", workdir);
	return 0;
}

static int take_user(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	const struct image *image = build->source->image;
	struct spec_user *user = &build->spec->user;
	const char *text = options->user;

	if (text && !*text)
		return error_say(err, EINVAL, "--user: the user is empty");
	if (strv_contains(&options->group_add, "keep-groups")) {
		error_say(err, EOPNOTSUPP,
			  "--group-add keep-groups: your groups never come "
			  "into a container");
		return error_hint(err, "name the groups of the container");
	}
	if (!text)
		text = image && image->user ? image->user : "";
	user->text = xstrdup(text);
	strv_extend(&user->groups, options->group_add.v);
	return 0;
}

static int take_process(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;
	int r = take_command(build, err);

	if (r == 0)
		r = take_workdir(build, err);
	if (r == 0)
		r = take_user(build, err);
	if (r == 0)
		r = take_stop_signal(build, err);
	if (r < 0)
		return r;
	if (options->timeout &&
	    text_to_duration(options->timeout, &spec->timeout_ms, err) < 0)
		return error_prefix(err, "--timeout");
	return 0;
}

static int take_status_fd(struct spec_build *build, struct error *err)
{
	const char *text = build->options->status_fd;
	uint32_t fd = 0;
	struct stat st;

	build->spec->status_fd = -1;
	if (!text)
		return 0;
	if (text_to_u32(text, INT_MAX, &fd, err) < 0)
		return error_prefix(err, "--status-fd");
	if (fd == 0)
		return error_say(err, EINVAL,
				 "--status-fd 0 is the standard input");
	if (fstat((int)fd, &st) < 0) {
		error_say(err, EBADF, "--status-fd %u: it is not open", fd);
		return error_hint(err,
				  "the shell opens it: wolffia run "
				  "--status-fd %u ... %u>status.json",
				  fd, fd);
	}
	build->spec->status_fd = (int)fd;
	return 0;
}

static int contradiction(const char *a, const char *b, struct error *err)
{
	return error_say(err, EINVAL, "%s and %s contradict each other", a, b);
}

static int take_attachment(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;

	if (options->keep == FLAG_YES && options->die_with_parent == FLAG_YES)
		return contradiction("--keep", "--die-with-parent", err);
	if (options->pid1 == FLAG_YES && options->init == FLAG_YES)
		return contradiction("--pid1", "--init", err);
	if (options->pid1 == FLAG_NO && options->init == FLAG_NO)
		return contradiction("--pid1=false", "--init=false", err);
	if (options->detach == FLAG_YES && options->die_with_parent == FLAG_YES)
		return contradiction("--detach", "--die-with-parent", err);
	if (options->detach_keys && *options->detach_keys &&
	    options->die_with_parent == FLAG_YES)
		return contradiction("--detach-keys", "--die-with-parent", err);
	spec->tty = options->tty == FLAG_YES;
	spec->interactive = options->interactive == FLAG_YES;
	spec->stdin_once = options->detach != FLAG_YES;
	spec->quiet = options->quiet == FLAG_YES;
	spec->pid1 = options->pid1 == FLAG_YES || options->init == FLAG_NO;
	spec->keep = options->keep == FLAG_YES ||
		     options->die_with_parent == FLAG_NO;
	return take_status_fd(build, err);
}

/* "on-failure:3" */
static int take_restart(struct spec_build *build, struct error *err)
{
	const char *text = build->options->restart;
	struct spec *spec = build->spec;

	if (!text)
		return 0;
	size_t length = strcspn(text, ":");
	scoped(char) *word = xstrndup(text, length);
	int policy = option_choice("--restart", CHOICES_RESTART, word, err);
	if (policy < 0)
		return policy;
	spec->restart = (enum restart)policy;
	if (!text[length])
		return 0;
	if (spec->restart != RESTART_ON_FAILURE)
		return error_say(err, EINVAL,
				 "--restart: only on-failure takes a number");
	return text_to_u32(text + length + 1, INT_MAX, &spec->restart_max,
			   err) < 0
		       ? error_prefix(err, "--restart")
		       : 0;
}

/* one that nobody watches, or that is to come back, is kept: else its log and
 * its status would be gone before anybody can ask */
static int take_removal(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;
	bool unwatched = options->detach == FLAG_YES || options->create;

	if (options->remove == FLAG_YES && spec->restart != RESTART_NO)
		return contradiction("--rm", "--restart", err);
	spec->remove = options->remove == FLAG_UNSET
			       ? !unwatched && spec->restart == RESTART_NO
			       : options->remove == FLAG_YES;
	return 0;
}

static int take_log(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	bool unwatched = options->detach == FLAG_YES || options->create;
	bool asked = options->log_driver || options->log_opts.n > 0;
	int r = log_options_parse(options->log_driver, &options->log_opts,
				  &build->spec->log, err);

	/* who watches a container needs no copy of what it says */
	if (r == 0 && !unwatched && !asked)
		build->spec->log.none = true;
	return r;
}

static int take_lifetime(struct spec_build *build, struct error *err)
{
	const char *timeout = build->options->stop_timeout;
	struct spec *spec = build->spec;

	spec->created_ns = record_now();
	spec->stop_timeout_ms = STOP_TIMEOUT_MS;
	int r = take_restart(build, err);
	if (r == 0)
		r = take_removal(build, err);
	if (r == 0)
		r = take_log(build, err);
	if (r == 0 && timeout &&
	    text_to_duration(timeout, &spec->stop_timeout_ms, err) < 0)
		r = error_prefix(err, "--stop-timeout");
	return r;
}

int spec_from_options(const struct options *options,
		      const struct spec_source *source, struct spec *ret,
		      struct strv *ret_notices, struct error *err)
{
	static int (*const parts[])(struct spec_build *, struct error *) = {
		take_attachment,  take_lifetime,    take_identity,
		spec_take_root,   take_process,     spec_take_environment,
		spec_take_labels, spec_take_mounts, spec_take_rights,
		spec_take_limits,
	};
	struct spec spec = { .status_fd = -1 };
	struct spec_build build = { options, source, &spec, ret_notices };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](&build, err);
	if (r >= 0)
		r = spec_check(&spec, err);
	if (r < 0) {
		spec_free(&spec);
		return r;
	}
	*ret = spec;
	return 0;
}
