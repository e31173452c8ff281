#include "storage/registry/source.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/reference.h"

void source_free(struct source *source)
{
	client_close(&source->client);
	free(source->name);
	free(source->place.registry);
	free(source->place.repository);
	document_free(&source->index);
	document_free(&source->manifest);
	strv_free(&source->notes);
	*source = (struct source){ 0 };
}

/* an entry of an index promised what it is */
static int check_promise(const struct descriptor *entry,
			 const struct document *document, struct error *err)
{
	if (entry->size != document->size)
		return error_say(err, EBADMSG,
				 "%s has %zu bytes, not the %llu that the "
				 "index says",
				 entry->digest, document->size,
				 (unsigned long long)entry->size);
	if (strcmp(entry->media_type, document->media_type) != 0)
		return error_say(err, EBADMSG,
				 "%s is a %s, not a %.100s as the index says",
				 entry->digest, document->media_type,
				 entry->media_type);
	return 0;
}

static int choose(const struct document *document,
		  const struct platform *platform, struct descriptor *ret,
		  struct error *err)
{
	scoped_index index = { 0 };
	int r = index_parse(document->text, document->size, &index, err);

	if (r == 0)
		r = platform_choose(&index, platform, err);
	if (r < 0)
		return r;
	descriptor_copy(ret, &index.entries[r]);
	return 0;
}

static void move(struct document *to, struct document *from)
{
	document_free(to);
	*to = *from;
	*from = (struct document){ 0 };
}

/* down to a manifest; the outermost index is the one to be remembered */
static int descend(struct source *s, const struct platform *platform,
		   struct error *err)
{
	for (int depth = 0; s->manifest.kind == MEDIA_IS_INDEX; depth++) {
		scoped_descriptor entry = { 0 };
		scoped_document next = { 0 };
		int r = 0;
		if (depth == SOURCE_DEPTH_MAX)
			r = error_say(err, ELOOP,
				      "more than %d indexes in one another",
				      SOURCE_DEPTH_MAX);
		if (r == 0)
			r = choose(&s->manifest, platform, &entry, err);
		if (r < 0)
			return error_prefix(err, "%s", client_name(s->client));
		r = client_get_document(s->client, entry.digest, NULL, &next,
					err);
		if (r < 0)
			return r;
		r = check_promise(&entry, &next, err);
		if (r < 0)
			return error_prefix(err, "%s", client_name(s->client));
		if (!s->index.text)
			move(&s->index, &s->manifest);
		move(&s->manifest, &next);
	}
	return 0;
}

static int try_place(const struct client_options *options,
		     const struct place *place, const struct reference *ref,
		     const struct platform *platform, const char *known,
		     struct source *s, struct error *err)
{
	const char *reference = ref->digest ? ref->digest : ref->tag;

	s->client = client_open(options, place);
	s->place = (struct place){
		.registry = xstrdup(place->registry),
		.repository = xstrdup(place->repository),
		.insecure = place->insecure,
		.mirror = place->mirror,
	};
	int r = client_get_document(s->client, reference ? reference : "latest",
				    known, &s->manifest, err);
	/* a registry need not understand the question */
	if (r == 0 && known && strcmp(s->manifest.digest, known) == 0)
		return 1;
	return r != 0 ? r : descend(s, platform, err);
}

/* what is left of a place that failed, but for the notes */
static void leave_place(struct source *s, const struct place *place,
			const struct error *why)
{
	struct strv notes = s->notes;

	strv_addf(&notes, "%s/%s: %s", place->registry, place->repository,
		  why->text);
	s->notes = (struct strv){ 0 };
	source_free(s);
	s->notes = notes;
}

int source_find(const struct registries *registries,
		const struct client_options *options, const char *name,
		const struct platform *platform, size_t skip, const char *known,
		struct source *ret, struct error *err)
{
	scoped_reference ref = { 0 };
	scoped_places places = { 0 };
	scoped_source s = { 0 };
	int r = reference_parse(name, &ref, err);

	if (r == 0)
		r = places_find(registries, &ref, false, &places, err);
	if (r == 0 && skip >= places.n)
		r = error_say(err, ENOENT, "no other place has %s", name);
	for (size_t i = skip; r == 0 && i < places.n; i++) {
		const struct place *place = &places.v[i];
		int one = try_place(options, place, &ref, platform, known, &s,
				    err);
		if (one >= 0) {
			r = one;
			break;
		}
		if (one == -ECANCELED || i + 1 == places.n)
			r = one;
		else
			leave_place(&s, place, err);
	}
	if (r < 0)
		return r;
	s.name = xstrdup(name);
	*ret = s;
	s = (struct source){ 0 };
	return r;
}
