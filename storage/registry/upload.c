#include "storage/registry/upload.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/registry/client_private.h"
#include "storage/registry/header.h"
#include "storage/registry/url.h"

enum {
	ANSWER_MAX = 64 * 1024,
	FRESH = 1 << 20, /* bytes after which the tries are counted anew */
	UPLOADS = 3,     /* that are begun before a registry forgets no more */
};

enum step { STEP_ASK, STEP_BEGIN, STEP_SEND, STEP_CLOSE, STEP_LOOK };

/* One blob on its way. */
struct upload {
	struct call call;
	struct client *client;
	struct blob_put *blob;
	enum step step;
	const char *from; /* NULL: it is not to be mounted (any more) */
	char *scope;      /* for tokens */
	char *url;        /* where the upload is; NULL: not begun */
	uint64_t at;      /* bytes that the registry has */
	uint64_t offered; /* and has been sent, at most */
	uint64_t best;    /* the most it had when tries were counted anew */
	unsigned int forgotten; /* uploads, since then */
	bool closed; /* the last request went out: it may have worked */
	char *name;  /* for messages */
};

static struct upload *upload_of(struct http_exchange *x)
{
	return (struct upload *)x->context;
}

static void begin_anew(struct upload *u)
{
	free(u->url);
	u->url = NULL;
	u->at = u->offered = 0;
	u->step = STEP_ASK;
}

static char *upload_url(const struct upload *u, const char *rest)
{
	return xasprintf("%s/v2/%s/blobs/%s", u->client->base,
			 u->client->repository, rest);
}

static void ask(struct upload *u, struct http_request *to)
{
	to->method = HTTP_HEAD;
	to->url = upload_url(u, u->blob->digest);
}

static void begin(struct upload *u, struct http_request *to)
{
	to->method = HTTP_POST;
	to->url = upload_url(u, "uploads/");
	if (!u->from)
		return;
	to->url = url_add_query(to->url, "mount", u->blob->digest);
	to->url = url_add_query(to->url, "from", u->from);
}

/* the bytes up to @end */
static void add_body(struct upload *u, struct http_request *to, uint64_t end)
{
	to->file_fd = u->blob->fd;
	to->file_offset = u->at;
	to->body_size = end - u->at;
	to->once = true;
	strv_add(&to->headers, "Content-Type: application/octet-stream");
	if (u->offered < end)
		u->offered = end;
}

static void send_piece(struct upload *u, struct http_request *to)
{
	const struct blob_put *blob = u->blob;
	uint64_t left = blob->size - u->at;
	uint64_t end = u->at + (left < blob->chunk ? left : blob->chunk);

	to->method = HTTP_PATCH;
	to->url = xstrdup(u->url);
	add_body(u, to, end);
	/* registries that take no pieces take all of it, without a range */
	if (to->body_size < blob->size)
		strv_addf(&to->headers, "Content-Range: %llu-%llu",
			  (unsigned long long)u->at,
			  (unsigned long long)(end - 1));
}

static void close_upload(struct upload *u, struct http_request *to)
{
	to->method = HTTP_PUT;
	to->url = url_add_query(xstrdup(u->url), "digest", u->blob->digest);
	add_body(u, to, u->blob->size);
	u->closed = true;
}

static void look(struct upload *u, struct http_request *to)
{
	to->method = HTTP_GET;
	to->url = xstrdup(u->url);
}

static int done(struct upload *u, enum put_how how)
{
	u->blob->how = how;
	u->blob->at = u->blob->size;
	u->blob->done = true;
	return HTTP_DONE;
}

static int check_stored(const struct upload *u, struct error *err)
{
	const char *says = u->call.x.answer.digest;

	if (says && strcmp(says, u->blob->digest) != 0)
		return error_say(err, EBADMSG,
				 "the registry stored it as %.100s", says);
	return 0;
}

static int next(struct upload *u, enum step step)
{
	u->step = step;
	return HTTP_NEXT;
}

/* what is left goes in pieces, unless all goes with the last request */
static enum step step_to_send(const struct upload *u)
{
	return u->blob->chunk && u->at < u->blob->size ? STEP_SEND : STEP_CLOSE;
}

static int refused(struct upload *u, struct error *err)
{
	int r = call_failed(&u->call, err);

	if (u->call.x.answer.status == 413)
		error_hint(err, "the registry, or a proxy before it, has a "
				"limit on the size of a layer");
	return r;
}

/* where the answer says that it goes on */
static int take_location(struct upload *u, struct error *err)
{
	const struct http_answer *answer = &u->call.x.answer;
	scoped(char) *to = NULL;
	int r;

	if (!answer->location)
		return error_say(err, EPROTO,
				 "the registry says not where to upload to");
	r = url_resolve(answer->url, answer->location, &to, err);
	if (r == 0)
		r = url_check_next(answer->url, to, err);
	if (r < 0)
		return error_prefix(err, "the upload");
	free(u->url);
	u->url = take_ptr(to);
	return 0;
}

/* how much the registry has; @otherwise is meant when it does not say */
static int take_range(struct upload *u, uint64_t otherwise, struct error *err)
{
	const char *range = u->call.x.answer.range;
	uint64_t at = otherwise;

	if (range && header_range_end(range, &at) < 0)
		return error_say(err, EPROTO, "a malformed Range: %.60s",
				 range);
	if (at > u->offered)
		return error_say(err, EPROTO,
				 "the registry has %llu bytes of the %llu that "
				 "were sent",
				 (unsigned long long)at,
				 (unsigned long long)u->offered);
	u->at = at;
	if (at >= u->best + FRESH) {
		u->best = at;
		u->forgotten = 0;
		u->call.x.progress = true;
	}
	return take_location(u, err);
}

static int asked(struct upload *u, struct error *err)
{
	const struct http_answer *answer = &u->call.x.answer;

	if (answer->status == 404)
		return next(u, STEP_BEGIN);
	if (answer->status != 200)
		return call_failed(&u->call, err);
	int r = check_stored(u, err);
	if (r < 0)
		return r;
	/* it may be what is left of a push that went wrong there */
	if (answer->length != UINT64_MAX && answer->length != u->blob->size)
		return next(u, STEP_BEGIN);
	return done(u, u->closed ? PUT_SENT : PUT_WAS_THERE);
}

static int begun(struct upload *u, struct error *err)
{
	long status = u->call.x.answer.status;
	int r;

	if (u->from && status == 201) {
		r = check_stored(u, err);
		return r < 0 ? r : done(u, PUT_MOUNTED);
	}
	/* it may not be read, or is gone: the registry need not say which */
	if (u->from && status / 100 == 4) {
		u->from = NULL;
		u->call.scope = u->client->push;
		return next(u, STEP_BEGIN);
	}
	if (status != 202)
		return refused(u, err);
	r = take_location(u, err);
	return r < 0 ? r : next(u, step_to_send(u));
}

/* what passes by itself, or another look may put right */
static bool passes(const struct upload *u)
{
	long status = u->call.x.answer.status;

	return retry_status(status) || status == 416;
}

/* look how far it got, or begin anew where that says nothing */
static void recover(struct upload *u)
{
	if (u->blob->chunk)
		u->step = STEP_LOOK;
	else
		begin_anew(u);
}

/* bytes were refused: another try, if that may help */
static int send_again(struct upload *u, struct error *err)
{
	int r = refused(u, err);

	/* the upload is gone, or never lasts: the last one tells */
	if (u->call.x.answer.status == 404 && ++u->forgotten < UPLOADS)
		begin_anew(u);
	else if (passes(u))
		recover(u);
	else
		return u->forgotten == UPLOADS
			       ? error_prefix(err, "tried %d times", UPLOADS)
			       : r;
	return HTTP_LATER;
}

static int sent(struct upload *u, struct error *err)
{
	uint64_t end = u->at + u->call.x.request.body_size;
	int r;

	if (u->call.x.answer.status != 202)
		return send_again(u, err);
	r = take_range(u, end, err);
	if (r < 0)
		return r;
	if (u->at == end)
		return next(u, step_to_send(u));
	error_say(err, EIO, "the registry took %llu bytes of %llu",
		  (unsigned long long)u->at, (unsigned long long)end);
	u->step = step_to_send(u);
	return HTTP_LATER;
}

static int closed(struct upload *u, struct error *err)
{
	int r;

	if (u->call.x.answer.status == 201) {
		r = check_stored(u, err);
		return r < 0 ? r : done(u, PUT_SENT);
	}
	return send_again(u, err);
}

static int looked(struct upload *u, struct error *err)
{
	long status = u->call.x.answer.status;

	/* it is not known any more: maybe because all of it is there */
	if (status / 100 == 4 && status != 401) {
		begin_anew(u);
		return HTTP_NEXT;
	}
	if (status != 204 && status != 202)
		return refused(u, err);
	int r = take_range(u, 0, err);
	return r < 0 ? r : next(u, step_to_send(u));
}

/* clang-format off */
static const struct {
	void (*fill)(struct upload *u, struct http_request *to);
	int (*take)(struct upload *u, struct error *err);
} steps[] = {
	[STEP_ASK]   = { ask,          asked },
	[STEP_BEGIN] = { begin,        begun },
	[STEP_SEND]  = { send_piece,   sent },
	[STEP_CLOSE] = { close_upload, closed },
	[STEP_LOOK]  = { look,         looked },
};
/* clang-format on */

static int prepare_upload(struct call *call, struct error *err)
{
	struct upload *u = upload_of(&call->x);
	struct http_request *to = &call->x.request;

	(void)err;
	free(to->url);
	strv_free(&to->headers);
	*to = (struct http_request){
		.authorization = to->authorization,
		.file_fd = -1,
		.keep_max = ANSWER_MAX,
	};
	steps[u->step].fill(u, to);
	u->blob->at = u->at;
	return 0;
}

static int finish_upload(struct call *call, struct error *err)
{
	struct upload *u = upload_of(&call->x);
	int r = steps[u->step].take(u, err);

	/* a token may run out on the way */
	call->challenged = false;
	return r;
}

static void broke(struct http_exchange *x)
{
	struct upload *u = upload_of(x);

	if (u->step == STEP_SEND || u->step == STEP_CLOSE)
		recover(u);
}

static void moved(struct http_exchange *x)
{
	struct upload *u = upload_of(x);

	u->blob->at = u->at + x->sent;
}

static void upload_init(struct upload *u, struct client *client,
			struct blob_put *blob)
{
	*u = (struct upload){
		.client = client,
		.blob = blob,
		.from = blob->from,
		/* one token for both: the other repository must be readable */
		.scope = blob->from ? xasprintf("%s repository:%s:pull",
						client->push, blob->from)
				    : xstrdup(client->push),
		.name = xasprintf("blob %.19s to %s", blob->digest,
				  client->name),
	};
	call_init(&u->call, client, HTTP_HEAD, u->scope, "%s", "");
	u->call.prepare = prepare_upload;
	u->call.finish = finish_upload;
	u->call.x.broke = broke;
	u->call.x.moved = moved;
	u->call.x.name = u->name;
	blob->at = 0;
	blob->done = false;
}

static void upload_free(struct upload *u)
{
	call_free(&u->call);
	free(u->scope);
	free(u->url);
	free(u->name);
}

int blob_put_all(struct client *client, struct blob_put *blobs, size_t n,
		 size_t parallel, struct error *err)
{
	scoped(struct upload) *uploads = xcalloc(n + 1, sizeof(*uploads));
	scoped(struct http_exchange *) *run = xcalloc(n + 1, sizeof(*run));
	int r = client_connect(client, err);

	if (r < 0)
		return error_prefix(err, "%s", client->name);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = digest_check(blobs[i].digest, err);
	for (size_t i = 0; i < n; i++) {
		upload_init(&uploads[i], client, &blobs[i]);
		run[i] = &uploads[i].call.x;
	}
	if (r == 0)
		r = http_run(client->http, run, n, parallel, err);
	for (size_t i = 0; i < n; i++)
		upload_free(&uploads[i]);
	return r;
}
