/*
 * storage/registry/place.h - where an image is to be looked for
 *
 * Its own registry, or what registries.conf puts in its place, and the
 * mirrors before it.  Pure.  Source: containers-registries.conf(5),
 * "Remapping and mirroring registries".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "storage/reference.h"
#include "storage/registry/config.h"

struct place {
	char *registry;   /* "docker.io", "localhost:5000": as it is named */
	char *repository; /* "library/debian" */
	bool insecure;    /* plain http may be spoken */
	bool mirror;
};

struct places {
	struct place *v;
	size_t n;
};

/*
 * places_find - the places of @ref, in the order in which to try them
 * @ref:  has a domain
 * @push: only where it is written to: mirrors are read from
 *
 * A mirror that does not serve such references (by tag, by digest) is left
 * out.  A loopback address always counts as insecure.
 * Return: 0; -EPERM the registry is blocked; -EINVAL a location makes no name.
 */
int places_find(const struct registries *registries,
		const struct reference *ref, bool push, struct places *ret,
		struct error *err);
void places_free(struct places *places);

/* place_is_loopback - "localhost", 127.0.0.0/8, "[::1]", with or without port
 */
bool place_is_loopback(const char *registry);

/* place_host - HOST[:PORT] to connect to: "docker.io" is only a name for
 * "registry-1.docker.io"; borrowed from @registry or static */
const char *place_host(const char *registry);

#define scoped_places __attribute__((cleanup(places_free))) struct places
