/*
 * storage/reference.h - names of images: [DOMAIN/]PATH[:TAG][@DIGEST]
 *
 * The grammar of distribution/reference, as docker(1) and podman(1) have it:
 * the first component is a domain when it has a dot, a colon or an upper-case
 * letter, or is "localhost".  Pure, fuzzed.
 */
#pragma once

#include "base/error.h"

#define REFERENCE_NAME_MAX                                                     \
	255 /* of domain and path, in docker.io if none is given */

struct reference {
	char *domain; /* "docker.io", "localhost:5000"; NULL: none was given */
	char *path;   /* "library/debian" */
	char *tag;    /* NULL: none was given */
	char *digest; /* valid by digest_check(); NULL: none was given */
};

/*
 * reference_parse - Return: 0, -EINVAL with the part that is wrong
 *
 * "index.docker.io" becomes "docker.io", and one-word paths there get their
 * "library/"; nothing else is filled in.
 */
int reference_parse(const char *text, struct reference *ret, struct error *err);
void reference_free(struct reference *ref);

#define scoped_reference                                                       \
	__attribute__((cleanup(reference_free))) struct reference

/*
 * reference_repository - "docker.io/library/debian", the caller's to free
 * @domain: taken when the reference has none
 */
char *reference_repository(const struct reference *ref, const char *domain);

/*
 * reference_name - the normal form with a tag, under which the store keeps an
 * image: "docker.io/library/debian:latest".  A digest is left out.
 */
char *reference_name(const struct reference *ref, const char *domain);
