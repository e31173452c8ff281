#include "storage/registry/push.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/hash.h"
#include "storage/registry/client_private.h"
#include "storage/registry/header.h"
#include "storage/registry/url.h"

enum { TRIES = 4, ANSWER_MAX = 64 * 1024 };

/* One upload: where it goes on, and how far it is. */
struct upload {
	struct client *client;
	struct blob_put *blob;
	char *scope;
	char *url; /* NULL: not begun */
	uint64_t at;
};

static void upload_free(struct upload *upload)
{
	free(upload->scope);
	free(upload->url);
}

#define scoped_upload __attribute__((cleanup(upload_free))) struct upload

int client_has_blob(struct client *client, const char *digest,
		    uint64_t *ret_size, struct error *err)
{
	scoped_call call;
	int r = digest_check(digest, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r < 0)
		return r;
	call_init(&call, client, HTTP_HEAD, client->pull, "blobs/%s", digest);
	r = call_do(&call, err);
	if (r < 0 || call.x.answer.status == 404)
		return r;
	if (call.x.answer.status != 200)
		return call_failed(&call, err);
	*ret_size = call.x.answer.length;
	return 1;
}

/* where the answer says that it goes on */
static int take_location(struct upload *u, const struct call *call,
			 struct error *err)
{
	const struct http_answer *answer = &call->x.answer;
	scoped(char) *next = NULL;
	int r;

	if (!answer->location)
		return error_say(err, EPROTO,
				 "the registry says not where to upload to");
	r = url_resolve(answer->url, answer->location, &next, err);
	if (r == 0)
		r = url_check_next(answer->url, next, err);
	if (r < 0)
		return error_prefix(err, "the upload");
	free(u->url);
	u->url = take_ptr(next);
	return 0;
}

/* ask for an upload, or that the blob is taken from another repository.
 * Return: 1 it was mounted; 0 the upload has begun; -errno */
static int begin(struct upload *u, const char *from, struct error *err)
{
	scoped_call call;

	call_init(&call, u->client, HTTP_POST, u->scope, "blobs/uploads/");
	if (from) {
		char *url = url_add_query(call.x.request.url, "mount",
					  u->blob->digest);
		call.x.request.url = url_add_query(url, "from", from);
	}
	call.x.request.keep_max = ANSWER_MAX;
	u->at = 0;
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	if (from && call.x.answer.status == 201)
		return 1;
	if (call.x.answer.status != 202)
		return call_failed(&call, err);
	return take_location(u, &call, err);
}

/* to where the upload is; the URL has a query that is the registry's own */
static void upload_call(struct call *call, struct upload *u,
			enum http_method method)
{
	call_init(call, u->client, method, u->scope, "%s", "");
	free(call->x.request.url);
	call->x.request.url = xstrdup(u->url);
	call->x.request.keep_max = ANSWER_MAX;
}

static int check_stored(const struct call *call, const char *digest,
			struct error *err)
{
	const char *says = call->x.answer.digest;

	if (call->x.answer.status != 201)
		return call_failed(call, err);
	if (says && strcmp(says, digest) != 0)
		return error_say(err, EBADMSG,
				 "the registry stored it as %.100s", says);
	return 0;
}

/* the last request, with the rest of the bytes */
static int close_upload(struct upload *u, struct error *err)
{
	scoped_call call;

	upload_call(&call, u, HTTP_PUT);
	call.x.request.url =
		url_add_query(call.x.request.url, "digest", u->blob->digest);
	call.x.request.file_fd = u->blob->fd;
	call.x.request.file_offset = u->at;
	call.x.request.body_size = u->blob->size - u->at;
	call.x.request.once = true;
	strv_add(&call.x.request.headers,
		 "Content-Type: application/octet-stream");
	u->blob->before = u->at;
	u->blob->exchange = &call.x;
	int r = call_do(&call, err);
	u->blob->exchange = NULL;
	return r < 0 ? r : check_stored(&call, u->blob->digest, err);
}

/* what the registry has; a piece may have come half */
static int take_range(struct upload *u, const struct call *call, uint64_t sent,
		      struct error *err)
{
	const char *range = call->x.answer.range;
	uint64_t at = sent;

	if (range && header_range_end(range, &at) < 0)
		return error_say(err, EPROTO, "a malformed Range: %.60s",
				 range);
	if (at > sent)
		return error_say(err, EPROTO,
				 "the registry has %llu bytes of the %llu that "
				 "were sent",
				 (unsigned long long)at,
				 (unsigned long long)sent);
	u->at = at;
	return take_location(u, call, err);
}

static int send_chunk(struct upload *u, uint64_t size, struct error *err)
{
	scoped_call call;

	upload_call(&call, u, HTTP_PATCH);
	call.x.request.file_fd = u->blob->fd;
	call.x.request.file_offset = u->at;
	call.x.request.body_size = size;
	call.x.request.once = true;
	strv_add(&call.x.request.headers,
		 "Content-Type: application/octet-stream");
	strv_addf(&call.x.request.headers, "Content-Range: %llu-%llu",
		  (unsigned long long)u->at,
		  (unsigned long long)(u->at + size - 1));
	u->blob->before = u->at;
	u->blob->exchange = &call.x;
	int r = call_do(&call, err);
	u->blob->exchange = NULL;
	if (r < 0)
		return r;
	if (call.x.answer.status != 202)
		return call_failed(&call, err);
	return take_range(u, &call, u->at + size, err);
}

/* after a connection broke: how far did it get? */
static int ask_how_far(struct upload *u, uint64_t sent, struct error *err)
{
	scoped_call call;

	upload_call(&call, u, HTTP_GET);
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	if (call.x.answer.status != 204 && call.x.answer.status != 202)
		return call_failed(&call, err);
	if (!call.x.answer.range) {
		u->at = 0;
		return take_location(u, &call, err);
	}
	return take_range(u, &call, sent, err);
}

static bool passes(int r)
{
	return r == -ECONNRESET || r == -ETIMEDOUT || r == -ECONNREFUSED ||
	       r == -EIO || r == -EBUSY || r == -ECONNABORTED;
}

static int send_chunks(struct upload *u, struct error *err)
{
	int failures = 0;

	while (u->blob->size - u->at > u->blob->chunk) {
		uint64_t before = u->at;
		int r = send_chunk(u, u->blob->chunk, err);
		if (r == 0) {
			failures = 0;
			continue;
		}
		if (!passes(r) || ++failures == TRIES)
			return r;
		r = ask_how_far(u, before + u->blob->chunk, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* a POST waits and tries again by itself: no wait is needed here */
static int upload(struct upload *u, struct error *err)
{
	int r = -EIO;

	for (int i = 0; i < TRIES && (i == 0 || passes(r)); i++) {
		r = u->url ? 0 : begin(u, NULL, err);
		if (r == 0 && u->blob->chunk)
			r = send_chunks(u, err);
		if (r == 0)
			r = close_upload(u, err);
		free(u->url);
		u->url = NULL;
	}
	return r;
}

static int put(struct upload *u, struct error *err)
{
	struct blob_put *blob = u->blob;
	uint64_t size = 0;
	int r = client_has_blob(u->client, blob->digest, &size, err);

	if (r > 0) {
		blob->how = PUT_WAS_THERE;
		return 0;
	}
	if (r < 0)
		return r;
	blob->how = PUT_SENT;
	if (blob->from) {
		r = begin(u, blob->from, err);
		if (r > 0)
			blob->how = PUT_MOUNTED;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return upload(u, err);
}

int blob_put_one(struct client *client, struct blob_put *blob,
		 struct error *err)
{
	/* one token for both: the other repository must be readable */
	scoped_upload u = {
		.client = client,
		.blob = blob,
		.scope = blob->from ? xasprintf("%s repository:%s:pull",
						client->push, blob->from)
				    : xstrdup(client->push),
	};
	int r = client_connect(client, err);

	if (r == 0)
		r = put(&u, err);
	return r < 0 ? error_prefix(err, "blob %.19s to %s", blob->digest,
				    client->name)
		     : 0;
}

uint64_t blob_put_progress(const struct blob_put *blob)
{
	return blob->before + (blob->exchange ? blob->exchange->sent : 0);
}

static int put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			const char *digest, struct error *err)
{
	scoped_call call;

	call_init(&call, client, HTTP_PUT, client->push, "manifests/%s",
		  reference ? reference : digest);
	strv_addf(&call.x.request.headers, "Content-Type: %s", media_type);
	call.x.request.data = text;
	call.x.request.body_size = size;
	call.x.request.keep_max = ANSWER_MAX;
	int r = call_do(&call, err);
	return r < 0 ? r : check_stored(&call, digest, err);
}

int client_put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			char ret_digest[DIGEST_MAX], struct error *err)
{
	int r = hash_text(text, size, ret_digest, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r == 0)
		r = put_document(client, reference, text, size, media_type,
				 ret_digest, err);
	return r < 0 ? error_prefix(err, "%s %s", client->name,
				    reference ? reference : "")
		     : 0;
}
