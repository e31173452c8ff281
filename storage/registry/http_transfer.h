/*
 * storage/registry/http_transfer.h - what the files of http.h share
 */
#pragma once

#include <curl/curl.h>

#include "storage/registry/http.h"

/* A host of http_trust(). */
struct trusted {
	char *host, *cert_dir;
	bool unverified;
};

struct http {
	struct http_options options; /* with the defaults filled in */
	CURLM *multi;
	bool busy; /* in http_run() */
	struct trusted *trusted;
	size_t n_trusted;
};

/* One exchange under way: its try, and the hop of this try. */
struct http_transfer {
	struct http *http;
	struct http_exchange *exchange;
	enum { TRANSFER_WAITS, TRANSFER_RUNS, TRANSFER_ENDED } state;
	uint64_t not_before_ms; /* while it waits */
	unsigned int tries, hops, agains;

	CURL *easy;
	struct curl_slist *headers;
	char *url; /* of this hop */
	char said[CURL_ERROR_SIZE];
	size_t header_bytes;
	bool began;       /* accept() was asked */
	bool paused;      /* take() said -EAGAIN */
	bool cut;         /* an error's body was longer than anybody reads */
	struct error why; /* .code: a callback of ours ended it */
};

/* http_setup.c: .easy for .url, ready to be added; and its end */
int http_transfer_setup(struct http_transfer *transfer, struct error *err);
void http_transfer_clear(struct http_transfer *transfer);

/* http_answer.c: what libcurl calls */
size_t http_answer_header(char *data, size_t size, size_t n, void *transfer);
size_t http_answer_body(char *data, size_t size, size_t n, void *transfer);

/* the headers of a 2xx answer are complete; Return: 0, or .why is set */
int http_answer_begin(struct http_transfer *transfer);
void http_answer_free(struct http_answer *answer);
