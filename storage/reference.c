#include "storage/reference.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/digest.h"

#define DOCKER "docker.io"

enum { TAG_MAX = 128 };

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char alnum[] = "abcdefghijklmnopqrstuvwxyz0123456789"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* [a-z0-9]+ joined by one of: "." "_" "__" and any number of "-" */
static bool is_path_component(const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		size_t run = strspn(s, lower);
		if (run == 0)
			return false;
		s += run;
		if (s >= end)
			return s == end;
		if (*s == '-')
			s += strspn(s, "-");
		else if (s[0] == '_' && s[1] == '_')
			s += 2;
		else if (*s == '.' || *s == '_')
			s++;
		else
			return false;
		if (s >= end)
			return false;
	}
	return false;
}

static bool is_path(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");
		if (!is_path_component(path, n))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static bool is_port(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n >= 1 && n <= 5 && s[n] == '\0';
}

/* "[::1]" or labels of letters, digits and inner "-"; then maybe ":port" */
static bool is_domain(const char *s)
{
	if (*s == '[') {
		size_t n = strspn(++s, "0123456789abcdefABCDEF:");
		if (n == 0 || s[n] != ']')
			return false;
		s += n + 1;
		return !*s || (*s == ':' && is_port(s + 1));
	}
	for (;;) {
		size_t n = strcspn(s, ".:");
		if (n == 0 || !is_one_of(s[0], alnum) ||
		    !is_one_of(s[n - 1], alnum))
			return false;
		for (size_t i = 0; i < n; i++)
			if (s[i] != '-' && !is_one_of(s[i], alnum))
				return false;
		s += n;
		if (*s == ':')
			return is_port(s + 1);
		if (!*s)
			return true;
		s++;
	}
}

static bool is_tag(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > TAG_MAX || !is_one_of(s[0], word))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_one_of(s[i], word) && s[i] != '.' && s[i] != '-')
			return false;
	return true;
}

/* splitDockerDomain() of distribution/reference */
static bool names_domain(const char *s, size_t n)
{
	if (n == strlen("localhost") && strncmp(s, "localhost", n) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' || s[i] == ':' || (s[i] >= 'A' && s[i] <= 'Z'))
			return true;
	return false;
}

static int malformed(const char *text, const char *why, struct error *err)
{
	error_say(err, EINVAL, "\"%.200s\" is not the name of an image: %s",
		  text, why);
	return error_hint(err, "write NAME[:TAG] or NAME@sha256:..., with "
			       "lower-case letters, as in debian:12");
}

static int split_digest(char *rest, struct reference *ref, const char *text,
			struct error *err)
{
	char *at = strchr(rest, '@');

	if (!at)
		return 0;
	*at = '\0';
	if (!digest_is_valid(at + 1))
		return malformed(text, "the digest is malformed", err);
	ref->digest = xstrdup(at + 1);
	return 0;
}

static int split_tag(char *rest, struct reference *ref, const char *text,
		     struct error *err)
{
	char *slash = strrchr(rest, '/');
	char *colon = strrchr(slash ? slash : rest, ':');

	if (!colon)
		return 0;
	*colon = '\0';
	if (!is_tag(colon + 1))
		return malformed(text, "the tag is malformed", err);
	ref->tag = xstrdup(colon + 1);
	return 0;
}

static int split_domain(char *rest, struct reference *ref, const char *text,
			struct error *err)
{
	char *slash = strchr(rest, '/');

	if (slash && names_domain(rest, (size_t)(slash - rest))) {
		*slash = '\0';
		if (!is_domain(rest))
			return malformed(text, "the domain is malformed", err);
		bool docker = strcmp(rest, "index." DOCKER) == 0;
		ref->domain = xstrdup(docker ? DOCKER : rest);
		rest = slash + 1;
	}
	if (!is_path(rest))
		return malformed(text, "the path is malformed", err);
	if (!ref->domain && strlen(rest) == 64 &&
	    strspn(rest, "0123456789abcdef") == 64)
		return malformed(text, "64 hexadecimal digits are an id", err);
	bool official = ref->domain && strcmp(ref->domain, DOCKER) == 0 &&
			!strchr(rest, '/');
	ref->path = official ? xasprintf("library/%s", rest) : xstrdup(rest);
	return 0;
}

int reference_parse(const char *text, struct reference *ret, struct error *err)
{
	scoped_reference ref = { 0 };
	int r;

	if (!*text)
		return malformed(text, "it is empty", err);
	if (strlen(text) > REFERENCE_NAME_MAX + TAG_MAX + DIGEST_MAX + 2)
		return malformed(text, "it is too long", err);
	scoped(char) *rest = xstrdup(text);
	r = split_digest(rest, &ref, text, err);
	if (r == 0)
		r = split_tag(rest, &ref, text, err);
	if (r == 0)
		r = split_domain(rest, &ref, text, err);
	if (r < 0)
		return r;
	scoped(char) *repository = reference_repository(&ref, DOCKER);
	if (strlen(repository) > REFERENCE_NAME_MAX)
		return malformed(text, "it is too long", err);
	*ret = ref;
	ref = (struct reference){ 0 };
	return 0;
}

void reference_free(struct reference *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){ 0 };
}

char *reference_repository(const struct reference *ref, const char *domain)
{
	bool official = !ref->domain && strcmp(domain, DOCKER) == 0 &&
			!strchr(ref->path, '/');

	return xasprintf("%s/%s%s", ref->domain ? ref->domain : domain,
			 official ? "library/" : "", ref->path);
}

char *reference_name(const struct reference *ref, const char *domain)
{
	scoped(char) *repository = reference_repository(ref, domain);

	return xasprintf("%s:%s", repository, ref->tag ? ref->tag : "latest");
}
