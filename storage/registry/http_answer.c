/* What comes back: headers, bodies, and what a status means; see http.h. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/header.h"
#include "storage/registry/http_transfer.h"
#include "storage/registry/url.h"

enum {
	HEADERS_MAX = 64 * 1024, /* bytes, of all hops' headers of one try */
	ERROR_BODY_MAX = 16 * 1024,
};

/* clang-format off */
static const struct {
	const char *name;
	size_t offset;
} known_headers[] = {
	{ "Content-Type",          offsetof(struct http_answer, content_type) },
	{ "Content-Encoding",      offsetof(struct http_answer, content_encoding) },
	{ "Content-Range",         offsetof(struct http_answer, content_range) },
	{ "Docker-Content-Digest", offsetof(struct http_answer, digest) },
	{ "ETag",                  offsetof(struct http_answer, etag) },
	{ "Link",                  offsetof(struct http_answer, link) },
	{ "Location",              offsetof(struct http_answer, location) },
	{ "OCI-Subject",           offsetof(struct http_answer, subject) },
	{ "Range",                 offsetof(struct http_answer, range) },
	{ "Retry-After",           offsetof(struct http_answer, retry_after) },
};
/* clang-format on */

static char **header_field(struct http_answer *answer, size_t i)
{
	return (char **)((char *)answer + known_headers[i].offset);
}

void http_answer_free(struct http_answer *answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++)
		free(*header_field(answer, i));
	free(answer->url);
	challenge_free(&answer->challenge);
	/* of the server of tokens it is one */
	if (answer->body)
		explicit_bzero(answer->body, answer->size);
	free(answer->body);
	*answer = (struct http_answer){ .length = UINT64_MAX };
}

static void keep_header(struct http_answer *answer, const char *name,
			const char *value)
{
	struct error ignored;

	if (strcasecmp(name, "WWW-Authenticate") == 0 &&
	    challenge_add(&answer->challenge, value, &ignored) < 0)
		answer->challenge_malformed = true;
	if (strcasecmp(name, "Content-Length") == 0 &&
	    header_number(value, &answer->length) < 0)
		answer->length = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++) {
		char **field = header_field(answer, i);
		if (strcasecmp(name, known_headers[i].name) == 0 && !*field)
			*field = xstrdup(value);
	}
}

/* "Name: value\r\n", not terminated; a status line begins a new answer */
size_t http_answer_header(char *data, size_t size, size_t n, void *context)
{
	struct http_transfer *t = context;
	struct http_answer *answer = &t->exchange->answer;
	scoped(char) *line = xstrndup(data, size * n);

	t->header_bytes += size * n;
	if (t->header_bytes > HEADERS_MAX) {
		error_say(&t->why, EFBIG,
			  "the server sends more than %d bytes of headers",
			  HEADERS_MAX);
		return 0;
	}
	line[strcspn(line, "\r\n")] = '\0';
	if (text_starts_with(line, "HTTP/")) {
		http_answer_free(answer);
		return size * n;
	}
	char *value = strchr(line, ':');
	if (!value)
		return size * n;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (size_t end = strlen(value);
	     end > 0 && strchr(" \t", value[end - 1]); end--)
		value[end - 1] = '\0';
	keep_header(answer, line, value);
	return size * n;
}

int http_answer_begin(struct http_transfer *t)
{
	struct http_exchange *x = t->exchange;
	const char *encoding = x->answer.content_encoding;

	t->began = true;
	if (encoding && strcasecmp(encoding, "identity") != 0)
		return error_say(&t->why, EPROTO,
				 "the answer is encoded as \"%s\", which was "
				 "not asked for",
				 encoding);
	return x->accept ? x->accept(x, &t->why) : 0;
}

/* room for @more bytes and a NUL, in steps */
static void append(struct http_answer *answer, const char *data, size_t more)
{
	enum { STEP = 16 * 1024 };
	size_t room = (answer->size + STEP) / STEP * STEP;

	if (!answer->body || answer->size + more + 1 > room) {
		room = (answer->size + more + STEP) / STEP * STEP;
		answer->body = xreallocarray(answer->body, room, 1);
	}
	memcpy(answer->body + answer->size, data, more);
	answer->size += more;
	answer->body[answer->size] = '\0';
}

static size_t take_success(struct http_transfer *t, const char *data, size_t n)
{
	struct http_exchange *x = t->exchange;

	if (!t->began && http_answer_begin(t) < 0)
		return 0;
	if (!x->take) {
		if (x->answer.size + n > x->request.keep_max) {
			error_say(&t->why, EFBIG,
				  "the answer is longer than %zu bytes",
				  x->request.keep_max);
			return 0;
		}
		append(&x->answer, data, n);
		return n;
	}
	int r = x->take(x, data, n, &t->why);
	if (r < 0 && r != -EAGAIN)
		return 0;
	/* what it could not do at once, and did later, is no reason */
	t->why = (struct error){ 0 };
	t->paused = r == -EAGAIN;
	return t->paused ? CURL_WRITEFUNC_PAUSE : n;
}

size_t http_answer_body(char *data, size_t size, size_t n, void *context)
{
	struct http_transfer *t = context;
	struct http_answer *answer = &t->exchange->answer;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	if (answer->status / 100 == 2)
		return take_success(t, data, size * n);
	if (answer->size + size * n > ERROR_BODY_MAX) {
		t->cut = true;
		return 0;
	}
	append(answer, data, size * n);
	return size * n;
}

/* {"errors":[{"code":...,"message":...}]}, distribution-spec "Error Codes" */
static char *own_words(const struct http_answer *answer)
{
	scoped_json *document = NULL;
	const char *code = NULL, *message = NULL;
	struct error ignored;

	if (!answer->body ||
	    json_parse(answer->body, answer->size, "", &document, &ignored) < 0)
		return NULL;
	const json_t *first =
		json_array_get(json_object_get(document, "errors"), 0);
	if (!json_is_object(first) ||
	    json_get_string(first, "code", &code, &ignored) < 0 ||
	    json_get_string(first, "message", &message, &ignored) < 0)
		return NULL;
	return xasprintf("%.60s%s%.200s", code ? code : "",
			 code && message ? ": " : "", message ? message : "");
}

int http_status_error(const struct http_exchange *x, struct error *err)
{
	const struct http_answer *answer = &x->answer;
	scoped(char) *words = own_words(answer);
	scoped(char) *home = url_origin(x->answer.url);
	bool has_words = words && *words;
	long status = answer->status;
	int code = status == 404                    ? ENOENT
		   : status == 401 || status == 403 ? EACCES
		   : status == 429                  ? EBUSY
		   : status >= 500                  ? EIO
						    : EPROTO;

	return error_say(err, code, "%s%s answers with status %ld%s%s%s",
			 answer->foreign ? home : "it",
			 answer->foreign ? ", where it sends us," : "", status,
			 has_words ? " (" : "", has_words ? words : "",
			 has_words ? ")" : "");
}
