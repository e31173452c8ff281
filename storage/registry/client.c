#include "storage/registry/client_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/hash.h"
#include "storage/registry/document.h"
#include "storage/registry/header.h"
#include "storage/registry/url.h"

enum { PING_MAX = 64 * 1024 };

/* what was asked for is for the host of the registry only */
static void trust(struct client *client, const struct client_options *options)
{
	scoped(char) *url =
		xasprintf("https://%s/", place_host(client->registry));
	struct origin origin;
	struct error ignored;

	client->insecure = client->insecure || options->insecure;
	if ((options->insecure || options->cert_dir) &&
	    origin_of(url, &origin, &ignored) == 0)
		http_trust(client->http, origin.host, options->insecure,
			   options->cert_dir);
}

struct client *client_open(const struct client_options *options,
			   const struct place *place)
{
	struct client *client = xcalloc(1, sizeof(*client));
	struct auth_options auth = {
		.http = options->http,
		.registry = place->registry,
		.repository = place->repository,
		.helpers = options->helpers,
		.realms = options->realms,
		.credential = place->mirror ? NULL : options->credential,
	};

	client->http = options->http;
	client->auth = auth_new(&auth);
	client->registry = xstrdup(place->registry);
	client->repository = xstrdup(place->repository);
	client->name = xasprintf("%s/%s", place_host(place->registry),
				 place->repository);
	client->pull = xasprintf("repository:%s:pull", place->repository);
	client->push = xasprintf("repository:%s:pull,push", place->repository);
	client->insecure = place->insecure;
	if (!place->mirror)
		trust(client, options);
	return client;
}

void client_close(struct client **client_)
{
	struct client *client = *client_;

	if (!client)
		return;
	auth_free(&client->auth);
	free(client->registry);
	free(client->repository);
	free(client->name);
	free(client->base);
	free(client->pull);
	free(client->push);
	free(client);
	*client_ = NULL;
}

const char *client_name(const struct client *client)
{
	return client->name;
}

static struct call *call_of(struct http_exchange *x)
{
	return x->context;
}

/* the credentials are the registry's: an upload may go on elsewhere */
static int prepare_call(struct http_exchange *x, struct error *err)
{
	struct call *call = call_of(x);
	struct client *client = call->client;
	int r = call->prepare ? call->prepare(call, err) : 0;

	secret_free(&x->request.authorization);
	if (r < 0 || !url_same_origin(x->request.url, client->base))
		return r;
	return auth_header(client->auth, call->scope, &x->request.authorization,
			   err);
}

static int finish_call(struct http_exchange *x, struct error *err)
{
	struct call *call = call_of(x);

	if (x->answer.status == 401 && !call->challenged) {
		int r = auth_challenged(call->client->auth, x, call->scope,
					err);
		call->challenged = true;
		if (r != 0)
			return r;
	}
	return call->finish ? call->finish(call, err) : 0;
}

void call_init(struct call *call, struct client *client,
	       enum http_method method, const char *scope, const char *format,
	       ...)
{
	char *path = NULL;
	va_list ap;

	va_start(ap, format);
	int n = vasprintf(&path, format, ap);
	va_end(ap);
	*call = (struct call){
		.x = {
			.request = { .method = method, .file_fd = -1 },
			.answer.length = UINT64_MAX,
			.prepare = prepare_call,
			.finish = finish_call,
			.context = call,
			.wait_fd = -1,
		},
		.client = client,
		.scope = scope,
	};
	call->x.request.url =
		xasprintf("%s/v2/%s/%s", client->base ? client->base : "",
			  client->repository, n < 0 ? "" : path);
	free(path);
}

void call_free(struct call *call)
{
	http_exchange_free(&call->x);
}

int call_do(struct call *call, struct error *err)
{
	return http_do(call->client->http, &call->x, err);
}

int call_failed(const struct call *call, struct error *err)
{
	const struct client *client = call->client;
	int r = http_status_error(&call->x, err);

	if (r != -EACCES || call->x.answer.foreign)
		return r;
	return auth_has_password(client->auth)
		       ? error_hint(err,
				    "your user at %s may not do this, or the "
				    "repository does not exist",
				    client->registry)
		       : error_hint(err,
				    "the repository does not exist, or you "
				    "have to log in to %s with: wolffia login "
				    "%s",
				    client->registry, client->registry);
}

/* "GET /v2/": 200, or 401 with what it wants to know */
static int ping(struct client *client, const char *scheme, bool once,
		struct error *err)
{
	scoped_exchange x = {
		.request = {
			.url = xasprintf("%s://%s/v2/", scheme,
					 place_host(client->registry)),
			.file_fd = -1,
			.keep_max = PING_MAX,
			.once = once,
		},
		.wait_fd = -1,
	};
	int r = http_do(client->http, &x, err);

	if (r < 0)
		return r;
	if (x.answer.status == 401) {
		r = auth_challenged(client->auth, &x, "", err);
		return r < 0 ? r : 0;
	}
	if (x.answer.status == 200)
		return 0;
	r = http_status_error(&x, err);
	if (r != -ENOENT && r != -EPROTO && r != -EACCES)
		return error_prefix(err, "%s", place_host(client->registry));
	err->code = EPROTO;
	return error_prefix(err, "%s is no registry",
			    place_host(client->registry));
}

/* what says that nobody speaks TLS there; a wrong certificate does not */
static bool may_be_plain(int r)
{
	return r == -ECONNABORTED || r == -ECONNREFUSED || r == -ECONNRESET ||
	       r == -ETIMEDOUT;
}

int client_connect(struct client *client, struct error *err)
{
	const char *scheme = "https";

	if (client->base)
		return 0;
	int r = ping(client, scheme, client->insecure, err);
	if (client->insecure && may_be_plain(r)) {
		scheme = "http";
		r = ping(client, scheme, false, err);
	}
	if (r == -ECONNABORTED)
		error_hint(err, "if it speaks plain http, say \"insecure = "
				"true\" for it in registries.conf");
	if (r < 0)
		return r;
	client->base =
		xasprintf("%s://%s", scheme, place_host(client->registry));
	return 0;
}

/* the same request, with what was learned from the first answer */
static int login_call(struct client *client, struct error *err)
{
	scoped_call call;

	call_init(&call, client, HTTP_GET, "", "%s", "");
	free(call.x.request.url);
	call.x.request.url = xasprintf("%s/v2/", client->base);
	call.x.request.keep_max = PING_MAX;
	int r = call_do(&call, err);
	if (r < 0 || call.x.answer.status == 200)
		return r;
	r = http_status_error(&call.x, err);
	if (r == -EACCES)
		error_prefix(err, "the credentials for %s are refused",
			     client->registry);
	return r;
}

bool client_asks(const struct client *client)
{
	return auth_was_asked(client->auth);
}

int client_login(struct client *client, struct error *err)
{
	int r = client_connect(client, err);

	return r < 0 ? r : login_call(client, err);
}

void document_free(struct document *document)
{
	free(document->text);
	*document = (struct document){ 0 };
}

static void accept_documents(struct call *call)
{
	struct strv *headers = &call->x.request.headers;

	strv_add(headers, "Accept: " MEDIA_INDEX ", " MEDIA_MANIFEST
			  ", " MEDIA_DOCKER_LIST ", " MEDIA_DOCKER_V2);
}

static int digest_as(const char *algorithm, const char *text, size_t size,
		     char ret[DIGEST_MAX], struct error *err)
{
	scoped_hash *hash = NULL;
	int r = hash_begin(algorithm, &hash, err);

	if (r == 0)
		r = hash_add(hash, text, size, err);
	return r < 0 ? r : hash_end(hash, ret, err);
}

/* the digest that was asked for, or the one that the registry names */
static int check_digest(const char *reference, const struct http_answer *answer,
			struct document *to, struct error *err)
{
	const char *wanted =
		digest_is_valid(reference) ? reference : answer->digest;
	int r;

	if (wanted && digest_check(wanted, err) < 0) {
		err->code = EBADMSG;
		return error_prefix(err, "Docker-Content-Digest");
	}
	r = digest_as(wanted ? wanted : "sha256", to->text, to->size,
		      to->digest, err);
	if (r < 0 || !wanted || strcmp(to->digest, wanted) == 0)
		return r;
	return error_say(err, EBADMSG, "its digest is %s instead of %s",
			 to->digest, wanted);
}

static int take_document(const char *reference, struct http_answer *answer,
			 struct document *ret, struct error *err)
{
	scoped_document document = { .size = answer->size };
	int r;

	document.text = answer->body;
	answer->body = NULL;
	if (!document.text)
		document.text = xstrdup("");
	r = check_digest(reference, answer, &document, err);
	if (r < 0)
		return r;
	r = document_check(document.text, document.size, answer->content_type,
			   &document.media_type, err);
	if (r < 0)
		return r;
	document.kind = (enum media_kind)r;
	*ret = document;
	document = (struct document){ 0 };
	return 0;
}

static int get_document(struct client *client, const char *reference,
			const char *known, struct document *ret,
			struct error *err)
{
	scoped_call call;

	call_init(&call, client, HTTP_GET, client->pull, "manifests/%s",
		  reference);
	accept_documents(&call);
	if (known)
		strv_addf(&call.x.request.headers, "If-None-Match: \"%s\"",
			  known);
	call.x.request.keep_max = MANIFEST_MAX;
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	if (known && call.x.answer.status == 304)
		return 1;
	if (call.x.answer.status != 200)
		return call_failed(&call, err);
	return take_document(reference, &call.x.answer, ret, err);
}

/* tags and digests become parts of URLs: nothing else gets here */
static int check_reference(const char *reference, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";

	if (strchr(reference, ':'))
		return digest_check(reference, err);
	if (*reference && *reference != '.' && *reference != '-' &&
	    strspn(reference, letters) == strlen(reference) &&
	    strlen(reference) <= 128)
		return 0;
	return error_say(err, EINVAL, "\"%s\" is not a tag", reference);
}

int client_get_document(struct client *client, const char *reference,
			const char *known, struct document *ret,
			struct error *err)
{
	int r = check_reference(reference, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r == 0)
		r = get_document(client, reference, known, ret, err);
	return r < 0 ? error_prefix(err, "%s %s", client->name, reference) : r;
}

static int take_descriptor(const char *reference,
			   const struct http_answer *answer,
			   struct descriptor *ret, struct error *err)
{
	char type[128] = "";

	if (!answer->content_type ||
	    header_media_type(answer->content_type, type, sizeof(type)) < 0 ||
	    media_kind(type) == MEDIA_IS_UNKNOWN)
		return error_say(err, EPROTO,
				 "the answer is not an image but \"%.100s\"",
				 answer->content_type ? answer->content_type
						      : "");
	if (digest_check(answer->digest, err) < 0 ||
	    answer->length > MANIFEST_MAX)
		return error_say(err, EBADMSG,
				 "its digest or size cannot be right");
	if (strchr(reference, ':') && strcmp(reference, answer->digest) != 0)
		return error_say(err, EBADMSG, "its digest is %s instead of %s",
				 answer->digest, reference);
	ret->media_type = xstrdup(type);
	ret->digest = xstrdup(answer->digest);
	ret->size = answer->length;
	return 0;
}

/* what HEAD leaves out the document itself says */
static int look_up_whole(struct client *client, const char *reference,
			 struct descriptor *ret, struct error *err)
{
	scoped_document document = { 0 };
	int r = get_document(client, reference, NULL, &document, err);

	if (r < 0)
		return r;
	ret->media_type = xstrdup(document.media_type);
	ret->digest = xstrdup(document.digest);
	ret->size = document.size;
	return 0;
}

static int look_up(struct client *client, const char *reference,
		   struct descriptor *ret, struct error *err)
{
	scoped_call call;

	call_init(&call, client, HTTP_HEAD, client->pull, "manifests/%s",
		  reference);
	accept_documents(&call);
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	const struct http_answer *answer = &call.x.answer;
	if (answer->status != 200)
		return call_failed(&call, err);
	if (!answer->digest || answer->length == UINT64_MAX)
		return look_up_whole(client, reference, ret, err);
	return take_descriptor(reference, answer, ret, err);
}

int client_look_up(struct client *client, const char *reference,
		   struct descriptor *ret, struct error *err)
{
	int r = check_reference(reference, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r == 0)
		r = look_up(client, reference, ret, err);
	return r < 0 ? error_prefix(err, "%s %s", client->name, reference) : r;
}
