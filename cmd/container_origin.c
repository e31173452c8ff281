#include "cmd/container_origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/digest.h"
#include "storage/image.h"
#include "storage/layout.h"

char *origin_image_id(const struct store *store, const char *digest)
{
	scoped_manifest manifest = { 0 };
	scoped_config config = { 0 };
	struct error ignored;

	if (digest &&
	    layout_read_image(store, digest, &manifest, &config, &ignored) == 0)
		return xstrdup(digest_hex(manifest.config.digest));
	return xstrdup("");
}

/* a layer's name without where it lies and for whom it was unpacked */
static void add_layer(struct strv *names, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	strv_take(names, xstrndup(name, strcspn(name, ".")));
}

struct ancestor ancestor_find(const struct store *store, const char *name)
{
	struct ancestor ancestor = { .name = xstrdup(name) };
	scoped_image image = { 0 };
	struct error ignored;

	/* unpacked for several ids, or for one */
	if (image_find(store, name, false, &image, &ignored) < 0 &&
	    image_find(store, name, true, &image, &ignored) < 0)
		return ancestor;
	ancestor.digest = xstrdup(image.digest);
	for (size_t i = 0; i < image.layers.n; i++)
		add_layer(&ancestor.layers, image.layers.v[i]);
	return ancestor;
}

void ancestor_free(struct ancestor *ancestor)
{
	free(ancestor->name);
	free(ancestor->digest);
	strv_free(&ancestor->layers);
	*ancestor = (struct ancestor){ 0 };
}

/* are its layers the lowest of the container's? */
static bool is_below(const struct strv *layers, const struct strv *paths)
{
	scoped_strv names = { 0 };

	if (layers->n == 0 || layers->n > paths->n)
		return false;
	for (size_t i = paths->n - layers->n; i < paths->n; i++)
		add_layer(&names, paths->v[i]);
	for (size_t i = 0; i < layers->n; i++)
		if (strcmp(names.v[i], layers->v[i]) != 0)
			return false;
	return true;
}

bool ancestor_of(const struct ancestor *ancestor, const struct store *store,
		 const struct container *container)
{
	const struct record *record = &container->record;
	struct spec spec = { 0 };
	struct error ignored;

	if (strcmp(record->image, ancestor->name) == 0)
		return true;
	if (!ancestor->digest)
		return false;
	scoped_fd dirfd = container_open(store, record->id, &ignored);
	if (dirfd < 0 || record_read_spec(dirfd, &spec, &ignored) < 0)
		return false;
	bool is = (spec.image_digest &&
		   strcmp(spec.image_digest, ancestor->digest) == 0) ||
		  is_below(&ancestor->layers, &spec.layers);
	spec_free(&spec);
	return is;
}
