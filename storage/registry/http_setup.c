/* A request becomes a libcurl easy handle; see http.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/registry/certs.h"
#include "storage/registry/http_transfer.h"
#include "storage/registry/place.h"
#include "storage/registry/url.h"

enum {
	STALL_BYTES = 1024,   /* a second */
	UPLOAD_PATIENCE = 10, /* a registry may think long about what it got */
	BUNDLE_MAX = 4 << 20,
};

void secret_free(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* bytes of the body, from memory or the file */
static size_t read_body(char *to, size_t size, size_t n, void *context)
{
	struct http_transfer *t = context;
	struct http_exchange *x = t->exchange;
	const struct http_request *request = &x->request;
	uint64_t left = request->body_size - x->sent;
	size_t want = size * n < left ? size * n : (size_t)left;
	ssize_t got = (ssize_t)want;

	if (request->data)
		memcpy(to, (const char *)request->data + x->sent, want);
	else if (want > 0)
		got = pread(request->file_fd, to, want,
			    (off_t)(request->file_offset + x->sent));
	if (got < 0 || (got == 0 && want > 0)) {
		error_say(&t->why, EIO, "what is to be sent cannot be read");
		return CURL_READFUNC_ABORT;
	}
	x->sent += (uint64_t)got;
	if (x->moved)
		x->moved(x);
	return (size_t)got;
}

static int seek_body(void *context, curl_off_t offset, int origin)
{
	struct http_transfer *t = context;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > t->exchange->request.body_size)
		return CURL_SEEKFUNC_FAIL;
	/* libcurl would send it again when a kept connection has died */
	if (t->exchange->request.once && t->exchange->sent > 0)
		return CURL_SEEKFUNC_FAIL;
	t->exchange->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void set_method(struct http_transfer *t)
{
	static const char *const names[] = {
		[HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",
		[HTTP_POST] = "POST",   [HTTP_PUT] = "PUT",
		[HTTP_PATCH] = "PATCH",
	};
	const struct http_request *request = &t->exchange->request;
	CURL *easy = t->easy;

	if (request->method == HTTP_GET)
		return;
	if (request->method == HTTP_HEAD) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[request->method]);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)request->body_size);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, t);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
}

static void set_limits(struct http_transfer *t)
{
	const struct http_options *options = &t->http->options;
	const struct http_request *request = &t->exchange->request;
	bool sends = request->body_size > 0;
	long stall = options->stall_s;

	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)options->connect_ms);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
			 sends ? stall * UPLOAD_PATIENCE : stall);
	/* what has no body to speak of is soon over, or never */
	if (!sends && !t->exchange->take)
		curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS,
				 (long)options->answer_ms);
}

/* libcurl's own authorities would be replaced: where it has no directory of
 * them beside the bundle, the bundle goes along */
static char *with_system(const char *authorities)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	scoped(char) *bundle = NULL;
	struct error ignored;

	if (!info->capath && info->cainfo)
		fd_read_file(AT_FDCWD, info->cainfo, BUNDLE_MAX, &bundle,
			     &ignored);
	return xasprintf("%s%s", authorities, bundle ? bundle : "");
}

static void use_certs(CURL *easy, const struct certs *certs)
{
	if (certs->authorities) {
		scoped(char) *all = with_system(certs->authorities);
		struct curl_blob blob = {
			.data = all,
			.len = strlen(all),
			.flags = CURL_BLOB_COPY,
		};
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (certs->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, certs->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, certs->key);
	}
}

static const struct trusted *find_trusted(const struct http *http,
					  const char *host)
{
	for (size_t i = 0; i < http->n_trusted; i++)
		if (strcmp(http->trusted[i].host, host) == 0)
			return &http->trusted[i];
	return NULL;
}

static int find_certs(const struct origin *origin,
		      const struct trusted *trusted, struct certs *ret,
		      struct error *err)
{
	if (trusted && trusted->cert_dir)
		return certs_read(trusted->cert_dir, ret, err);
	scoped(char) *name =
		strcmp(origin->port, "443") == 0
			? xstrdup(origin->host)
			: xasprintf("%s:%s", origin->host, origin->port);
	return certs_find(name, ret, err);
}

static int set_origin(struct http_transfer *t, struct error *err)
{
	struct origin origin;
	struct certs certs = { 0 };
	int r = origin_of(t->url, &origin, err);

	if (r < 0)
		return r;
	/* Go's clients, whose users' settings we share, do the same */
	if (place_is_loopback(origin.host))
		curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "*");
	if (!origin.tls)
		return 0;
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	const struct trusted *trusted = find_trusted(t->http, origin.host);
	bool verified = !trusted || !trusted->unverified;
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, verified ? 1L : 0L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, verified ? 2L : 0L);
	r = find_certs(&origin, trusted, &certs, err);
	if (r == 0)
		use_certs(t->easy, &certs);
	certs_free(&certs);
	return r;
}

static void add_header(struct http_transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
}

/* the credentials only to whom they are for, whoever sent us on */
static void set_headers(struct http_transfer *t)
{
	const struct http_request *request = &t->exchange->request;

	for (size_t i = 0; i < request->headers.n; i++)
		add_header(t, request->headers.v[i]);
	add_header(t, "Expect:");
	if (request->authorization && url_same_origin(t->url, request->url)) {
		scoped_secret *line =
			xasprintf("Authorization: %s", request->authorization);
		add_header(t, line);
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
}

int http_transfer_setup(struct http_transfer *t, struct error *err)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return error_say(err, ENOMEM, "libcurl cannot be used");
	t->easy = easy;
	t->exchange->sent = 0;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "wolffia");
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->said);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_answer_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_answer_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L * 1024);
	set_method(t);
	set_limits(t);
	set_headers(t);
	return set_origin(t, err);
}

void http_transfer_clear(struct http_transfer *t)
{
	if (t->easy)
		curl_easy_cleanup(t->easy);
	t->easy = NULL;
	for (struct curl_slist *h = t->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	t->header_bytes = 0;
	t->said[0] = '\0';
	t->began = t->paused = t->cut = false;
	t->why = (struct error){ 0 };
}
