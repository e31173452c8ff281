/*
 * storage/registry/client.h - one repository of one registry
 *
 * Source: OCI distribution-spec 1.1.  What is fetched is checked before it is
 * returned: its size, its type, its digest.  Not thread-safe; clients that
 * share a struct http share its connections.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/registry/auth.h"
#include "storage/registry/http.h"
#include "storage/registry/place.h"

struct client;

struct client_options {
	struct http *http;
	const struct strv *helpers; /* registries.conf's; NULL: the files */
	const struct strv *realms;  /* of realm_check(); NULL: none */
	/* the rest is for the registry that was named, and not for its mirrors
	 */
	const struct credential *credential; /* NULL: as the files say */
	bool insecure; /* plain http may be spoken, and its certificate may be
			* anybody's: it was asked for */
	const char *cert_dir; /* certificates for it; NULL: the usual places */
};

/*
 * client_open - for @place; nothing is sent yet
 * Everything but options->http is copied.
 */
struct client *client_open(const struct client_options *options,
			   const struct place *place);
void client_close(struct client **client);

#define scoped_client __attribute__((cleanup(client_close))) struct client

/* client_name - "registry-1.docker.io/library/debian", for messages */
const char *client_name(const struct client *client);

/*
 * client_connect - is there a registry, by https or (if the place allows it)
 * http, and does it let us in?  Others call it when it was not called.
 * Return: 0; -EPROTO it is no registry; errors of http_run() and auth_header()
 */
int client_connect(struct client *client, struct error *err);

/* client_login - are the credentials right? -EACCES they are not, or there
 * are none and some are needed */
int client_login(struct client *client, struct error *err);

/* client_asks - did the registry want to know who we are? */
bool client_asks(const struct client *client);

/* A manifest or an index, as it came. */
struct document {
	char *text; /* with a NUL behind it */
	size_t size;
	char digest[DIGEST_MAX]; /* of these bytes */
	const char *media_type;  /* static */
	enum media_kind kind;
};
void document_free(struct document *document);

#define scoped_document __attribute__((cleanup(document_free))) struct document

/*
 * client_get_document - fetch a manifest or an index
 * @reference: a tag, or a digest that the bytes must have
 * @known:     for a tag: the digest that it had; NULL: not asked
 *
 * Return: 0; 1 the tag still means @known, nothing was fetched; -ENOENT
 * there is none; -EACCES; -EBADMSG not what digest or type say; -EFBIG more
 * than MANIFEST_MAX; -EPROTO, -ENOTSUP no image; errors of http_run()
 */
int client_get_document(struct client *client, const char *reference,
			const char *known, struct document *ret,
			struct error *err);

/*
 * client_look_up - what @reference means, without fetching it
 * @ret: media type, digest and size
 * Return: 0, or as client_get_document()
 */
int client_look_up(struct client *client, const char *reference,
		   struct descriptor *ret, struct error *err);

/* client_list_tags - the tags of the repository, appended to @ret; -EFBIG
 * more than 10000 */
int client_list_tags(struct client *client, struct strv *ret,
		     struct error *err);
