/*
 * storage/registry/client_private.h - what the files about a client share
 */
#pragma once

#include "storage/registry/client.h"

struct client {
	struct http *http;
	struct auth *auth;
	char *registry; /* as named */
	char *repository;
	char *name; /* "HOST/REPOSITORY" */
	char *base; /* "https://HOST"; NULL: not connected */
	char *pull; /* scopes for tokens */
	char *push;
	bool insecure;
};

/*
 * A request that is repeated once with credentials when the registry asks for
 * them.  The caller sets .x's URL, method, headers and body, and may set
 * .prepare and .finish, which are called where those of the exchange are.
 */
struct call {
	struct http_exchange x;
	struct client *client;
	const char *scope;
	int (*prepare)(struct call *call, struct error *err);
	int (*finish)(struct call *call, struct error *err);
	bool challenged;
};

/* "%s/v2/%s/..." of this repository */
void call_init(struct call *call, struct client *client,
	       enum http_method method, const char *scope, const char *format,
	       ...) __attribute__((format(printf, 5, 6)));
void call_free(struct call *call);

/* call_do - connect if need be, and run one; the status is the caller's */
int call_do(struct call *call, struct error *err);

#define scoped_call __attribute__((cleanup(call_free))) struct call

/* what a status means that is no success, and a hint about logging in */
int call_failed(const struct call *call, struct error *err);
