#include "storage/registry/place.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void places_free(struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		free(places->v[i].registry);
		free(places->v[i].repository);
	}
	free(places->v);
	*places = (struct places){ 0 };
}

const char *place_host(const char *registry)
{
	return strcmp(registry, "docker.io") == 0 ? "registry-1.docker.io"
						  : registry;
}

bool place_is_loopback(const char *registry)
{
	size_t n = strspn(registry, "0123456789.");
	bool address = registry[n] == '\0' || registry[n] == ':';

	if (text_starts_with(registry, "[::1]"))
		return true;
	if (text_starts_with(registry, "127.") && address)
		return true;
	n = strcspn(registry, ":");
	return n == strlen("localhost") &&
	       strncmp(registry, "localhost", n) == 0;
}

/*
 * How much of @name the prefix stands for, or 0.  A host alone is the whole
 * host: "example.com" is not the beginning of "example.com:5000".
 */
static size_t match_prefix(const char *name, const char *prefix)
{
	size_t n = strlen(prefix), host = strcspn(name, "/");

	if (text_starts_with(prefix, "*.")) {
		size_t labels = strcspn(name, ":/");
		size_t suffix = n - 1;
		return labels > suffix && strncmp(name + labels - suffix,
						  prefix + 1, suffix) == 0
			       ? host
			       : 0;
	}
	if (strncmp(name, prefix, n) != 0 || n < host)
		return 0;
	return name[n] == '\0' || strchr("/:@", name[n]) ? n : 0;
}

static const struct registry_entry *find_entry(const struct registries *in,
					       const char *name)
{
	const struct registry_entry *best = NULL;
	size_t best_length = 0;

	for (size_t i = 0; i < in->n_entries; i++) {
		const struct registry_entry *entry = &in->entries[i];
		size_t length = strlen(entry->prefix);
		if (match_prefix(name, entry->prefix) && length > best_length) {
			best = entry;
			best_length = length;
		}
	}
	return best;
}

/* @name with @location in place of what the prefix of @entry stands for */
static int add_place(struct places *to, const char *name,
		     const struct registry_entry *entry, const char *location,
		     bool insecure, bool mirror, struct error *err)
{
	size_t matched = location ? match_prefix(name, entry->prefix) : 0;
	scoped(char) *moved =
		location ? xasprintf("%s%s", location, name + matched)
			 : xstrdup(name);
	scoped_reference ref = { 0 };
	int r = reference_parse(moved, &ref, err);

	if (r == 0 && !ref.domain)
		r = error_say(err, EINVAL, "\"%s\" names no registry", moved);
	if (r < 0)
		return error_prefix(err, "the location \"%s\"",
				    location ? location : name);
	to->v = xreallocarray(to->v, to->n + 1, sizeof(*to->v));
	struct place *place = &to->v[to->n++];
	place->registry = take_ptr(ref.domain);
	place->repository = take_ptr(ref.path);
	place->insecure = insecure || place_is_loopback(place->registry);
	place->mirror = mirror;
	return 0;
}

static bool serves(const struct mirror *mirror, const struct reference *ref)
{
	return mirror->for_what == MIRROR_FOR_ALL ||
	       (mirror->for_what == MIRROR_FOR_DIGESTS) ==
		       (ref->digest != NULL);
}

static int blocked(const char *name, const struct registry_entry *entry,
		   struct error *err)
{
	error_say(err, EPERM, "%s is blocked", name);
	return error_hint(err,
			  "registries.conf has \"blocked = true\" for \"%s\"",
			  entry->prefix);
}

static int find_with_entry(const char *name, const struct registry_entry *entry,
			   const struct reference *ref, bool push,
			   struct places *to, struct error *err)
{
	int r = 0;

	if (entry->blocked)
		return blocked(name, entry, err);
	for (size_t i = 0; r == 0 && !push && i < entry->n_mirrors; i++) {
		const struct mirror *mirror = &entry->mirrors[i];
		if (serves(mirror, ref))
			r = add_place(to, name, entry, mirror->location,
				      mirror->insecure, true, err);
	}
	if (r == 0)
		r = add_place(to, name, entry, push ? NULL : entry->location,
			      entry->insecure, false, err);
	return r;
}

int places_find(const struct registries *registries,
		const struct reference *ref, bool push, struct places *ret,
		struct error *err)
{
	scoped_places places = { 0 };
	scoped(char) *repository = reference_repository(ref, "docker.io");
	scoped(char) *name =
		xasprintf("%s%s%s%s%s", repository, ref->tag ? ":" : "",
			  ref->tag ? ref->tag : "", ref->digest ? "@" : "",
			  ref->digest ? ref->digest : "");
	const struct registry_entry *entry = find_entry(registries, name);
	int r = entry ? find_with_entry(name, entry, ref, push, &places, err)
		      : add_place(&places, name, NULL, NULL, false, false, err);

	if (r < 0)
		return r;
	*ret = places;
	places = (struct places){ 0 };
	return 0;
}
