/*
 * storage/registry/url.h - where a request goes, and where it may go on to
 *
 * Pure; URLs are taken apart by libcurl, which is who will connect to them.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define URL_MAX 16384 /* bytes; those of signed storage have some 2000 */

/* An origin as RFC 6454 has it: who may see what is meant for whom. */
struct origin {
	bool tls;       /* https */
	char host[256]; /* lower case; IPv6 in brackets */
	char port[8];   /* always there */
};

/* origin_of - Return: 0; -EPROTO it is not an http or https URL, has a user
 * in it, or characters that do not belong there */
int origin_of(const char *url, struct origin *ret, struct error *err);
bool origin_same(const struct origin *a, const struct origin *b);

/*
 * url_resolve - what @location means in an answer from @base
 * @ret: an absolute http or https URL without a fragment; the caller's to free
 * Return: 0; -EPROTO it is none
 */
int url_resolve(const char *base, const char *location, char **ret,
		struct error *err);

/*
 * url_check_next - may @to be gone on to when @from says so?
 *
 * To any host by https; by plain http only to the very same origin.
 * Return: 0; -EPERM it may not
 */
int url_check_next(const char *from, const char *to, struct error *err);

/* url_same_origin - false also when one of them is not a URL */
bool url_same_origin(const char *a, const char *b);

/* url_origin - "https://host:port" of @url, for a message: a path or a query
 * may hold a signature or a token; the caller's to free */
char *url_origin(const char *url);

/* url_add_query - "&key=value" or "?key=value" behind @url, the value
 * escaped; @url is freed, the result the caller's to free */
char *url_add_query(char *url, const char *key, const char *value);
