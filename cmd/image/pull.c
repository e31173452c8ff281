/* wolffia pull: images of registries come into the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/pull_tags.h"
#include "cmd/image/registry_work.h"
#include "cmd/pull_options.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/registry/name.h"
#include "storage/registry/pull.h"
#include "storage/trust/trust.h"

/* What all pulls of one command share. */
struct pulling {
	const struct pull_options *options;
	struct image_work work;
	struct registry_work registry;
	struct policy policy;
	struct platform platform;
};

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
		.cancel_fd = p->registry.cancel_fd,
		.begin = registry_show_begin,
		.end = registry_show_end,
		.context = &p->registry,
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

	if (r == 0 && p->registry.style >= TRANSFER_BRIEF)
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
	if (p->registry.style >= TRANSFER_BRIEF)
		fprintf(stderr, "Pulling %s\n", full);
	/* a signature is of documents, so these are fetched again */
	if (asked == 0 && find_known(p, full, &known))
		index_append(&images, &known);
	const char *digest =
		known.index_digest ? known.index_digest : known.digest;
	int r = source_find(&p->registry.registries, &p->registry.client, full,
			    &p->platform, 0, digest, &source, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < source.notes.n; i++)
		image_note("%s", source.notes.v[i]);
	if (asked && check_signatures(p, full, &source, err) < 0)
		return -err->code;
	if (r == 1) {
		if (p->registry.style >= TRANSFER_BRIEF)
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
		r = pull_list_tags(&p->registry.registries, &p->registry.client,
				   names->v[i], &all, err);
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
	int r = name_resolve(&p->registry.registries, typed, &names, err);

	if (r < 0)
		return r;
	if (p->options->registry.creds && names.n > 1)
		return error_say(err, EINVAL,
				 "--creds are for one registry, and \"%s\" can "
				 "be in %zu: write which",
				 typed, names.n);
	return p->options->all_tags == FLAG_YES
		       ? pull_all(p, typed, &names, err)
		       : pull_first(p, &names, err);
}

static int open_all(struct pulling *p, struct error *err)
{
	int r = registry_begin(&p->registry, &p->options->registry,
			       p->options->common.quiet == FLAG_YES, err);

	if (r == 0 && p->options->platform)
		r = platform_parse(p->options->platform, &p->platform, err);
	else
		platform_of_machine(&p->platform);
	if (r == 0)
		r = policy_load(p->options->signature_policy, &p->policy, err);
	if (r == 0)
		r = image_begin(&p->work, &p->options->common, false, err);
	p->work.ids.progress =
		p->registry.style == TRANSFER_BARS ? transfer_show_text : NULL;
	return r;
}

static void close_all(struct pulling *p)
{
	struct error err;

	if (p->work.store.dirfd >= 0 && image_end(&p->work, &err) < 0)
		image_fail(&err, "%s", "pull");
	registry_end(&p->registry);
	policy_free(&p->policy);
}

static int pull(const struct pull_options *options, const struct strv *names)
{
	struct pulling p = {
		.options = options,
		.work.store.dirfd = -1,
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
			status = registry_status(&p.registry);
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
