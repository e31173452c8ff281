#include "storage/secret.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/secret_name.h"
#include "storage/secret_shape.h"

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static size_t name_size(const char *text)
{
	size_t n = 0;

	while (is_name_byte(text[n]))
		n++;
	return n;
}

/*
 * Where values are not written for a shell: "|2 A=x B=y z /bin/sh -c ...", as
 * builders note the ARGs of a RUN, and "ENV A=x y", with or without "#(nop)"
 * before.  There a value ends where the next name, or the shell, begins.
 *
 * Return: where that ends; 0: there is none
 */
static size_t plain_zone(const char *text)
{
	static const char *const instructions[] = { "ENV ", "ARG ", "LABEL " };
	const char *nop = strstr(text, "#(nop) ");
	const char *at = text_starts_with(text, "RUN |") ? text + 4 : text;

	if (*at == '|' && isdigit((unsigned char)at[1])) {
		const char *shell = strstr(at, " /bin/");
		shell = shell ? shell : strstr(at, " /");
		return shell ? (size_t)(shell - text) : strlen(text);
	}
	at = nop ? nop + strlen("#(nop) ") : text;
	at += strspn(at, " ");
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		if (text_starts_with(at, instructions[i]))
			return strlen(text);
	return 0;
}

/* up to the next " NAME=", or the end of the zone */
static size_t plain_value_size(const char *text, size_t at, size_t zone)
{
	size_t i = at;

	while (i < zone) {
		i += strcspn(text + i, " ");
		if (i >= zone)
			break;
		size_t n = name_size(text + i + 1);
		if (n && text[i + 1 + n] == '=')
			return i - at;
		i++;
	}
	return zone - at;
}

/* a word of a shell; *@skip gets 1 when there is a quote before it */
static size_t shell_value_size(const char *value, size_t *skip)
{
	char quote[2] = { *value == '"' || *value == '\'' ? *value : '\0' };

	*skip = quote[0] != '\0';
	return quote[0] ? strcspn(value + 1, quote)
			: strcspn(value, " \t\r\n;&|)<>`\"'");
}

/* a value that counts by its name, and maybe by its shape, too */
static void take_found(const char *text, size_t at, size_t n,
		       struct secret *ret)
{
	struct secret shape = { 0 };
	bool known = secret_shape(text, at, &shape) && shape.at == at &&
		     shape.size == n;

	*ret = (struct secret){ .at = at,
				.size = n,
				.kind = known ? shape.kind : "a secret" };
}

/* does the value at @at, of this name, count? */
static bool take_value(const char *text, size_t name_at, size_t name_n,
		       size_t at, size_t zone, struct secret *ret)
{
	size_t skip = 0;
	size_t n = at < zone ? plain_value_size(text, at, zone)
			     : shell_value_size(text + at, &skip);

	if (!secret_is_value(text + at + skip, n))
		return false;
	take_found(text, at + skip, n, ret);
	ret->name_at = name_at;
	ret->name_size = name_n;
	return true;
}

/* "--password x", "Authorization: Bearer x": no "=" between them */
static size_t spaced_value(const char *text, size_t at, size_t n)
{
	static const char *const options[] = { "--password", "--passwd",
					       "--passphrase", "--token" };
	size_t next = at + n;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i]) == n &&
		    strncasecmp(text + at, options[i], n) == 0 &&
		    text[next] == ' ' && text[next + 1] != '-')
			return next + 1;
	if (n != strlen("authorization") ||
	    strncasecmp(text + at, "authorization", n) != 0 ||
	    text[next] != ':')
		return 0;
	next += 1 + strspn(text + next + 1, " ");
	size_t scheme = name_size(text + next);
	return text[next + scheme] == ' ' ? next + scheme + 1 : 0;
}

/* a name begins at @at: is it one, and has it a value? */
static bool named(const char *text, size_t at, size_t zone, struct secret *ret)
{
	size_t n = name_size(text + at);
	size_t dashes = strspn(text + at, "-.");
	size_t value = spaced_value(text, at, n);

	if (dashes >= n)
		return false;
	if (value)
		return take_value(text, at + dashes, n - dashes, value, 0, ret);
	return text[at + n] == '=' &&
	       secret_is_name(text + at + dashes, n - dashes) &&
	       take_value(text, at + dashes, n - dashes, at + n + 1, zone, ret);
}

static bool line_next(struct secret_scan *scan, struct secret *ret)
{
	const char *text = scan->text;

	for (size_t at = scan->at; text[at]; at++) {
		struct secret found = { 0 };
		bool begins = at == 0 || !is_name_byte(text[at - 1]);
		if (!(begins && is_name_byte(text[at]) &&
		      named(text, at, scan->zone, &found)) &&
		    !(secret_shape(text, at, &found) &&
		      secret_is_value(text + found.at, found.size)))
			continue;
		scan->at = found.at + found.size;
		*ret = found;
		return true;
	}
	return false;
}

/* whatever is found in its value, it is the pair's */
static bool pair_next(struct secret_scan *scan, struct secret *ret)
{
	const char *text = scan->text;
	size_t n = strcspn(text, "=");
	size_t value = n + (text[n] == '=');

	bool first = scan->at < value;
	size_t size = first ? strlen(text + value) : 0;

	if (first)
		scan->at = value;
	if (first && secret_is_name(text, n) &&
	    secret_is_value(text + value, size)) {
		take_found(text, value, size, ret);
		scan->at = value + size;
	} else if (!line_next(scan, ret)) {
		return false;
	}
	ret->name_at = 0;
	ret->name_size = n;
	return true;
}

struct secret_scan secret_scan(const char *text, enum secret_form form)
{
	return (struct secret_scan){
		.text = text,
		.form = form,
		.zone = form == SECRET_LINE ? plain_zone(text) : 0,
	};
}

bool secret_next(struct secret_scan *scan, struct secret *ret)
{
	return scan->form == SECRET_PAIR ? pair_next(scan, ret)
					 : line_next(scan, ret);
}

char *secret_hint(const char *value, size_t size)
{
	size_t shown = size / 4 < 4 ? size / 4 : 4;

	for (size_t i = 0; i < shown; i++)
		if (!isgraph((unsigned char)value[i]))
			shown = i;
	return xasprintf("%.*s***", (int)shown, value);
}

char *secret_mask(const char *text, enum secret_form form)
{
	struct secret_scan scan = secret_scan(text, form);
	struct secret secret;
	char *masked = NULL;
	size_t size = 0, done = 0;
	FILE *to = open_memstream(&masked, &size);

	if (!to)
		return xstrdup("***");
	while (secret_next(&scan, &secret)) {
		scoped(char) *hint = secret_hint(text + secret.at, secret.size);
		fwrite(text + done, 1, secret.at - done, to);
		fputs(hint, to);
		done = secret.at + secret.size;
	}
	fputs(text + done, to);
	if (fclose(to) == 0)
		return masked;
	free(masked);
	return xstrdup("***");
}
