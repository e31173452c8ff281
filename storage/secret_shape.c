#include "storage/secret_shape.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define WORD  LOWER UPPER DIGIT
#define URL64 WORD "-_"
#define HEX   DIGIT "abcdef"

/* clang-format off */
static const struct shape {
	const char *prefix, *of; /* what is behind it, and of what */
	size_t least, most;      /* bytes of that; .most 0: any number */
	const char *kind;
} shapes[] = {
	{ "AKIA",        UPPER DIGIT, 16, 16,  "an AWS access key" },
	{ "ASIA",        UPPER DIGIT, 16, 16,  "an AWS access key" },
	{ "ghp_",        WORD,        30, 0,   "a GitHub token" },
	{ "gho_",        WORD,        30, 0,   "a GitHub token" },
	{ "ghu_",        WORD,        30, 0,   "a GitHub token" },
	{ "ghs_",        WORD,        30, 0,   "a GitHub token" },
	{ "ghr_",        WORD,        30, 0,   "a GitHub token" },
	{ "github_pat_", WORD "_",    22, 0,   "a GitHub token" },
	{ "glpat-",      URL64 ".",   20, 0,   "a GitLab token" },
	{ "gldt-",       URL64,       20, 0,   "a GitLab token" },
	{ "glrt-",       URL64 ".",   20, 0,   "a GitLab token" },
	{ "glcbt-",      URL64,       20, 0,   "a GitLab token" },
	{ "xoxa-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xoxb-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xoxe-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xoxp-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xoxr-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xoxs-",       WORD "-",    10, 0,   "a Slack token" },
	{ "xapp-",       WORD "-",    20, 0,   "a Slack token" },
	{ "npm_",        WORD,        30, 0,   "an npm token" },
	{ "pypi-Ag",     URL64,       50, 0,   "a PyPI token" },
	{ "hf_",         WORD,        30, 0,   "a Hugging Face token" },
	{ "dckr_pat_",   URL64,       20, 0,   "a Docker Hub token" },
	{ "dop_v1_",     HEX,         64, 64,  "a DigitalOcean token" },
	{ "hvs.",        URL64,       24, 0,   "a Vault token" },
	{ "sk_live_",    WORD,        16, 0,   "a Stripe key" },
	{ "rk_live_",    WORD,        16, 0,   "a Stripe key" },
	{ "sk-ant-",     URL64,       20, 0,   "an Anthropic key" },
	{ "sk-proj-",    URL64,       20, 0,   "an OpenAI key" },
	{ "sk-",         WORD,        48, 0,   "an OpenAI key" },
	{ "AIza",        URL64,       35, 35,  "a Google key" },
	{ "SG.",         URL64 ".",   60, 0,   "a SendGrid key" },
	{ "AGE-SECRET-KEY-1", UPPER DIGIT, 58, 58, "an age key" },
};
/* clang-format on */

/* what a token is made of: one does not begin in the middle of that */
static bool is_inner(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool match(const struct shape *shape, const char *text, size_t at,
		  struct secret *ret)
{
	size_t prefix = strlen(shape->prefix);
	const char *behind = text + at + prefix;

	if (text[at] != *shape->prefix ||
	    strncmp(text + at, shape->prefix, prefix) != 0)
		return false;
	size_t n = strspn(behind, shape->of);
	if (n < shape->least || (shape->most && n > shape->most) ||
	    (shape->most && is_inner(behind[n])))
		return false;
	ret->at = at;
	ret->size = prefix + n;
	ret->kind = shape->kind;
	return true;
}

/* RFC 7519: header, claims and signature; the first two are JSON objects */
static bool match_web_token(const char *text, size_t at, struct secret *ret)
{
	const char *part = text + at;
	size_t size = 0;

	for (int i = 0; i < 3; i++) {
		size_t n = strspn(part + size, URL64);
		if (n < 10 || (i < 2 && (strncmp(part + size, "eyJ", 3) != 0 ||
					 part[size + n] != '.')))
			return false;
		size += n + (i < 2);
	}
	ret->at = at;
	ret->size = size;
	ret->kind = "a JSON web token";
	return true;
}

/* RFC 7468, OpenPGP: up to the end of what is there */
static bool match_private_key(const char *text, size_t at, struct secret *ret)
{
	static const char begin[] = "-----BEGIN ";
	const char *label = text + at + strlen(begin);

	if (strncmp(text + at, begin, strlen(begin)) != 0)
		return false;
	size_t n = strspn(label, UPPER DIGIT " ");
	scoped(char) *name = xstrndup(label, n);
	if (!strstr(name, "PRIVATE KEY") || strncmp(label + n, "-----", 5) != 0)
		return false;
	const char *end = strstr(label + n, "-----END ");
	ret->at = at;
	ret->size = end ? (size_t)(end - text) - at : strlen(text + at);
	ret->kind = "a private key";
	return true;
}

/* scheme://user:password@host; @at is that of the colon in "://" */
static bool match_url(const char *text, size_t at, struct secret *ret)
{
	const char *start = text + at + 3;
	const char *colon = NULL, *host = NULL;

	if (strncmp(text + at, "://", 3) != 0 || at == 0 ||
	    !isalnum((unsigned char)text[at - 1]))
		return false;
	size_t n = strcspn(start, "/?# \t\r\n\"'<>`\\|,;");
	for (size_t i = 0; i < n; i++) {
		if (start[i] == '@')
			host = start + i;
		if (start[i] == ':' && !colon)
			colon = start + i;
	}
	if (!colon || !host || colon > host)
		return false;
	ret->at = (size_t)(colon + 1 - text);
	ret->size = (size_t)(host - colon - 1);
	ret->kind = "a password in a URL";
	return true;
}

bool secret_shape(const char *text, size_t at, struct secret *ret)
{
	if (text[at] == ':')
		return match_url(text, at, ret);
	if (text[at] == '-')
		return match_private_key(text, at, ret);
	if (at > 0 && is_inner(text[at - 1]))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (match(&shapes[i], text, at, ret))
			return true;
	return match_web_token(text, at, ret);
}
