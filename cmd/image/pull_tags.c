#include "cmd/image/pull_tags.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "storage/reference.h"
#include "storage/registry/place.h"

/* what a registry calls a tag could be anything */
static int add_name(const char *repository, const char *tag, struct strv *ret,
		    struct error *err)
{
	scoped(char) *name = xasprintf("%s:%s", repository, tag);
	scoped_reference ref = { 0 };
	int r = reference_parse(name, &ref, err);

	if (r == 0 && (!ref.tag || strcmp(ref.tag, tag) != 0 || ref.digest))
		r = error_say(err, EPROTO, "\"%.140s\" is not a tag", tag);
	if (r < 0)
		return error_prefix(err, "%s lists a tag that is none",
				    repository);
	strv_take(ret, take_ptr(name));
	return 0;
}

/* mirrors first, as for an image: the first place that answers */
static int list(const struct client_options *options,
		const struct places *places, struct strv *ret,
		struct error *err)
{
	int r = -ENOENT;

	for (size_t i = 0; i < places->n; i++) {
		scoped_client *client = client_open(options, &places->v[i]);
		r = client_list_tags(client, ret, err);
		if (r == 0 || r == -ECANCELED)
			break;
		strv_free(ret);
	}
	return r;
}

int pull_list_tags(const struct registries *registries,
		   const struct client_options *options, const char *full,
		   struct strv *ret, struct error *err)
{
	scoped_reference ref = { 0 };
	scoped_places places = { 0 };
	scoped_strv tags = { 0 };
	int r = reference_parse(full, &ref, err);

	if (r == 0)
		r = places_find(registries, &ref, false, &places, err);
	if (r == 0)
		r = list(options, &places, &tags, err);
	if (r < 0)
		return r;
	scoped(char) *repository = reference_repository(&ref, "docker.io");
	if (tags.n == 0)
		return error_say(err, ENOENT, "%s has no tags", repository);
	for (size_t i = 0; r == 0 && i < tags.n; i++)
		r = add_name(repository, tags.v[i], ret, err);
	return r;
}
