#include "storage/registry/challenge.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* RFC 9110, 5.6.2: what a token is made of */
static const char token_letters[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

void challenge_free(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge){ 0 };
}

static int malformed(struct error *err)
{
	return error_say(err, EPROTO,
			 "the registry's WWW-Authenticate is malformed");
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* commas may be repeated and stand anywhere between elements */
static const char *skip_commas(const char *s)
{
	return s + strspn(s, " \t,");
}

static char *take_token(const char **at)
{
	size_t n = strspn(*at, token_letters);
	char *token = n ? xstrndup(*at, n) : NULL;

	*at += n;
	return token;
}

/* "..." with backslashes before what is meant as it is; NULL: malformed */
static char *take_quoted(const char **at)
{
	const char *s = *at + 1;
	scoped(char) *text = xcalloc(strlen(s) + 1, 1);
	char *to = text;

	for (; *s != '"'; s++) {
		if (*s == '\\')
			s++;
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return NULL;
		*to++ = *s;
	}
	*at = s + 1;
	return take_ptr(text);
}

/* is there "NAME =" here, and not the next scheme? */
static bool at_parameter(const char *s)
{
	size_t n = strspn(s, token_letters);
	const char *behind = skip_blanks(s + n);

	/* "Negotiate YII==" has a token68 there */
	return n > 0 && *behind == '=' && behind[1] != '=' &&
	       behind[1] != '\0' && behind[1] != ',';
}

static int keep(struct challenge *to, const char *name, char **value)
{
	struct {
		const char *name;
		char **to;
	} const known[] = {
		{ "realm", &to->realm },
		{ "service", &to->service },
		{ "scope", &to->scope },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		if (*known[i].to)
			return -EPROTO;
		*known[i].to = take_ptr(*value);
	}
	return 0;
}

static int take_parameter(const char **at, struct challenge *to)
{
	scoped(char) *name = take_token(at);
	scoped(char) *value = NULL;

	*at = skip_blanks(skip_blanks(*at) + 1);
	value = **at == '"' ? take_quoted(at) : take_token(at);
	if (!value)
		return -EPROTO;
	return keep(to, name, &value);
}

static int take_parameters(const char **at, struct challenge *to)
{
	*at = skip_commas(*at);
	while (at_parameter(*at)) {
		if (take_parameter(at, to) < 0)
			return -EPROTO;
		*at = skip_blanks(*at);
		if (**at && **at != ',')
			return -EPROTO;
		*at = skip_commas(*at);
	}
	return 0;
}

/* one scheme with what belongs to it */
static int take_challenge(const char **at, struct challenge *to)
{
	scoped(char) *scheme = take_token(at);
	scoped_challenge one = { 0 };

	if (!scheme || (**at && !strchr(" \t,", **at)))
		return -EPROTO;
	*at = skip_blanks(*at);
	if (**at && **at != ',' && !at_parameter(*at)) {
		/* a token68, of a scheme that is not ours */
		*at += strcspn(*at, " \t,");
		*at = skip_blanks(*at);
		if (**at && **at != ',')
			return -EPROTO;
	}
	if (take_parameters(at, &one) < 0)
		return -EPROTO;
	if (strcasecmp(scheme, "Basic") == 0)
		to->basic = true;
	if (strcasecmp(scheme, "Bearer") != 0 || to->bearer)
		return 0;
	to->bearer = true;
	to->realm = take_ptr(one.realm);
	to->service = take_ptr(one.service);
	to->scope = take_ptr(one.scope);
	return 0;
}

int challenge_add(struct challenge *to, const char *text, struct error *err)
{
	scoped_challenge read = { 0 };

	if (strlen(text) > CHALLENGE_MAX)
		return malformed(err);
	for (text = skip_commas(text); *text; text = skip_commas(text))
		if (take_challenge(&text, &read) < 0)
			return malformed(err);
	to->basic = to->basic || read.basic;
	if (read.bearer && !to->bearer) {
		to->bearer = true;
		to->realm = take_ptr(read.realm);
		to->service = take_ptr(read.service);
		to->scope = take_ptr(read.scope);
	}
	return 0;
}
