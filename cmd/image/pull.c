/* wolffia pull: an image of a registry comes into the store. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/human.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/registry/name.h"
#include "storage/registry/pull.h"

struct pull_options {
	struct image_options common;
	const char *platform;
};

#define TO pull_options
/* clang-format off */
static const struct option_entry table[] = {
HEADING("What is fetched"),
VALUE(0, "platform", platform, "OS/ARCHITECTURE[/VARIANT]",
      "for another machine than this one"),
FLAG('q', "quiet", common.quiet, "print the image's id and nothing else"),
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* What is shown while it runs. */
struct show {
	const struct pull *pull; /* NULL: nothing is on its way */
	bool quiet;
};

static uint64_t bytes_done(const struct pull *pull, uint64_t *ret_all)
{
	uint64_t done = 0, all = 0;

	for (size_t i = 0; i < pull->n_layers; i++) {
		done += *pull->layers[i].at;
		all += pull->layers[i].size;
	}
	*ret_all = all;
	return done;
}

/* a line that is painted over again and again, on a terminal */
static void tick(void *context)
{
	const struct show *show = context;
	uint64_t all = 0;

	if (show->quiet || !show->pull || !show->pull->n_layers ||
	    !isatty(STDERR_FILENO))
		return;
	uint64_t done = bytes_done(show->pull, &all);
	scoped(char) *done_text = human_size(done);
	scoped(char) *all_text = human_size(all);
	scoped(char) *line = xasprintf(
		"%zu layers: %s of %s (%u%%)", show->pull->n_layers, done_text,
		all_text, all ? (unsigned)(done * 100 / all) : 100u);
	image_progress(line);
}

/* those that end us end the transfer, which keeps what it has */
static int catch_signals(int *ret_fd, struct error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return error_set(err, errno, "block signals");
	*ret_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? error_set(err, errno, "receive signals") : 0;
}

/* "docker.io/library/debian:12" of a name with a digest behind it: NULL */
static char *name_in_store(const char *full)
{
	return strchr(full, '@') ? NULL : xstrdup(full);
}

static int pull_name(struct image_work *work,
		     const struct registries *registries,
		     const struct client_options *options, const char *full,
		     const struct platform *platform, struct show *show,
		     struct image_index *images, struct error *err)
{
	scoped_source source = { 0 };
	scoped(char) *name = name_in_store(full);
	int r = source_find(registries, options, full, platform, 0, &source,
			    err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < source.notes.n; i++)
		image_note("%s", source.notes.v[i]);
	struct pull pull = {
		.stage = &work->stage,
		.source = &source,
		.platform = platform,
		.name = name,
	};
	/* cppcheck-suppress autoVariables ; it is taken away below */
	show->pull = &pull;
	r = pull_image(&pull, images, err);
	show->pull = NULL;
	image_progress(NULL);
	if (r == 0)
		r = stage_commit(&work->stage, images, err);
	if (r == 0)
		image_events(&work->store, EVENT_PULL, images);
	return r;
}

static int pull_first(struct image_work *work,
		      const struct pull_options *options, const char *typed,
		      struct error *err)
{
	struct registries registries = { 0 };
	scoped_strv names = { 0 };
	scoped_index images = { 0 };
	struct platform platform;
	struct show show = { .quiet = options->common.quiet == FLAG_YES };
	scoped_http *http = NULL;
	scoped_fd cancel = -1;
	int r = registries_load(&registries, err);

	if (r == 0 && options->platform)
		r = platform_parse(options->platform, &platform, err);
	else
		platform_of_machine(&platform);
	if (r == 0)
		r = name_resolve(&registries, typed, &names, err);
	if (r == 0)
		r = catch_signals(&cancel, err);
	const struct http_options http_options = {
		.cancel_fd = cancel,
		.tick = tick,
		.context = &show,
	};
	if (r == 0)
		r = http_open(&http_options, &http, err);
	const struct client_options client = { .http = http,
					       .helpers = &registries.helpers };
	if (r == 0)
		r = image_stage(work, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (!show.quiet)
			fprintf(stderr, "Pulling %s\n", names.v[i]);
		r = pull_name(work, &registries, &client, names.v[i], &platform,
			      &show, &images, err);
		if (r == 0)
			break;
		if (r == -ENOENT && i + 1 < names.n)
			r = 0;
	}
	if (r == 0)
		puts(images.entries[0].digest);
	registries_free(&registries);
	return r;
}

static int pull(const struct pull_options *options, const char *typed)
{
	struct image_work work;
	struct error err, second;
	int r = image_begin(&work, &options->common, false, &err);

	if (r < 0)
		return image_fail(&err, "cannot pull %s", typed);
	r = pull_first(&work, options, typed, &err);
	if (r < 0)
		image_fail(&err, "cannot pull %s", typed);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "%s", "pull");
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_pull(int argc, char *const argv[])
{
	struct pull_options options = { 0 };
	scoped_strv arguments = { 0 };
	int r = image_parse(table, "pull [OPTION...] IMAGE...", argc, argv,
			    &options, &options.common, &arguments);
	int status = 0;

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (arguments.n == 0)
		return image_usage("pull: write the name of an image");
	for (size_t i = 0; i < arguments.n; i++)
		if (pull(&options, arguments.v[i]) != 0)
			status = STATUS_WOLFFIA;
	return status;
}
