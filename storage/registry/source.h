/*
 * storage/registry/source.h - the front door: from what was typed to an image
 * that can be fetched
 *
 * name_resolve() says which images may be meant, places_find() where each is,
 * and the first place that has it is the source.  A mirror that does not
 * answer, or answers nonsense, is passed over with a note; so is a registry
 * of the search list that has no such image.
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "storage/manifest.h"
#include "storage/registry/client.h"
#include "storage/registry/config.h"
#include "storage/registry/platform.h"

#define SOURCE_DEPTH_MAX 3 /* an index may list indexes, but not for ever */

struct source {
	char *name; /* in full, with tag or digest: what the user is told */
	struct place place;
	struct client *client;
	struct document index;    /* .text is NULL when there is none */
	struct document manifest; /* for the platform */
	struct strv notes;        /* places that were passed over, and why */
};
void source_free(struct source *source);

#define scoped_source __attribute__((cleanup(source_free))) struct source

/*
 * source_find - ask for one image
 * @name:     one of name_resolve(): in full
 * @platform: of an index this image is taken; a single manifest is taken as
 *            it is, for only its configuration says what it is for
 * @skip:     how many places to pass over, when those have failed later on
 * @known:    the digest that a tag had; NULL: not asked
 *
 * Return: 0; 1 it still has @known, and ret->index and ret->manifest may be
 * empty; -ENOENT no place has it; -EPERM it is blocked; otherwise the error of
 * the last place.  Nothing is tried after -ECANCELED.
 */
int source_find(const struct registries *registries,
		const struct client_options *options, const char *name,
		const struct platform *platform, size_t skip, const char *known,
		struct source *ret, struct error *err);
