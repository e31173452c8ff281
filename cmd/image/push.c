/* wolffia push: images of the store go to registries. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/push_name.h"
#include "cmd/image/registry_work.h"
#include "cmd/push_options.h"
#include "storage/image.h"
#include "storage/layout.h"
#include "storage/registry/push.h"

/* What all pushes of one command share. */
struct pushing {
	const struct push_options *options;
	struct image_work work;
	struct registry_work registry;
	struct image_index images; /* of the store, and of image stores */
};

static int open_all(struct pushing *p, struct error *err)
{
	struct image_options common = p->options->common;
	int r = registry_begin(&p->registry, &p->options->registry,
			       common.quiet == FLAG_YES, err);

	/* nothing is unpacked: how it would be does not matter */
	common.quiet = FLAG_YES;
	if (r == 0)
		r = image_begin_unswept(&p->work, &common, false, err);
	return r < 0 ? r
		     : layout_read_images(&p->work.store, &p->images, NULL,
					  err);
}

static void close_all(struct pushing *p)
{
	struct error err;

	index_free(&p->images);
	if (p->work.store.dirfd >= 0 && image_end(&p->work, &err) < 0)
		image_fail(&err, "%s", "push");
	registry_end(&p->registry);
}

/* for "wolffia events": under the name that it has there */
static void note_event(const struct pushing *p, const struct descriptor *image,
		       const char *name)
{
	scoped_index one = { 0 };

	index_append(&one, image);
	free(one.entries[0].name);
	one.entries[0].name = xstrdup(name);
	image_events(&p->work.store, EVENT_PUSH, &one);
}

static int send(struct pushing *p, const struct descriptor *image,
		const struct place *place, const char *tag, struct error *err)
{
	scoped_client *client = client_open(&p->registry.client, place);
	const struct push push = {
		.store = &p->work.store,
		.images = &p->images,
		.image = image,
		.client = client,
		.place = place,
		.tag = tag,
		.begin = registry_show_begin,
		.end = registry_show_end,
		.context = &p->registry,
	};

	return push_image(&push, err);
}

static int write_digest(const char *path, const char *digest, struct error *err)
{
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	return fd_write_all(fd, digest, strlen(digest), err);
}

/* one image, to where @ref says.  Return: 0, and its digest was printed */
static int push_to(struct pushing *p, const struct descriptor *image,
		   const struct reference *ref, struct error *err)
{
	scoped(char) *name = reference_name(ref, ref->domain);
	const char *tag = ref->tag ? ref->tag : "latest";
	scoped_places places = { 0 };
	bool says = p->registry.style >= TRANSFER_BRIEF;
	int r = places_find(&p->registry.registries, ref, true, &places, err);

	if (r < 0)
		return r;
	if (says)
		fprintf(stderr, "Pushing %s\n", name);
	if (says && image->index_digest)
		image_note("it came from an image for several platforms: what "
			   "is pushed is the part for %s/%s",
			   image->os ? image->os : "linux",
			   image->architecture ? image->architecture
					       : manifest_architecture());
	r = send(p, image, &places.v[0], tag, err);
	if (r < 0)
		return r;
	note_event(p, image, name);
	puts(image->digest);
	fflush(stdout);
	return p->options->digest_file ? write_digest(p->options->digest_file,
						      image->digest, err)
				       : 0;
}

static int push_one(struct pushing *p, const char *typed,
		    const char *destination, struct error *err)
{
	scoped_reference ref = { 0 };
	const char *hex = NULL;
	int at = image_lookup(&p->work.store, &p->images, typed, &hex, err);

	if (at < 0)
		return at;
	if (hex && !destination) {
		error_say(err, EINVAL, "a digest does not say where to");
		return error_hint(err,
				  "write it: wolffia push %s "
				  "REGISTRY/NAME[:TAG]",
				  typed);
	}
	int r = destination ? push_name_parse(destination, &ref, err)
			    : push_name_of_image(typed, &ref, err);
	return r < 0 ? r : push_to(p, &p->images.entries[at], &ref, err);
}

static int push_all(struct pushing *p, const char *typed, struct error *err)
{
	scoped_reference ref = { 0 };
	int n = 0, r = push_name_of_image(typed, &ref, err);

	if (r == 0 && ref.tag) {
		error_say(err, EINVAL, "--all-tags: %s names one image already",
			  typed);
		return error_hint(err, "leave out the tag, or --all-tags");
	}
	if (r < 0)
		return r;
	scoped(char) *repository = reference_repository(&ref, ref.domain);
	for (size_t i = 0; r == 0 && i < p->images.n; i++) {
		const struct descriptor *image = &p->images.entries[i];
		scoped_reference one = { 0 };
		if (!image->name || !descriptor_is_of(image, repository))
			continue;
		r = push_name_parse(image->name, &one, err);
		if (r == 0)
			r = push_to(p, image, &one, err);
		if (r < 0)
			error_prefix(err, "%s", image->name);
		n++;
	}
	if (r == 0 && n == 0) {
		error_say(err, ENOENT,
			  "the store has no image that is called "
			  "after it");
		return error_hint(err, "list the images with: wolffia images");
	}
	return r;
}

static int push(const struct push_options *options, const char *typed,
		const char *destination)
{
	struct pushing p = { .options = options, .work.store.dirfd = -1 };
	struct error err;
	int status = 0;
	int r = open_all(&p, &err);

	if (r == 0)
		r = options->all_tags == FLAG_YES
			    ? push_all(&p, typed, &err)
			    : push_one(&p, typed, destination, &err);
	if (r == -ECANCELED)
		error_hint(&err, "the layers that have arrived stay there: "
				 "the next push sends the others");
	if (r < 0)
		status = image_fail(&err, "cannot push %s%s%s", typed,
				    destination ? " to " : "",
				    destination ? destination : "");
	if (r == -ECANCELED)
		status = registry_status(&p.registry);
	close_all(&p);
	return status;
}

int verb_push(int argc, char *const argv[])
{
	struct push_options options = { 0 };
	scoped_strv names = { 0 };
	int r = image_parse(push_table,
			    "push [OPTION...] IMAGE [REGISTRY/NAME[:TAG]]",
			    argc, argv, &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n == 0)
		return image_usage("push: write the name of an image");
	if (names.n > 2)
		return image_usage("push: write an image and where it goes, "
				   "and no more: \"%s\"",
				   names.v[2]);
	if (options.all_tags == FLAG_YES &&
	    (names.n == 2 || options.digest_file))
		return image_usage("push: --all-tags pushes images under the "
				   "names that they have, and has no "
				   "--digestfile");
	return push(&options, names.v[0], names.n == 2 ? names.v[1] : NULL);
}
