#include "storage/registry/auth.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/credentials.h"
#include "storage/registry/document.h"
#include "storage/registry/header.h"
#include "storage/registry/realm.h"
#include "storage/registry/url.h"

enum {
	TOKEN_ANSWER_MAX = 64 * 1024,
	TOKEN_MAX = 16 * 1024, /* it has to fit into other servers' headers */
	TOKEN_LASTS_S = 60,    /* when nothing is said */
	TOKEN_LASTS_MAX_S = 3600,
	MARGIN_S = 10,
};

struct token {
	char *scope, *value;
	uint64_t until_s;
};

struct auth {
	struct http *http;
	char *registry, *repository;
	struct strv helpers, realms;
	struct credential credential;
	bool looked; /* for credentials */
	struct challenge challenge;
	struct token *tokens;
	size_t n_tokens;
};

static uint64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

struct auth *auth_new(const struct auth_options *options)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));
	const struct credential *credential = options->credential;

	auth->http = options->http;
	auth->registry = xstrdup(options->registry);
	auth->repository = copy_or_null(options->repository);
	if (options->helpers)
		strv_extend(&auth->helpers, options->helpers->v);
	if (options->realms)
		strv_extend(&auth->realms, options->realms->v);
	if (credential) {
		auth->looked = true;
		auth->credential = (struct credential){
			.username = copy_or_null(credential->username),
			.password = copy_or_null(credential->password),
			.identity_token =
				copy_or_null(credential->identity_token),
			.registry_token =
				copy_or_null(credential->registry_token),
		};
	}
	return auth;
}

static void token_free(struct token *token)
{
	free(token->scope);
	secret_free(&token->value);
}

void auth_free(struct auth **auth_)
{
	struct auth *auth = *auth_;

	if (!auth)
		return;
	for (size_t i = 0; i < auth->n_tokens; i++)
		token_free(&auth->tokens[i]);
	free(auth->tokens);
	challenge_free(&auth->challenge);
	credential_free(&auth->credential);
	strv_free(&auth->helpers);
	strv_free(&auth->realms);
	free(auth->registry);
	free(auth->repository);
	free(auth);
	*auth_ = NULL;
}

bool auth_has_password(const struct auth *auth)
{
	return !credential_is_empty(&auth->credential);
}

bool auth_was_asked(const struct auth *auth)
{
	return auth->challenge.basic || auth->challenge.bearer;
}

static struct token *find_token(struct auth *auth, const char *scope)
{
	for (size_t i = 0; i < auth->n_tokens; i++)
		if (strcmp(auth->tokens[i].scope, scope) == 0)
			return &auth->tokens[i];
	return NULL;
}

static void forget_token(struct auth *auth, const char *scope)
{
	struct token *token = find_token(auth, scope);

	if (!token)
		return;
	token_free(token);
	*token = auth->tokens[--auth->n_tokens];
}

static void keep_token(struct auth *auth, const char *scope, char *value,
		       uint64_t lasts_s)
{
	if (lasts_s > TOKEN_LASTS_MAX_S)
		lasts_s = TOKEN_LASTS_MAX_S;
	forget_token(auth, scope);
	auth->tokens = xreallocarray(auth->tokens, auth->n_tokens + 1,
				     sizeof(*auth->tokens));
	auth->tokens[auth->n_tokens++] = (struct token){
		.scope = xstrdup(scope),
		.value = value,
		.until_s = now_s() + lasts_s,
	};
}

static int look_for_credentials(struct auth *auth, struct error *err)
{
	if (auth->looked)
		return 0;
	auth->looked = true;
	int r = credentials_find(&auth->helpers, auth->registry,
				 auth->repository, &auth->credential, err);
	return r < 0 ? r : 0;
}

int auth_challenged(struct auth *auth, const struct http_exchange *x,
		    const char *scope, struct error *err)
{
	const struct http_answer *answer = &x->answer;
	const struct challenge *asked = &answer->challenge;

	if (answer->foreign)
		return 0;
	if (answer->challenge_malformed)
		return error_say(err, EPROTO,
				 "%s wants to know who we are in words that "
				 "are malformed",
				 auth->registry);
	if (!asked->basic && !asked->bearer)
		return 0;
	/* the same password again would only lock the account sooner */
	if (!asked->bearer && x->request.authorization)
		return 0;
	if (asked->bearer && !asked->realm)
		return error_say(err, EPROTO,
				 "%s wants a token, but says not whose",
				 auth->registry);
	if (asked->bearer) {
		int r = realm_check(answer->url, asked->realm, &auth->realms,
				    err);
		if (r < 0)
			return r;
	}
	int r = look_for_credentials(auth, err);
	if (r < 0)
		return r;
	challenge_free(&auth->challenge);
	auth->challenge = (struct challenge){
		.basic = asked->basic,
		.bearer = asked->bearer,
		.realm = copy_or_null(asked->realm),
		.service = copy_or_null(asked->service),
	};
	forget_token(auth, scope);
	return asked->bearer || auth->credential.username;
}

/* {"token": ...} or {"access_token": ...}, and how long it lasts */
static int parse_token(const struct http_answer *answer, char **ret,
		       uint64_t *ret_lasts_s, struct error *err)
{
	scoped_json *document = NULL;
	const char *token = NULL;
	struct error ignored; /* a message could quote a token */
	int r = document_parse(answer->body ? answer->body : "", answer->size,
			       "", &document, &ignored);

	if (r == 0 && json_is_object(document)) {
		json_get_u64(document, "expires_in", ret_lasts_s, &ignored);
		json_get_string(document, "access_token", &token, &ignored);
		json_get_string(document, "token", &token, &ignored);
	}
	if (!token)
		return error_say(err, EPROTO, "there is no token in it");
	size_t n = strlen(token);
	if (n == 0 || n > TOKEN_MAX || !header_is_plain(token))
		r = error_say(err, EPROTO, "the token in it is malformed");
	else
		*ret = xstrdup(token);
	explicit_bzero((char *)(uintptr_t)token, n);
	return r;
}

/* REALM?service=S&scope=A&scope=B */
static char *token_url(const struct auth *auth, const char *scope)
{
	scoped(char) *scopes = xstrdup(scope);
	char *url = xstrdup(auth->challenge.realm);

	if (auth->challenge.service)
		url = url_add_query(url, "service", auth->challenge.service);
	for (char *rest = scopes, *one; (one = strsep(&rest, " "));)
		if (*one)
			url = url_add_query(url, "scope", one);
	return url;
}

static char *form_field(char *form, const char *key, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	char *longer = xasprintf("%s%s%s=%s", form, *form ? "&" : "", key,
				 escaped ? escaped : "");

	if (escaped)
		explicit_bzero(escaped, strlen(escaped));
	curl_free(escaped);
	secret_free(&form);
	return longer;
}

/* with a refresh token it is a form that is posted */
static char *token_form(const struct auth *auth, const char *scope)
{
	const char *service = auth->challenge.service;
	char *form = form_field(xstrdup(""), "grant_type", "refresh_token");

	form = form_field(form, "service", service ? service : "");
	if (*scope)
		form = form_field(form, "scope", scope);
	form = form_field(form, "client_id", "wolffia");
	return form_field(form, "refresh_token",
			  auth->credential.identity_token);
}

static void fill_request(const struct auth *auth, const char *scope,
			 const char *form, struct http_request *to)
{
	to->keep_max = TOKEN_ANSWER_MAX;
	to->file_fd = -1;
	if (form) {
		to->method = HTTP_POST;
		to->url = xstrdup(auth->challenge.realm);
		to->data = form;
		to->body_size = strlen(form);
		strv_add(&to->headers,
			 "Content-Type: application/x-www-form-urlencoded");
		return;
	}
	to->url = token_url(auth, scope);
	if (auth->credential.username) {
		scoped_secret *basic = credential_basic(&auth->credential);
		to->authorization = xasprintf("Basic %s", basic);
	}
}

static int token_refused(const struct auth *auth, const struct http_exchange *x,
			 struct error *err)
{
	int r = http_status_error(x, err);

	if (r != -EACCES)
		return error_prefix(err, "cannot get a token");
	if (auth_has_password(auth)) {
		error_prefix(err, "the credentials for %s are refused",
			     auth->registry);
		return error_hint(err, "log in to %s again: wolffia login %s",
				  auth->registry, auth->registry);
	}
	error_prefix(err, "%s gives no token without credentials",
		     auth->registry);
	return error_hint(err, "log in to %s first: wolffia login %s",
			  auth->registry, auth->registry);
}

static int fetch_token(struct auth *auth, const char *scope, struct error *err)
{
	scoped_exchange x = { .request.stay = true };
	scoped_secret *form = auth->credential.identity_token
				      ? token_form(auth, scope)
				      : NULL;
	uint64_t lasts_s = TOKEN_LASTS_S;
	char *token = NULL;

	fill_request(auth, scope, form, &x.request);
	int r = http_do(auth->http, &x, err);
	if (r < 0)
		return error_prefix(err, "cannot get a token");
	if (x.answer.status / 100 != 2)
		return token_refused(auth, &x, err);
	r = parse_token(&x.answer, &token, &lasts_s, err);
	if (r < 0)
		return error_prefix(err,
				    "the answer of the server of tokens "
				    "for %s",
				    auth->registry);
	keep_token(auth, scope, token, lasts_s);
	return 0;
}

static int bearer_header(struct auth *auth, const char *scope, char **ret,
			 struct error *err)
{
	const struct token *token = find_token(auth, scope);

	if (!token || token->until_s <= now_s() + MARGIN_S) {
		int r = fetch_token(auth, scope, err);
		if (r < 0)
			return r;
		token = find_token(auth, scope);
	}
	*ret = xasprintf("Bearer %s", token->value);
	return 0;
}

int auth_header(struct auth *auth, const char *scope, char **ret,
		struct error *err)
{
	*ret = NULL;
	if (auth->challenge.bearer && auth->credential.registry_token) {
		*ret = xasprintf("Bearer %s", auth->credential.registry_token);
		return 0;
	}
	if (auth->challenge.bearer)
		return bearer_header(auth, scope, ret, err);
	if (auth->challenge.basic && auth->credential.username) {
		scoped_secret *basic = credential_basic(&auth->credential);
		*ret = xasprintf("Basic %s", basic);
	}
	return 0;
}
