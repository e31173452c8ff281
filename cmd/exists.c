/*
 * cmd/exists.c - "wolffia container exists" and "image exists": podman's
 * question of scripts, answered by the exit status
 */
#include <errno.h>
#include <string.h>

#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "storage/image.h"
#include "storage/layout.h"

enum { STATUS_IS_NOT = 1 };

struct exists_options {
	struct container_options common;
};

#define TO exists_options
/* clang-format off */
const struct option_entry exists_table[] = {
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int find_image(const struct store *store, const char *name,
		      struct error *err)
{
	scoped_index index = { 0 };
	int r = layout_read_images(store, &index, NULL, err);

	return r < 0 ? r : image_lookup(store, &index, name, NULL, err);
}

static int find_container(const struct store *store, const char *name,
			  struct error *err)
{
	struct container container = { 0 };
	int r = container_find(store, name, &container, err);

	container_free(&container);
	return r;
}

static int answer(struct container_verb *verb, bool image)
{
	const char *name = verb->arguments.v[0];
	struct error err;
	int r = image ? find_image(&verb->store, name, &err)
		      : find_container(&verb->store, name, &err);

	if (r >= 0)
		return 0;
	if (r == -ENOENT)
		return STATUS_IS_NOT;
	print_error(&err);
	return STATUS_WOLFFIA;
}

int verb_exists(const struct call *call)
{
	struct exists_options options = { 0 };
	bool image = call->group && strcmp(call->group, "image") == 0;
	struct container_verb verb = {
		.table = exists_table,
		.usage = image ? "image exists IMAGE"
			       : "container exists CONTAINER",
		.least = 1,
		.most = 1,
		.missing = "the name",
		.images = image,
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : r < 0 ? STATUS_WOLFFIA : answer(&verb, image);

	container_verb_end(&verb);
	return status;
}
