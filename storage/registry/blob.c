#include "storage/registry/blob.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/hash.h"
#include "storage/registry/client_private.h"
#include "storage/registry/header.h"

enum {
	BUFFER = 256 * 1024,
	FRESH = 1 << 20, /* bytes after which the tries are counted anew */
};

/* One blob under way. */
struct fetch {
	struct call call;
	struct blob_get *blob;
	struct hash *hash;
	uint64_t carried; /* bytes of earlier runs that nobody has checked */
	uint64_t skip;    /* bytes to pass over: the server sends them again */
	uint64_t fresh;   /* bytes since the tries were counted anew */
	char *name;       /* for messages */
};

static struct fetch *fetch_of(struct http_exchange *x)
{
	return (struct fetch *)x->context;
}

static int wrong(const char *why, struct error *err)
{
	return error_say(err, EBADMSG, "%s", why);
}

static int restart(struct fetch *f, struct error *err)
{
	hash_free(&f->hash);
	f->blob->at = f->carried = f->skip = 0;
	if (ftruncate(f->blob->fd, 0) < 0)
		return error_set(err, errno, "empty the file of a blob");
	return hash_begin(f->blob->digest, &f->hash, err);
}

/* hash what the file has; what is more than a blob can be is of no use */
static int catch_up(struct fetch *f, struct error *err)
{
	scoped(char) *buffer = xcalloc(1, BUFFER);
	struct blob_get *blob = f->blob;
	int r = hash_begin(blob->digest, &f->hash, err);

	blob->at = 0;
	blob->verified = false;
	while (r == 0) {
		ssize_t n = pread(blob->fd, buffer, BUFFER, (off_t)blob->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read the file of a blob");
		if (n == 0)
			break;
		blob->at += (uint64_t)n;
		if (blob->at > blob->size)
			return restart(f, err);
		r = hash_add(f->hash, buffer, (size_t)n, err);
	}
	f->carried = blob->at;
	return r;
}

/* the digest of all of it.  Return: 0 right, 1 begin again, -EBADMSG */
static int check_whole(struct fetch *f, struct error *err)
{
	char digest[DIGEST_MAX];
	int r = hash_end(f->hash, digest, err);

	if (r < 0)
		return r;
	f->blob->verified = strcmp(digest, f->blob->digest) == 0;
	if (f->blob->verified)
		return 0;
	bool carried = f->carried > 0 && !f->blob->tee;
	r = restart(f, err);
	if (r < 0 || carried)
		return r < 0 ? r : 1;
	return error_say(err, EBADMSG, "its digest is %s", digest);
}

static int ask_for_rest(struct call *call, struct error *err)
{
	struct fetch *f = fetch_of(&call->x);
	struct strv *headers = &call->x.request.headers;

	(void)err;
	strv_free(headers);
	f->skip = 0;
	if (f->blob->at > 0)
		strv_addf(headers, "Range: bytes=%llu-",
			  (unsigned long long)f->blob->at);
	return 0;
}

/* 206: exactly what was asked for, or nothing can be said of the bytes */
static int accept_part(const struct fetch *f, const struct http_answer *answer,
		       struct error *err)
{
	uint64_t first, last, total;

	if (!answer->content_range ||
	    header_content_range(answer->content_range, &first, &last, &total) <
		    0)
		return error_say(err, EPROTO,
				 "a part without a valid Content-Range");
	if (first != f->blob->at || last != f->blob->size - 1 ||
	    (total != UINT64_MAX && total != f->blob->size))
		return error_say(err, EPROTO,
				 "another part than was asked for: %.60s, not "
				 "%llu-%llu/%llu",
				 answer->content_range,
				 (unsigned long long)f->blob->at,
				 (unsigned long long)f->blob->size - 1,
				 (unsigned long long)f->blob->size);
	return 0;
}

static int accept_body(struct http_exchange *x, struct error *err)
{
	struct fetch *f = fetch_of(x);
	const struct http_answer *answer = &x->answer;
	uint64_t expected = f->blob->size;
	int r = 0;

	if (answer->status == 206) {
		r = accept_part(f, answer, err);
		expected -= f->blob->at;
	} else if (answer->status == 200) {
		f->skip = f->blob->at;
	} else {
		r = error_say(err, EPROTO, "status %ld instead of the blob",
			      answer->status);
	}
	if (r == 0 && answer->length != UINT64_MAX &&
	    answer->length != expected)
		r = error_say(err, EBADMSG,
			      "%llu bytes are announced instead of %llu",
			      (unsigned long long)answer->length,
			      (unsigned long long)expected);
	return r;
}

static int write_at(const struct blob_get *blob, const char *data, size_t size,
		    struct error *err)
{
	uint64_t at = blob->at;

	while (size > 0) {
		ssize_t n = pwrite(blob->fd, data, size, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "write a blob");
		data += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int take_bytes(struct http_exchange *x, const void *data, size_t size,
		      struct error *err)
{
	struct fetch *f = fetch_of(x);
	struct blob_get *blob = f->blob;
	size_t passed = f->skip < size ? (size_t)f->skip : size;
	const char *from = (const char *)data + passed;
	size_t n = size - passed;
	int r = 0;

	if (n > blob->size - blob->at)
		return wrong("there are more bytes than its size says", err);
	if (n > 0 && blob->tee)
		r = blob->tee(blob->context, from, n, err);
	x->wait_fd = blob->tee_fd; /* it may be there only now */
	if (r == 0)
		r = write_at(blob, from, n, err);
	if (r == 0)
		r = hash_add(f->hash, from, n, err);
	if (r < 0)
		return r;
	f->skip -= passed;
	blob->at += n;
	f->fresh += n;
	if (f->fresh >= FRESH) {
		f->fresh = 0;
		x->progress = true;
		/* so long ago that a token may have run out since */
		f->call.challenged = false;
	}
	return 0;
}

static int finish_blob(struct call *call, struct error *err)
{
	struct fetch *f = fetch_of(&call->x);
	long status = call->x.answer.status;

	if (status == 416)
		return wrong("the registry has fewer bytes than its size says",
			     err);
	if (status / 100 != 2)
		return call_failed(call, err);
	/* an end that looks like one, but comes too early */
	if (f->blob->at < f->blob->size)
		return 1;
	return check_whole(f, err);
}

static char *blob_name(const struct client *client, const char *digest)
{
	return xasprintf("blob %.19s of %s", digest, client->name);
}

static void fetch_init(struct fetch *f, struct client *client,
		       struct blob_get *blob)
{
	*f = (struct fetch){ .blob = blob };
	call_init(&f->call, client, HTTP_GET, client->pull, "blobs/%s",
		  blob->digest);
	f->call.prepare = ask_for_rest;
	f->call.finish = finish_blob;
	f->call.x.accept = accept_body;
	f->call.x.take = take_bytes;
	f->call.x.wait_fd = blob->tee_fd;
	f->name = blob_name(client, blob->digest);
	f->call.x.name = f->name;
}

static void fetch_free(struct fetch *f)
{
	hash_free(&f->hash);
	call_free(&f->call);
	free(f->name);
}

/* Return: 1 it is all there; 0 there is something to fetch; -errno */
static int begin_one(struct fetch *f, struct error *err)
{
	int r = digest_check(f->blob->digest, err);

	if (r == 0)
		r = catch_up(f, err);
	if (r == 0 && f->blob->at == f->blob->size)
		r = check_whole(f, err) ?: 1;
	else
		return r;
	/* it was all there, but wrong: from the start */
	return r == 1 && !f->blob->verified ? 0 : r;
}

static int check_once(const struct blob_get *blobs, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(blobs[i].digest, blobs[k].digest) == 0)
				return error_say(err, EINVAL,
						 "blob %.19s is asked for "
						 "twice",
						 blobs[i].digest);
	return 0;
}

int blob_get_all(struct client *client, struct blob_get *blobs, size_t n,
		 size_t parallel, struct error *err)
{
	scoped(struct fetch) *fetches = xcalloc(n + 1, sizeof(*fetches));
	scoped(struct http_exchange *) *run = xcalloc(n + 1, sizeof(*run));
	size_t n_run = 0;
	int r = check_once(blobs, n, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r < 0)
		return error_prefix(err, "%s", client->name);
	for (size_t i = 0; i < n; i++)
		fetch_init(&fetches[i], client, &blobs[i]);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = begin_one(&fetches[i], err);
		if (r == 0)
			run[n_run++] = &fetches[i].call.x;
		else if (r < 0)
			error_prefix(err, "%s", fetches[i].name);
	}
	if (r >= 0)
		r = http_run(client->http, run, n_run, parallel, err);
	for (size_t i = 0; i < n; i++)
		fetch_free(&fetches[i]);
	return r < 0 ? r : 0;
}

static int check_text(const struct http_answer *answer, const char *digest,
		      uint64_t size, struct error *err)
{
	const char *text = answer->body ? answer->body : "";
	scoped_hash *hash = NULL;
	char found[DIGEST_MAX];
	int r;

	if (answer->size != size)
		return wrong("it is shorter than its size says", err);
	r = hash_begin(digest, &hash, err);
	if (r == 0)
		r = hash_add(hash, text, answer->size, err);
	if (r == 0)
		r = hash_end(hash, found, err);
	if (r == 0 && strcmp(found, digest) != 0)
		r = error_say(err, EBADMSG, "its digest is %s", found);
	return r;
}

static int get_text(struct client *client, const char *digest, uint64_t size,
		    char **ret, struct error *err)
{
	scoped_call call;
	struct http_answer *answer = &call.x.answer;
	int r = client_connect(client, err);

	if (r < 0)
		return r;
	call_init(&call, client, HTTP_GET, client->pull, "blobs/%s", digest);
	call.x.request.keep_max = size ? (size_t)size : 1;
	r = call_do(&call, err);
	if (r == 0 && answer->status != 200)
		r = call_failed(&call, err);
	if (r == 0)
		r = check_text(answer, digest, size, err);
	if (r == 0)
		*ret = answer->body ? take_ptr(answer->body) : xstrdup("");
	return r;
}

int blob_get_text(struct client *client, const char *digest, uint64_t size,
		  size_t max, char **ret, struct error *err)
{
	int r = digest_check(digest, err);

	if (r < 0)
		return r;
	r = size > max ? error_say(err, EFBIG, "more than %zu bytes", max)
		       : get_text(client, digest, size, ret, err);
	if (r < 0) {
		scoped(char) *name = blob_name(client, digest);
		return error_prefix(err, "%s", name);
	}
	return 0;
}
