/* wolffia pull: images of registries come into the store. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/pull_tags.h"
#include "cmd/image/transfer_show.h"
#include "cmd/pull_options.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/registry/name.h"
#include "storage/registry/pull.h"
#include "storage/trust/trust.h"

/* What all pulls of one command share. */
struct pulling {
	const struct pull_options *options;
	enum transfer_style style;
	struct image_work work;
	struct registries registries;
	struct policy policy;
	struct platform platform;
	int cancel_fd; /* readable when a signal wants us to end */
	struct http *http;
	struct client_options client;
};

static void begin_layers(void *context, const struct transfer *layers, size_t n)
{
	const struct pulling *p = context;

	transfer_show_begin(p->style, layers, n);
}

static void end_layers(void *context)
{
	(void)context;
	transfer_show_end();
}

static void tick(void *context)
{
	(void)context;
	transfer_show();
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

/* is all of it in the store, so that nothing would be fetched? */
static bool is_whole(const struct store *store, const struct descriptor *entry)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct error ignored;

	if (layout_read_image(store, entry->digest, &manifest, &config,
			      &ignored) < 0)
		return false;
	for (size_t i = 0; i < manifest.n_layers; i++) {
		scoped(char) *blob =
			digest_blob_path(manifest.layers[i].digest);
		scoped(char) *path = xasprintf("oci/%s", blob);
		if (faccessat(store->dirfd, path, F_OK, 0) < 0)
			return false;
	}
	return true;
}

/*
 * What the store has under the name @full, if it is for the platform and
 * whole: then the registry need not send it again.
 * Return: is there one?
 */
static bool find_known(const struct pulling *p, const char *full,
		       struct descriptor *ret)
{
	const struct store *store = &p->work.store;
	scoped_index index = { 0 };
	struct error ignored;

	if (strchr(full, '@') || layout_read_index(store, &index, &ignored) < 0)
		return false;
	for (size_t i = 0; i < index.n; i++) {
		const struct descriptor *e = &index.entries[i];
		if (!e->name || strcmp(e->name, full) != 0)
			continue;
		if (!e->os || strcmp(e->os, p->platform.os) != 0 ||
		    !e->architecture ||
		    strcmp(e->architecture, p->platform.architecture) != 0 ||
		    p->options->platform || !is_whole(store, e))
			return false;
		descriptor_copy(ret, e);
		return true;
	}
	return false;
}

/* a single manifest is for one platform, which only its configuration says */
static int check_platform(const struct pulling *p,
			  const struct descriptor *image, struct error *err)
{
	const struct platform *wanted = &p->platform;

	if (strcmp(image->os, wanted->os) == 0 &&
	    strcmp(image->architecture, wanted->architecture) == 0)
		return 0;
	if (!p->options->platform) {
		image_note("it is for %s/%s, this machine is %s", image->os,
			   image->architecture, wanted->architecture);
		return 0;
	}
	error_say(err, ENOTSUP, "it is for %s/%s and no other platform",
		  image->os, image->architecture);
	return error_hint(err, "leave out --platform to have it all the same");
}

/* what has no name in the store is known by where it came from */
static int note_repository(const char *full, struct descriptor *image,
			   struct error *err)
{
	scoped_reference ref = { 0 };
	int r = image->name ? 0 : reference_parse(full, &ref, err);

	if (r == 0 && ref.domain)
		image->repository = reference_repository(&ref, ref.domain);
	return r;
}

static int fetch(struct pulling *p, struct source *source, const char *full,
		 struct image_index *images, struct error *err)
{
	scoped(char) *name = name_in_store(full);
	const struct pull pull = {
		.stage = &p->work.stage,
		.source = source,
		.platform = &p->platform,
		.name = name,
		.cancel_fd = p->cancel_fd,
		.begin = begin_layers,
		.end = end_layers,
		.context = p,
	};
	int r = image_stage(&p->work, err);

	if (r == 0)
		r = pull_image(&pull, images, err);
	image_progress(NULL);
	if (r == 0)
		r = check_platform(p, &images->entries[0], err);
	if (r == 0)
		r = note_repository(full, &images->entries[0], err);
	return r == 0 ? stage_commit(&p->work.stage, images, err) : r;
}

static int check_signatures(const struct pulling *p, const char *full,
			    const struct source *source, struct error *err)
{
	scoped(char) *who = NULL;
	int r = trust_check(&p->policy, full, source, &who, err);

	if (r == 0 && p->style >= TRANSFER_BRIEF)
		fprintf(stderr, "Signed by %s\n", who);
	return r;
}

/* one name in full.  Return: 0, and its digest was printed */
static int pull_name(struct pulling *p, const char *full, struct error *err)
{
	scoped_source source = { 0 };
	scoped_index images = { 0 };
	scoped_descriptor known = { 0 };
	struct error second;
	int asked = trust_ask(&p->policy, full, err);

	if (asked < 0)
		return asked;
	if (p->style >= TRANSFER_BRIEF)
		fprintf(stderr, "Pulling %s\n", full);
	/* a signature is of documents, so these are fetched again */
	if (asked == 0 && find_known(p, full, &known))
		index_append(&images, &known);
	const char *digest =
		known.index_digest ? known.index_digest : known.digest;
	int r = source_find(&p->registries, &p->client, full, &p->platform, 0,
			    digest, &source, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < source.notes.n; i++)
		image_note("%s", source.notes.v[i]);
	if (asked && check_signatures(p, full, &source, err) < 0)
		return -err->code;
	if (r == 1) {
		if (p->style >= TRANSFER_BRIEF)
			fprintf(stderr, "%s is up to date\n", full);
	} else {
		index_free(&images);
		r = fetch(p, &source, full, &images, err);
		image_progress(NULL);
		int s = stage_discard(&p->work.stage, r < 0 ? &second : err);
		if (r < 0 || s < 0)
			return r < 0 ? r : s;
	}
	image_events(&p->work.store, EVENT_PULL, &images);
	puts(images.entries[0].digest);
	fflush(stdout);
	return 0;
}

/* the first of several names that there is */
static int pull_first(struct pulling *p, const struct strv *names,
		      struct error *err)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < names->n; i++)
		r = pull_name(p, names->v[i], err);
	return r;
}

static int no_tag(const char *typed, struct error *err)
{
	scoped_reference ref = { 0 };
	int r = reference_parse(typed, &ref, err);

	if (r == 0 && (ref.tag || ref.digest)) {
		error_say(err, EINVAL, "--all-tags: %s names one image already",
			  typed);
		return error_hint(err, "leave out the tag, or --all-tags");
	}
	return r;
}

static int pull_all(struct pulling *p, const char *typed,
		    const struct strv *names, struct error *err)
{
	scoped_strv all = { 0 };
	int r = no_tag(typed, err);

	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < names->n; i++)
		r = pull_list_tags(&p->registries, &p->client, names->v[i],
				   &all, err);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		r = pull_name(p, all.v[i], err);
		if (r < 0)
			error_prefix(err, "%s", all.v[i]);
	}
	return r;
}

static int pull_typed(struct pulling *p, const char *typed, struct error *err)
{
	scoped_strv names = { 0 };
	int r = name_resolve(&p->registries, typed, &names, err);

	if (r < 0)
		return r;
	return p->options->all_tags == FLAG_YES
		       ? pull_all(p, typed, &names, err)
		       : pull_first(p, &names, err);
}

static int choose_style(const struct pull_options *options,
			enum transfer_style *ret, struct error *err)
{
	const char *progress = options->progress ? options->progress : "auto";
	const enum transfer_style styles[] = {
		transfer_style(),
		TRANSFER_LINES,
		TRANSFER_BRIEF,
	};
	int r = option_choice("--progress", CHOICES_PROGRESS, progress, err);

	if (r < 0)
		return r;
	*ret = options->common.quiet == FLAG_YES ? TRANSFER_QUIET : styles[r];
	return 0;
}

static int open_all(struct pulling *p, struct error *err)
{
	int r = choose_style(p->options, &p->style, err);

	if (r == 0 && p->options->platform)
		r = platform_parse(p->options->platform, &p->platform, err);
	else
		platform_of_machine(&p->platform);
	if (r == 0)
		r = registries_load(&p->registries, err);
	if (r == 0)
		r = policy_load(p->options->signature_policy, &p->policy, err);
	if (r == 0)
		r = catch_signals(&p->cancel_fd, err);
	const struct http_options http = {
		.cancel_fd = p->cancel_fd,
		.tick = tick,
	};
	if (r == 0)
		r = http_open(&http, &p->http, err);
	p->client = (struct client_options){
		.http = p->http,
		.helpers = &p->registries.helpers,
	};
	if (r == 0)
		r = image_begin(&p->work, &p->options->common, false, err);
	p->work.ids.progress =
		p->style == TRANSFER_BARS ? transfer_show_text : NULL;
	return r;
}

static void close_all(struct pulling *p)
{
	struct error err;

	if (p->work.store.dirfd >= 0 && image_end(&p->work, &err) < 0)
		image_fail(&err, "%s", "pull");
	http_close(&p->http);
	fd_close(&p->cancel_fd);
	registries_free(&p->registries);
	policy_free(&p->policy);
}

/* the signal that ended it, as a shell says it */
static int status_of_signal(int cancel_fd)
{
	struct signalfd_siginfo info = { .ssi_signo = SIGTERM };

	if (read(cancel_fd, &info, sizeof(info)) < 0)
		return STATUS_WOLFFIA;
	return STATUS_SIGNAL + (int)info.ssi_signo;
}

static int pull(const struct pull_options *options, const struct strv *names)
{
	struct pulling p = {
		.options = options,
		.work.store.dirfd = -1,
		.cancel_fd = -1,
	};
	struct error err;
	int status = 0;

	if (open_all(&p, &err) < 0) {
		status = image_fail(&err, "cannot pull %s", names->v[0]);
		close_all(&p);
		return status;
	}
	for (size_t i = 0; i < names->n; i++) {
		int r = pull_typed(&p, names->v[i], &err);
		if (r == -ECANCELED)
			error_hint(&err, "what has come is kept: the next pull "
					 "goes on from there");
		if (r < 0)
			status =
				image_fail(&err, "cannot pull %s", names->v[i]);
		if (r == -ECANCELED) {
			status = status_of_signal(p.cancel_fd);
			break;
		}
	}
	close_all(&p);
	return status;
}

int verb_pull(int argc, char *const argv[])
{
	struct pull_options options = { 0 };
	scoped_strv names = { 0 };
	int r = image_parse(pull_table, "pull [OPTION...] IMAGE...", argc, argv,
			    &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n == 0)
		return image_usage("pull: write the name of an image");
	return pull(&options, &names);
}
