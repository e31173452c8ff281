#include "storage/registry/http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/memory.h"
#include "storage/registry/header.h"
#include "storage/registry/http_transfer.h"
#include "storage/registry/url.h"

/* CURLE_TOO_LARGE, since libcurl 8.6 */
#define CURLE_TOO_LARGE_ ((CURLcode)100)

enum { HOPS_MAX = 5, AGAINS_MAX = 4, TICK_MS = 100 };

static const struct http_options defaults = {
	.retry = { .tries = 6, .backoff_ms = 500, .patience_ms = 60000 },
	.connect_ms = 15000,
	.answer_ms = 60000,
	.stall_s = 30,
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int http_open(const struct http_options *given, struct http **ret,
	      struct error *err)
{
	struct http *http = xcalloc(1, sizeof(*http));
	struct http_options *o = &http->options;

	*o = *given;
	if (!o->retry.tries)
		o->retry.tries = defaults.retry.tries;
	if (!o->retry.backoff_ms)
		o->retry.backoff_ms = defaults.retry.backoff_ms;
	if (!o->retry.patience_ms)
		o->retry.patience_ms = defaults.retry.patience_ms;
	if (!o->connect_ms)
		o->connect_ms = defaults.connect_ms;
	if (!o->answer_ms)
		o->answer_ms = defaults.answer_ms;
	if (!o->stall_s)
		o->stall_s = defaults.stall_s;
	if (o->cancel_fd == 0)
		o->cancel_fd = -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		http->multi = curl_multi_init();
	if (!http->multi) {
		free(http);
		return error_say(err, ENOMEM, "libcurl cannot be used");
	}
	*ret = http;
	return 0;
}

void http_close(struct http **http)
{
	if (!*http)
		return;
	curl_multi_cleanup((*http)->multi);
	curl_global_cleanup();
	for (size_t i = 0; i < (*http)->n_trusted; i++) {
		free((*http)->trusted[i].host);
		free((*http)->trusted[i].cert_dir);
	}
	free((*http)->trusted);
	free(*http);
	*http = NULL;
}

void http_trust(struct http *http, const char *host, bool unverified,
		const char *cert_dir)
{
	for (size_t i = 0; i < http->n_trusted; i++)
		if (strcmp(http->trusted[i].host, host) == 0)
			return;
	http->trusted = xreallocarray(http->trusted, http->n_trusted + 1,
				      sizeof(*http->trusted));
	http->trusted[http->n_trusted++] = (struct trusted){
		.host = xstrdup(host),
		.cert_dir = cert_dir ? xstrdup(cert_dir) : NULL,
		.unverified = unverified,
	};
}

void http_exchange_free(struct http_exchange *x)
{
	free(x->request.url);
	strv_free(&x->request.headers);
	secret_free(&x->request.authorization);
	http_answer_free(&x->answer);
	x->request.url = NULL;
}

static void drop_hop(struct http_transfer *t)
{
	if (t->easy)
		curl_multi_remove_handle(t->http->multi, t->easy);
	http_transfer_clear(t);
}

/* a failure is said with what failed, where the caller cannot tell */
static int end(struct http_transfer *t, int r, struct error *err)
{
	const char *name = t->exchange->name;

	t->state = TRANSFER_ENDED;
	return r < 0 && name ? error_prefix(err, "%s", name) : r;
}

/* to .url, after the hop before */
static int start_hop(struct http_transfer *t, struct error *err)
{
	drop_hop(t);
	int r = http_transfer_setup(t, err);

	/* on failure the handle is not in the multi handle, which is fine */
	if (r < 0)
		return r;
	curl_multi_add_handle(t->http->multi, t->easy);
	t->state = TRANSFER_RUNS;
	return 0;
}

static int start_try(struct http_transfer *t, struct error *err)
{
	struct http_exchange *x = t->exchange;
	int r = 0;

	http_answer_free(&x->answer);
	t->hops = 0;
	t->tries++;
	if (x->prepare)
		r = x->prepare(x, err);
	if (r < 0)
		return r;
	free(t->url);
	t->url = xstrdup(x->request.url);
	return start_hop(t, err);
}

static void again_at(struct http_transfer *t, uint64_t wait_ms)
{
	t->state = TRANSFER_WAITS;
	t->not_before_ms = now_ms() + wait_ms;
}

static int wait_and_retry(struct http_transfer *t, const uint64_t *asked_s)
{
	uint32_t chance = 0;
	uint64_t wait = 0;

	/* without it the waits are only less random */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = (uint32_t)now_ms();
	if (t->exchange->progress)
		t->tries = 1;
	t->exchange->progress = false;
	int r = retry_wait(&t->http->options.retry, t->tries, asked_s, chance,
			   &wait);
	if (r == 0)
		again_at(t, wait);
	return r;
}

/* clang-format off */
static const struct {
	CURLcode code;
	int error;
} curl_errors[] = {
	{ CURLE_COULDNT_RESOLVE_HOST,     EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_PROXY,    EHOSTUNREACH },
	{ CURLE_COULDNT_CONNECT,          ECONNREFUSED },
	{ CURLE_OPERATION_TIMEDOUT,       ETIMEDOUT },
	{ CURLE_PARTIAL_FILE,             ECONNRESET },
	{ CURLE_GOT_NOTHING,              ECONNRESET },
	{ CURLE_SEND_ERROR,               ECONNRESET },
	{ CURLE_SEND_FAIL_REWIND,         ECONNRESET },
	{ CURLE_RECV_ERROR,               ECONNRESET },
	{ CURLE_SSL_CONNECT_ERROR,        ECONNABORTED },
	{ CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED },
	{ CURLE_SSL_CERTPROBLEM,          EKEYREJECTED },
	{ CURLE_SSL_CACERT_BADFILE,       EKEYREJECTED },
	{ CURLE_SSL_ISSUER_ERROR,         EKEYREJECTED },
	{ CURLE_OUT_OF_MEMORY,            EFBIG },
	{ CURLE_TOO_LARGE_,               EFBIG },
};
/* clang-format on */

static int curl_error(const struct http_transfer *t, CURLcode code,
		      struct error *err)
{
	const char *said = t->said[0] ? t->said : curl_easy_strerror(code);
	scoped(char) *where = url_origin(t->url);
	struct origin origin = { 0 };
	struct error ignored;
	int error = EPROTO;

	/* so it is called until 8.6: nobody runs out of memory here */
	if (code == CURLE_OUT_OF_MEMORY || code == CURLE_TOO_LARGE_)
		said = "a line of its headers is too long";

	/* what seek_body() refused */
	if (code == CURLE_SEND_FAIL_REWIND)
		said = "the connection was closed before all was sent";

	for (size_t i = 0; i < ARRAY_SIZE(curl_errors); i++)
		if (curl_errors[i].code == code)
			error = curl_errors[i].error;
	error_say(err, error, "%s: %s", where, said);
	if (error != EKEYREJECTED || origin_of(t->url, &origin, &ignored) < 0)
		return -error;
	return error_hint(err,
			  "if this server is the right one, put the "
			  "certificate of its authority into ~/.config/"
			  "containers/certs.d/%s%s%s/ca.crt",
			  origin.host, strcmp(origin.port, "443") ? ":" : "",
			  strcmp(origin.port, "443") ? origin.port : "");
}

/* the reasons of callbacks say nothing about where */
static int own_error(struct http_transfer *t, struct error *err)
{
	scoped(char) *where = url_origin(t->url);

	*err = t->why;
	return t->exchange->answer.foreign ? error_prefix(err, "%s", where)
					   : -err->code;
}

static int broken(struct http_transfer *t, CURLcode code, struct error *err)
{
	int r = curl_error(t, code, err);
	struct http_exchange *x = t->exchange;
	bool again = (!x->request.once || x->broke) &&
		     t->tries < retry_tries(&t->http->options.retry, (int)code);

	if (again && wait_and_retry(t, NULL) == 0) {
		if (x->broke)
			x->broke(x);
		return 0;
	}
	if (t->tries > 1)
		error_prefix(err, "tried %u times", t->tries);
	return end(t, r, err);
}

static bool is_redirect(const struct http_transfer *t)
{
	const struct http_exchange *x = t->exchange;
	long s = x->answer.status;

	return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
	       x->request.method <= HTTP_HEAD && !x->request.stay;
}

static int follow(struct http_transfer *t, struct error *err)
{
	struct http_answer *answer = &t->exchange->answer;
	scoped(char) *next = NULL;
	int r;

	if (!answer->location)
		r = error_say(err, EPROTO, "a redirect that says not where to");
	else if (++t->hops > HOPS_MAX)
		r = error_say(err, ELOOP, "more than %d redirects", HOPS_MAX);
	else
		r = url_resolve(t->url, answer->location, &next, err);
	if (r == 0)
		r = url_check_next(t->url, next, err);
	if (r < 0)
		return end(t, r, err);
	free(t->url);
	t->url = take_ptr(next);
	http_answer_free(answer);
	r = start_hop(t, err);
	return r < 0 ? end(t, r, err) : 0;
}

/* Return: 1 it will be tried again, 0 it was the last try, -EBUSY the server
 * asks for too much patience */
static int try_later(struct http_transfer *t, struct error *err)
{
	const struct http_answer *answer = &t->exchange->answer;
	uint64_t asked = 0;
	bool said = answer->retry_after &&
		    header_retry_after(answer->retry_after, time(NULL),
				       &asked) == 0;

	if (wait_and_retry(t, said ? &asked : NULL) == 0)
		return 1;
	if (!said || asked <= t->http->options.retry.patience_ms / 1000)
		return 0;
	http_status_error(t->exchange, err);
	return error_say(err, EBUSY,
			 "%.300s; it asks to come again in %llu seconds",
			 err->text, (unsigned long long)asked);
}

/* Return: as try_later(), 0 also when the answer stands */
static int passing_status(struct http_transfer *t, struct error *err)
{
	const struct http_exchange *x = t->exchange;

	return !retry_status(x->answer.status) || x->request.once
		       ? 0
		       : try_later(t, err);
}

static int go_on_later(struct http_transfer *t, struct error *err)
{
	unsigned int tries = t->tries;
	struct error why = *err;
	int r = try_later(t, err);

	if (r > 0)
		return 0;
	if (r == 0) {
		*err = why;
		r = -why.code;
		if (tries > 1)
			error_prefix(err, "tried %u times", tries);
	}
	return end(t, r, err);
}

static int finish(struct http_transfer *t, struct error *err)
{
	struct http_exchange *x = t->exchange;
	int r = x->finish ? x->finish(x, err) : 0;

	if (r <= HTTP_DONE)
		return end(t, r, err);
	if (r == HTTP_LATER)
		return go_on_later(t, err);
	t->agains = r == HTTP_NEXT ? 0 : t->agains + 1;
	if (t->agains > AGAINS_MAX)
		return end(t, http_status_error(x, err), err);
	t->tries--;
	again_at(t, 0);
	return 0;
}

/* a hop is over: what now?  Return: 0, -errno of the exchange */
static int hop_ended(struct http_transfer *t, CURLcode code, struct error *err)
{
	struct http_answer *answer = &t->exchange->answer;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	free(answer->url);
	answer->url = xstrdup(t->url);
	answer->foreign = !url_same_origin(t->url, t->exchange->request.url);
	if (code == CURLE_OK && !t->began && answer->status / 100 == 2)
		http_answer_begin(t);
	if (t->why.code)
		return end(t, own_error(t, err), err);
	if (code != CURLE_OK && !t->cut)
		return broken(t, code, err);
	if (is_redirect(t))
		return follow(t, err);
	int r = passing_status(t, err);
	if (r != 0)
		return r < 0 ? end(t, r, err) : 0;
	return finish(t, err);
}

static int collect_ended(struct http *http, struct error *err)
{
	CURLMsg *message;
	int left, r = 0;

	while (r == 0 && (message = curl_multi_info_read(http->multi, &left))) {
		struct http_transfer *t = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		r = hop_ended(t, message->data.result, err);
		/* if it runs, then to the next hop */
		if (t->state != TRANSFER_RUNS)
			drop_hop(t);
	}
	return r;
}

/* The exchanges of one http_run(). */
struct batch {
	struct http *http;
	struct http_transfer *transfers;
	size_t n, parallel;
	struct curl_waitfd *waits;
};

static size_t count(const struct batch *batch, int state)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->n; i++)
		n += (int)batch->transfers[i].state == state;
	return n;
}

static int start_waiting(struct batch *batch, struct error *err)
{
	size_t running = count(batch, TRANSFER_RUNS);
	uint64_t now = now_ms();

	for (size_t i = 0; i < batch->n && running < batch->parallel; i++) {
		struct http_transfer *t = &batch->transfers[i];
		if (t->state != TRANSFER_WAITS || t->not_before_ms > now)
			continue;
		int r = start_try(t, err);
		if (r < 0)
			return end(t, r, err);
		running++;
	}
	return 0;
}

static int poll_timeout(const struct batch *batch)
{
	uint64_t now = now_ms(), wait = TICK_MS;

	for (size_t i = 0; i < batch->n; i++) {
		const struct http_transfer *t = &batch->transfers[i];
		uint64_t left =
			t->not_before_ms > now ? t->not_before_ms - now : 0;
		if (t->state == TRANSFER_WAITS && left < wait &&
		    count(batch, TRANSFER_RUNS) < batch->parallel)
			wait = left;
		if (t->paused && t->exchange->wait_fd < 0)
			wait = wait < 10 ? wait : 10;
	}
	return (int)wait;
}

/* also when it is broken, which libcurl does not report */
static bool is_ready(int fd, short events)
{
	struct pollfd ready = { .fd = fd, .events = events };

	return fd >= 0 && poll(&ready, 1, 0) > 0;
}

/* What waited is taken within curl_easy_pause(3), and libcurl tells nobody
 * when that fails: it would go on with what comes next. */
static int resume_paused(struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct http_transfer *t = &batch->transfers[i];
		int fd = t->exchange->wait_fd;
		if (!t->paused || (fd >= 0 && !is_ready(fd, POLLOUT)))
			continue;
		t->paused = false;
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
		if (t->why.code)
			return end(t, own_error(t, err), err);
	}
	return 0;
}

/* until something happens, or for a moment */
static int wait_for_event(struct batch *batch, struct error *err)
{
	const struct http_options *options = &batch->http->options;
	struct curl_waitfd *waits = batch->waits;
	/* poll(2) passes over negative descriptors */
	size_t n = 1 + batch->n;

	for (size_t i = 0; i < n; i++)
		waits[i] = (struct curl_waitfd){ .fd = -1 };
	waits[0] = (struct curl_waitfd){ .fd = options->cancel_fd,
					 .events = CURL_WAIT_POLLIN };
	for (size_t i = 0; i < batch->n; i++)
		if (batch->transfers[i].paused)
			waits[1 + i] = (struct curl_waitfd){
				.fd = batch->transfers[i].exchange->wait_fd,
				.events = CURL_WAIT_POLLOUT,
			};
	curl_multi_poll(batch->http->multi, waits, (unsigned int)n,
			poll_timeout(batch), NULL);
	if (options->tick)
		options->tick(options->context);
	if (is_ready(options->cancel_fd, POLLIN))
		return error_say(err, ECANCELED, "interrupted");
	return resume_paused(batch, err);
}

static int run_batch(struct batch *batch, struct error *err)
{
	int running, r = 0;

	while (r == 0 && count(batch, TRANSFER_ENDED) < batch->n) {
		r = start_waiting(batch, err);
		if (r == 0)
			curl_multi_perform(batch->http->multi, &running);
		if (r == 0)
			r = collect_ended(batch->http, err);
		if (r == 0 && count(batch, TRANSFER_ENDED) < batch->n)
			r = wait_for_event(batch, err);
	}
	return r;
}

static int run_and_drop(struct http *http, struct http_exchange **exchanges,
			size_t n, size_t parallel, struct error *err)
{
	struct batch batch = {
		.http = http,
		.transfers = xcalloc(n ? n : 1, sizeof(*batch.transfers)),
		.waits = xcalloc(n + 1, sizeof(*batch.waits)),
		.n = n,
		.parallel = parallel ? parallel : 1,
	};

	for (size_t i = 0; i < n; i++) {
		batch.transfers[i].http = http;
		batch.transfers[i].exchange = exchanges[i];
	}
	int r = run_batch(&batch, err);
	for (size_t i = 0; i < n; i++) {
		drop_hop(&batch.transfers[i]);
		free(batch.transfers[i].url);
	}
	free(batch.transfers);
	free(batch.waits);
	return r;
}

/* a callback that needs an answer of its own, as for a token that ran out,
 * gets a handle of its own: the exchanges outside stand still meanwhile */
int http_run(struct http *http, struct http_exchange **exchanges, size_t n,
	     size_t parallel, struct error *err)
{
	CURLM *outer = http->multi;
	bool nested = http->busy;

	if (nested)
		http->multi = curl_multi_init();
	if (!http->multi) {
		http->multi = outer;
		return error_say(err, ENOMEM, "libcurl cannot be used");
	}
	http->busy = true;
	int r = run_and_drop(http, exchanges, n, parallel, err);
	http->busy = nested;
	if (nested)
		curl_multi_cleanup(http->multi);
	http->multi = outer;
	return r;
}

int http_do(struct http *http, struct http_exchange *exchange,
	    struct error *err)
{
	return http_run(http, &exchange, 1, 1, err);
}
