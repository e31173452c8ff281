/* registries.conf: what was taken resolves names without a surprise. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/registry/config.h"
#include "storage/registry/name.h"
#include "storage/registry/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct registries *all, const char *name)
{
	scoped_reference ref = { 0 };
	scoped_places places = { 0 };
	struct error err;

	/* what name_resolve() says is a name, with a registry */
	if (reference_parse(name, &ref, &err) < 0 || !ref.domain)
		abort();
	if (places_find(all, &ref, false, &places, &err) < 0)
		return;
	if (places.n == 0 || places.v[places.n - 1].mirror)
		abort();
	for (size_t i = 0; i < places.n; i++)
		if (strstr(places.v[i].repository, "..") ||
		    strpbrk(places.v[i].registry, "/@ "))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const typed[] = { "x", "a/b:1", "a.io/b",
					     "docker.io/x" };
	scoped_registries all = { 0 };
	struct error err;

	if (registries_add(&all, (const char *)data, size, "x", &err) < 0)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		scoped_strv names = { 0 };
		if (name_resolve(&all, typed[i], &names, &err) < 0)
			continue;
		for (size_t k = 0; k < names.n; k++)
			look(&all, names.v[k]);
	}
	return 0;
}
