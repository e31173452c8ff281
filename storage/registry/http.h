/*
 * storage/registry/http.h - requests to a registry, several at a time
 *
 * Theory of operation.  One thread and one libcurl multi handle.  An exchange
 * is a request until it has its answer: it goes through
 *
 *   1. prepare   the caller fills in .request; before each try, so that a
 *                download asks for what is still missing
 *   2. on the way: redirects are followed by us and not by libcurl, at most
 *                5, each to https or the same origin, and the credentials go
 *                to the origin of the first URL only
 *   3. accept    the headers of a 2xx answer are there: does the caller want
 *                the body?
 *   4. take      bytes of the body; -EAGAIN makes the transfer wait
 *   5. finish    the answer is complete, whatever its status
 *
 * What passes by itself (a broken connection, 429, 5xx) is tried again from 1
 * after a wait.  The first exchange that fails ends them all.  An exchange may
 * be several requests, one after the other, as an upload is: then finish() asks
 * for the next, and prepare() says which it is.
 *
 * Always: TLS 1.2 or newer with the certificate checked (but see http_trust()),
 * HTTP/1.1, no compression, no cookies, no .netrc, 64 KiB of headers, proxies
 * as the environment has them but never for loopback addresses.
 * Source: libcurl 7.85; RFC 9110.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/registry/challenge.h"
#include "storage/registry/retry.h"

/* 0 means the default that is said with it. */
struct http_options {
	struct retry_policy retry; /* 6 tries, 500 ms, 60 s */
	uint64_t connect_ms;       /* to connect with TLS: 15 s */
	uint64_t answer_ms;        /* for a whole document: 60 s */
	unsigned int stall_s;      /* below 1 KiB/s for so long: 30 s */

	int cancel_fd; /* all ends when it becomes readable; -1, 0: never */
	void (*tick)(void *context); /* some times a second; NULL: none */
	void *context;
};

struct http;

int http_open(const struct http_options *options, struct http **ret,
	      struct error *err);
void http_close(struct http **http);

#define scoped_http __attribute__((cleanup(http_close))) struct http

/*
 * http_trust - what is special about one host, on whatever port: its own
 * server of tokens may be there.  What was said first of a host holds.
 * @host:       as origin_of() has it
 * @unverified: nobody looks whose certificate it is
 * @cert_dir:   certificates for it, in place of certs_find(); NULL: none
 */
void http_trust(struct http *http, const char *host, bool unverified,
		const char *cert_dir);

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
};

struct http_request {
	enum http_method method;
	char *url;           /* owned */
	struct strv headers; /* "Name: value", none of them secret */
	char *authorization; /* the value, or NULL; owned, wiped */

	/* what is sent: bytes in memory (borrowed), or a piece of a file */
	const void *data;
	int file_fd; /* -1: none */
	uint64_t file_offset;
	uint64_t body_size;

	size_t keep_max; /* bytes of a 2xx body to keep; 0: take() gets them */
	bool once;       /* another try would do something else: none is made */
	bool stay;       /* redirects are answers, and not followed */
};

struct http_answer {
	long status;
	char *url;       /* that answered in the end */
	bool foreign;    /* of another origin than was asked */
	uint64_t length; /* Content-Length; UINT64_MAX: not said */

	/* headers; NULL: not there */
	char *content_type, *content_encoding, *content_range;
	char *digest; /* Docker-Content-Digest */
	char *etag, *link, *location, *range, *retry_after;
	char *subject; /* OCI-Subject */
	struct challenge challenge;
	bool challenge_malformed;

	char *body; /* as .keep_max says, or of an error; has a NUL behind */
	size_t size;
};

/* What comes after an answer. */
enum http_next {
	HTTP_DONE,
	HTTP_AGAIN, /* the same request at once; only a few times */
	HTTP_NEXT,  /* another request */
	HTTP_LATER, /* another after a wait: it counts as a try that failed, and
		     * finish() has said why, for when it was the last one */
};

struct http_exchange {
	struct http_request request;
	struct http_answer answer;

	/* all may be NULL; they return 0 or -errno unless something is said */
	int (*prepare)(struct http_exchange *exchange, struct error *err);
	int (*accept)(struct http_exchange *exchange, struct error *err);
	/* Return: 0 taken; -EAGAIN not now: .wait_fd will be writable */
	int (*take)(struct http_exchange *exchange, const void *data,
		    size_t size, struct error *err);
	/* Return: enum http_next, -errno */
	int (*finish)(struct http_exchange *exchange, struct error *err);
	/* a try broke off, and prepare() will be asked for what is to be done;
	 * without it a request that is made .once is not tried again */
	void (*broke)(struct http_exchange *exchange);
	/* some of the body went out: .sent has changed */
	void (*moved)(struct http_exchange *exchange);
	void *context;
	int wait_fd;
	const char *name; /* put before what goes wrong; NULL: nothing */

	bool progress; /* set by callbacks: the tries are counted afresh */
	uint64_t sent; /* bytes of the body of this try */

	struct http_transfer *transfer; /* http.c's own */
};

/*
 * http_run - all of @exchanges, at most @parallel at a time
 *
 * Return: 0, when all of them finished: the statuses are their owners' to
 * look at; otherwise the error of the first that failed: -ECANCELED by
 * cancel_fd; -EHOSTUNREACH, -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT the network;
 * -EKEYREJECTED its certificate; -EPROTO not HTTP as it should be; -EFBIG over
 * a limit; -EPERM a redirect that is not followed; -EBUSY Retry-After is
 * too far away.
 */
int http_run(struct http *http, struct http_exchange **exchanges, size_t n,
	     size_t parallel, struct error *err);

/* http_do - one exchange */
int http_do(struct http *http, struct http_exchange *exchange,
	    struct error *err);

void http_exchange_free(struct http_exchange *exchange);

#define scoped_exchange                                                        \
	__attribute__((cleanup(http_exchange_free))) struct http_exchange

/*
 * http_status_error - say what an answer means that is not a success
 *
 * "it answers with status 404", and the registry's own words, if it has any.
 * Return: -ENOENT 404; -EACCES 401, 403; -EBUSY 429; -EPROTO or -EIO others.
 */
int http_status_error(const struct http_exchange *exchange, struct error *err);

/* a text that holds a secret: wiped, then freed; NULL is fine */
void secret_free(char **secret);

#define scoped_secret __attribute__((cleanup(secret_free))) char
