#include "storage/registry/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "storage/registry/header.h"

static void free_parts(CURLU **parts)
{
	curl_url_cleanup(*parts);
}

static void free_text(char **text)
{
	curl_free(*text);
}

#define scoped_parts __attribute__((cleanup(free_parts))) CURLU
#define scoped_text  __attribute__((cleanup(free_text))) char

static int no_url(const char *url, struct error *err)
{
	/* without the query, which may hold a secret */
	int n = (int)strcspn(url, "?#");

	return error_say(err, EPROTO, "\"%.*s\" is not a URL for https",
			 n < 200 ? n : 200, url);
}

/* letters, digits, dots; or an address in brackets */
static bool is_host(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
	size_t n = strlen(host);

	if (n == 0 || n >= sizeof(((struct origin *)NULL)->host))
		return false;
	if (host[0] == '[')
		return strspn(host + 1, "0123456789abcdefABCDEF:.") == n - 2 &&
		       host[n - 1] == ']';
	return strspn(host, letters) == n;
}

static bool is_http(const char *scheme)
{
	return strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0;
}

/* only http and https, no user: what does not fit is no URL of ours */
static CURLU *parse(const char *url)
{
	CURLU *parts = curl_url();
	scoped_text *scheme = NULL, *host = NULL;

	if (parts && strlen(url) <= URL_MAX && header_is_plain(url) &&
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) ==
		    CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    is_http(scheme) && is_host(host))
		return parts;
	curl_url_cleanup(parts);
	return NULL;
}

int origin_of(const char *url, struct origin *ret, struct error *err)
{
	scoped_parts *parts = parse(url);
	scoped_text *scheme = NULL, *host = NULL, *port = NULL;
	struct origin origin = { 0 };

	if (!parts ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
		    CURLUE_OK ||
	    strlen(port) >= sizeof(origin.port))
		return no_url(url, err);
	origin.tls = strcmp(scheme, "https") == 0;
	for (size_t i = 0; host[i]; i++)
		origin.host[i] =
			(char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20
								: host[i]);
	strcpy(origin.port, port);
	*ret = origin;
	return 0;
}

bool origin_same(const struct origin *a, const struct origin *b)
{
	return a->tls == b->tls && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->port, b->port) == 0;
}

bool url_same_origin(const char *a, const char *b)
{
	struct origin one, other;
	struct error ignored;

	return origin_of(a, &one, &ignored) == 0 &&
	       origin_of(b, &other, &ignored) == 0 && origin_same(&one, &other);
}

int url_resolve(const char *base, const char *location, char **ret,
		struct error *err)
{
	scoped_parts *parts = parse(base), *check = NULL;
	scoped_text *text = NULL;

	if (!parts || strlen(location) > URL_MAX ||
	    !header_is_plain(location) ||
	    curl_url_set(parts, CURLUPART_URL, location, CURLU_DISALLOW_USER) !=
		    CURLUE_OK ||
	    curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return no_url(location, err);
	check = parse(text);
	if (!check)
		return no_url(location, err);
	*ret = xstrdup(text);
	return 0;
}

int url_check_next(const char *from, const char *to, struct error *err)
{
	struct origin here = { 0 }, there = { 0 };
	int r = origin_of(from, &here, err);

	if (r == 0)
		r = origin_of(to, &there, err);
	if (r < 0 || there.tls || origin_same(&here, &there))
		return r;
	scoped(char) *shown = url_origin(to);
	return error_say(err, EPERM,
			 "it sends us on to %s, which is not encrypted", shown);
}

char *url_origin(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n =
		host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;

	return xstrndup(url, n < 300 ? n : 300);
}

char *url_add_query(char *url, const char *key, const char *value)
{
	scoped_text *escaped = curl_easy_escape(NULL, value, 0);
	char *longer = xasprintf("%s%c%s=%s", url, strchr(url, '?') ? '&' : '?',
				 key, escaped ? escaped : "");

	free(url);
	return longer;
}
