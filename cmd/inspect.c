/* cmd/inspect.c - "wolffia inspect": all that is known of containers */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_origin.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/image_secrets.h"
#include "cmd/inspect_json.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "core/container_size.h"
#include "core/state.h"
#include "storage/image.h"
#include "storage/layout.h"

struct inspect_options {
	struct container_options common;
	enum flag latest, size, secrets;
	const char *format, *type;
	bool containers, images; /* what a name may mean */
};

#define TYPES "all|container|image"

#define TO    inspect_options
/* clang-format off */
const struct option_entry inspect_table[] = {
HEADING("What is shown"),
VALUE('f', "format", format, "TEMPLATE",
      "json, or a template such as {{.State.Status}}"),
FLAG('l', "latest", latest, "the container that was made last"),
FLAG('s', "size", size, "SizeRw and SizeRootFs of containers, too"),
FLAG(0, "show-secrets", secrets,
     "values of images that look like secrets, instead of their beginnings"),
CHOICE("type", NULL, type, "TYPE", TYPES,
       "what the names are of; a container, or else an image"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int measure(const struct store *store, struct inspect_facts *facts,
		   struct error *err)
{
	const struct record *record = &facts->container->record;
	struct container_size size = { 0 };
	int r = container_sizes(store, &record, 1, &size, err);

	facts->has_size = r == 0;
	facts->written = size.written;
	facts->whole = size.whole;
	return r;
}

static int describe_container(const struct store *store,
			      const struct container *container, bool sized,
			      json_t *array, struct error *err)
{
	const char *id = container->record.id;
	scoped(char) *directory =
		xasprintf("%s/containers/%s", store->path, id);
	struct inspect_facts facts = { .container = container,
				       .directory = directory };
	struct spec spec = { 0 };
	scoped_fd dirfd = container_open(store, id, err);
	int r = dirfd < 0 ? dirfd : record_read_spec(dirfd, &spec, err);

	if (r < 0)
		return r;
	scoped(char) *image_id = origin_image_id(store, spec.image_digest);
	facts.spec = &spec;
	facts.image_id = image_id;
	if (sized)
		r = measure(store, &facts, err);
	if (r == 0)
		json_array_append_new(array, inspect_container(&facts));
	spec_free(&spec);
	return r;
}

/* the history is there for people: one that cannot be read is none */
static int describe_image(const struct store *store, const char *name,
			  bool show_secrets, json_t *array, struct error *err)
{
	scoped_index index = { 0 };
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	scoped_history history = { 0 };
	struct image_facts facts = { .index = &index,
				     .manifest = &manifest,
				     .config = &config,
				     .show_secrets = show_secrets };
	struct error unread;
	int r = layout_read_images(store, &index, NULL, err);
	int at = r < 0 ? r : image_lookup(store, &index, name, NULL, err);

	if (at < 0)
		return at;
	facts.entry = &index.entries[at];
	r = layout_read_image(store, facts.entry->digest, &manifest, &config,
			      err);
	if (r < 0)
		return r;
	if (layout_read_history(store, &manifest, &history, &unread) == 0)
		facts.history = &history;
	json_t *image = inspect_image(&facts);
	image_secrets_warn(
		name,
		json_object_get(json_object_get(image, "Wolffia"), "Secrets"),
		show_secrets);
	json_array_append_new(array, image);
	return 0;
}

static int describe(const struct container_verb *verb, const char *name,
		    const struct inspect_options *options, json_t *array,
		    struct error *err)
{
	struct container container = { 0 };
	struct error no_image;
	int r = -ENOENT;

	if (options->containers)
		r = container_find(&verb->store, name, &container, err);
	if (r == 0)
		r = describe_container(&verb->store, &container,
				       options->size == FLAG_YES, array, err);
	container_free(&container);
	if (r != -ENOENT || !options->images)
		return r;
	r = describe_image(&verb->store, name, options->secrets == FLAG_YES,
			   array, &no_image);
	if (!options->containers || r != -ENOENT) {
		*err = no_image;
		return r;
	}
	error_say(err, ENOENT, "there is no container and no image \"%s\"",
		  name);
	return error_hint(err, "\"wolffia ps -a\" and \"wolffia images\" list "
			       "them");
}

static int add_latest(struct container_verb *verb, struct error *err)
{
	struct container *list = NULL;
	size_t n = 0;
	int r = container_list(&verb->store, &list, &n, err);

	if (r == 0 && n == 0)
		r = error_say(err, ENOENT, "there is no container");
	if (r == 0)
		strv_add(&verb->arguments, list[0].record.id);
	containers_free(list, n);
	return r;
}

static int take_options(struct container_verb *verb,
			struct inspect_options *options, struct error *err)
{
	int type = options->type
			   ? option_choice("--type", TYPES, options->type, err)
			   : 0;

	if (type < 0)
		return type;
	options->containers = type != 2;
	options->images = type != 1;
	if (options->latest == FLAG_YES)
		return add_latest(verb, err);
	return verb->arguments.n ? 0
				 : error_say(err, EINVAL,
					     "the name of a container or an "
					     "image is missing");
}

/* What is found is printed, also when other names mean nothing. */
static int inspect(struct container_verb *verb,
		   const struct inspect_options *options)
{
	scoped_json *array = json_array();
	struct error err;
	int status = 0;

	for (size_t i = 0; i < verb->arguments.n; i++) {
		if (describe(verb, verb->arguments.v[i], options, array,
			     &err) == 0)
			continue;
		print_error(&err);
		status = STATUS_WOLFFIA;
	}
	if (format_print(options->format ? options->format : "json", array,
			 NULL, stdout, &err) < 0) {
		print_error(&err);
		status = STATUS_WOLFFIA;
	}
	return status;
}

int verb_inspect(const struct call *call)
{
	struct inspect_options options = { 0 };
	struct container_verb verb = {
		.table = inspect_table,
		.usage = "inspect [OPTION...] CONTAINER|IMAGE...",
		.images = true,
	};
	struct error err, ignored;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		state_sweep(&verb.store, &ignored);
		r = take_options(&verb, &options, &err);
		if (r < 0)
			print_error(&err);
		else
			status = inspect(&verb, &options);
	}
	container_verb_end(&verb);
	return status;
}
