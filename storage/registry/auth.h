/*
 * storage/registry/auth.h - from a challenge to an Authorization header
 *
 * What a registry wants is learned from its answers with status 401: a token
 * for a scope ("repository:library/debian:pull"), which the realm gives for
 * the user's password or for nothing, or the password itself (Basic).
 * The scope is ours: what a registry would like to have a token for does not
 * count.  Source: distribution "Token Authentication Specification" and
 * "OAuth2 Token Authentication".
 */
#pragma once

#include "base/error.h"
#include "storage/registry/http.h"

struct auth;

struct auth_options {
	struct http *http;
	const char *registry;       /* as named; for looking up credentials */
	const char *repository;     /* the same; NULL: the registry */
	const struct strv *helpers; /* of registries.conf; NULL: none */
	const struct strv *realms;  /* of realm_check(); NULL: none */
	/* instead of what the files say; NULL: look there when asked */
	const struct credential *credential;
};

/* everything is copied, but for http */
struct auth *auth_new(const struct auth_options *options);
void auth_free(struct auth **auth);

/*
 * auth_challenged - learn from an answer with status 401
 * Return: 1 there is something to answer it with; 0 there is not, and the
 * status stands; -EPROTO the challenge is malformed; -EPERM its realm is
 * refused (realm.h); errors of credentials_find()
 */
int auth_challenged(struct auth *auth, const struct http_exchange *exchange,
		    const char *scope, struct error *err);

/*
 * auth_header - the value of an Authorization header for @scope
 * @scope: one or more, with blanks between them; "": none
 * @ret:   NULL when none is needed; the caller's to wipe
 *
 * Fetches a token unless there is one that still lasts.
 * Return: 0; -EACCES the password is wrong, or one is needed; errors of
 * http_run()
 */
int auth_header(struct auth *auth, const char *scope, char **ret,
		struct error *err);

/* auth_was_asked - was there a challenge? */
bool auth_was_asked(const struct auth *auth);

/* auth_has_password - did the user log in? for hints */
bool auth_has_password(const struct auth *auth);
