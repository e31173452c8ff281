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

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* a word of a shell; *@skip gets the size of a quote before it, such as \" */
static size_t shell_value_size(const char *value, size_t *skip)
{
	bool escaped = *value == '\\' && is_quote(value[1]);
	char end[] = { value[escaped], escaped ? '\\' : '\0', '\0' };

	if (!is_quote(end[0])) {
		*skip = 0;
		return strcspn(value, " \t\r\n;&|)<>`\"'");
	}
	*skip = 1 + escaped;
	return strcspn(value + *skip, end);
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

/* is a word of a command @word, from @from on and before @end? */
static bool has_word(const char *text, size_t from, size_t end,
		     const char *word)
{
	size_t n = strlen(word);

	for (size_t i = from; i + n < end; i++)
		if (strncmp(text + i, word, n) == 0 &&
		    (i == 0 || strchr(" \t\"'", text[i - 1])) &&
		    strchr(" \t\"'", text[i + n]))
			return true;
	return false;
}

/* "docker login -p x", "sshpass -p x"; of others it is a port, or a path */
static bool is_password_letter(const char *text, size_t at, size_t n)
{
	enum { FAR = 100, NEAR = 12 };
	size_t from = at;

	if (n != 2 || strncmp(text + at, "-p", 2) != 0)
		return false;
	while (from > 0 && at - from < FAR &&
	       !strchr(";&|(`\n", text[from - 1]))
		from--;
	return has_word(text, from, at, "login") ||
	       has_word(text, at - from > NEAR ? at - NEAR : from, at,
			"sshpass");
}

/* behind the word from @at to @end: --x y, "--x" "y", or "--x", "y" */
static size_t next_word(const char *text, size_t at, size_t end)
{
	bool quoted =
		at > 0 && is_quote(text[at - 1]) && text[at - 1] == text[end];
	size_t gap = strspn(text + end + quoted, quoted ? " ," : " \t");
	size_t next = end + quoted + gap;

	if (!gap || text[next] == '-')
		return 0;
	return !quoted || (is_quote(text[next]) && text[next + 1] != '-') ? next
									  : 0;
}

/* "--password x", "Authorization: Bearer x": no "=" between them */
static size_t spaced_value(const char *text, size_t at, size_t n)
{
	size_t next = at + n;

	if (secret_is_option(text + at, n) || is_password_letter(text, at, n))
		return next_word(text, at, next);
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

/* all of it, or what a line would have */
static bool value_next(struct secret_scan *scan, struct secret *ret)
{
	size_t n = strlen(scan->text);

	if (scan->at > 0 || !secret_is_value(scan->text, n))
		return line_next(scan, ret);
	take_found(scan->text, 0, n, ret);
	scan->at = n;
	return true;
}

static bool is_password_word(const struct strv *words, size_t i)
{
	bool can = i > 0 && strcmp(words->v[i - 1], "sshpass") == 0;

	for (size_t w = 1; w < i; w++)
		can = can || strcmp(words->v[w], "login") == 0;
	return can && strcmp(words->v[i], "-p") == 0;
}

enum secret_form secret_word_form(const struct strv *words, size_t i)
{
	const char *before = i > 0 ? words->v[i - 1] : "";

	if (words->v[i][0] == '-' ||
	    (!secret_is_option(before, strlen(before)) &&
	     !(i > 0 && is_password_word(words, i - 1))))
		return SECRET_LINE;
	return SECRET_VALUE;
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
	switch (scan->form) {
	case SECRET_PAIR:
		return pair_next(scan, ret);
	case SECRET_VALUE:
		return value_next(scan, ret);
	case SECRET_LINE:
		break;
	}
	return line_next(scan, ret);
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
