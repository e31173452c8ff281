#include "cmd/template/verb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/template/value.h"

/* JSON from outside is not deeper (base/json.h: 64) */
enum { DEPTH_MAX = 200 };

static void print_at(struct bytes *to, const struct verb *verb,
		     const json_t *json, int depth);

const char *verb_type_name(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "map[string]interface {}";
	case JSON_ARRAY:
		return "[]interface {}";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	case JSON_NULL:
		return "<nil>";
	default:
		return "bool";
	}
}

/* in its width, which counts characters */
static void pad(struct bytes *to, const struct verb *verb, const char *text,
		size_t n)
{
	size_t count = rune_count(text, n);
	size_t blanks = verb->width > count ? verb->width - count : 0;

	if (!verb->minus)
		bytes_repeat(to, verb->zero ? '0' : ' ', blanks);
	bytes_add(to, text, n);
	if (verb->minus)
		bytes_repeat(to, ' ', blanks);
}

/* %!d(string=x) */
static void mismatch(struct bytes *to, const struct verb *verb,
		     const json_t *json, int depth)
{
	struct verb plain = *verb;

	plain.letter = 'v';
	bytes_add_text(to, "%!");
	bytes_add_rune(to, verb->letter);
	bytes_add_text(to, "(");
	bytes_add_text(to, verb_type_name(json));
	if (!json_is_null(json)) {
		bytes_add_text(to, "=");
		print_at(to, &plain, json, depth);
	}
	bytes_add_text(to, ")");
}

/* the precision is the characters that are shown */
static size_t cut(const struct verb *verb, const char *text, size_t n)
{
	size_t at = 0;
	uint32_t c;

	if (!verb->has_precision)
		return n;
	for (size_t i = 0; i < verb->precision && at < n; i++)
		at += rune_decode(text + at, n - at, &c);
	return at;
}

/* %x of a text: its bytes, "% x" with blanks, "%#x" with 0x */
static void print_hex_text(struct bytes *to, const struct verb *verb,
			   const char *text, size_t n)
{
	bool is_big = verb->letter == 'X';
	const char *prefix = is_big ? "0X" : "0x";
	scoped_bytes hex = { 0 };

	if (verb->has_precision && verb->precision < n)
		n = verb->precision;
	if (verb->sharp && n)
		bytes_add_text(&hex, prefix);
	for (size_t i = 0; i < n; i++) {
		char digits[3];
		if (i && verb->space)
			bytes_add_text(&hex, " ");
		if (i && verb->space && verb->sharp)
			bytes_add_text(&hex, prefix);
		snprintf(digits, sizeof(digits), is_big ? "%02X" : "%02x",
			 (unsigned char)text[i]);
		bytes_add_text(&hex, digits);
	}
	pad(to, verb, hex.b ? hex.b : "", hex.n);
	to->too_long |= hex.too_long;
}

static void print_text(struct bytes *to, const struct verb *verb,
		       const json_t *json)
{
	const char *text = json_string_value(json);
	size_t n = json_string_length(json);
	scoped_bytes quoted = { 0 };

	switch (verb->letter) {
	case 'v':
	case 's':
		pad(to, verb, text, cut(verb, text, n));
		return;
	case 'x':
	case 'X':
		print_hex_text(to, verb, text, n);
		return;
	case 'q':
		n = cut(verb, text, n);
		if (verb->sharp && !memchr(text, '`', n)) {
			bytes_add_text(&quoted, "`");
			bytes_add(&quoted, text, n);
			bytes_add_text(&quoted, "`");
		} else {
			bytes_add_quoted(&quoted, text, n);
		}
		pad(to, verb, quoted.b ? quoted.b : "", quoted.n);
		to->too_long |= quoted.too_long;
		return;
	default:
		mismatch(to, verb, json, 0);
	}
}

static void print_boolean(struct bytes *to, const struct verb *verb,
			  const json_t *json)
{
	const char *text = json_is_true(json) ? "true" : "false";

	if (verb->letter == 'v' || verb->letter == 't')
		pad(to, verb, text, strlen(text));
	else
		mismatch(to, verb, json, 0);
}

/* the sign, zeros in the width if they are asked for, then the digits */
static void print_signed(struct bytes *to, struct verb verb, const char *sign,
			 const char *digits)
{
	scoped_bytes text = { 0 };
	size_t n = strlen(sign) + strlen(digits);

	bytes_add_text(&text, sign);
	if (verb.zero && !verb.minus && verb.width > n)
		bytes_repeat(&text, '0', verb.width - n);
	bytes_add_text(&text, digits);
	verb.zero = false;
	pad(to, &verb, text.b, text.n);
}

static const char *sign_of(const struct verb *verb, bool is_negative)
{
	return is_negative ? "-" : verb->plus ? "+" : verb->space ? " " : "";
}

/* to the end of @room, which holds 64 bits in base 2; Return: the first */
static char *digits_of(unsigned long long number, unsigned int base,
		       bool is_big, char room[65])
{
	const char *digits = is_big ? "0123456789ABCDEF" : "0123456789abcdef";
	char *at = room + 64;

	*at = '\0';
	do
		*--at = digits[number % base];
	while (number /= base);
	return at;
}

static void print_number(struct bytes *to, struct verb verb, long long number,
			 unsigned int base, const char *prefix)
{
	char room[65];
	unsigned long long size = number < 0 ? 0 - (unsigned long long)number
					     : (unsigned long long)number;
	const char *digits = digits_of(size, base, verb.letter == 'X', room);
	scoped_bytes sign = { 0 }, whole = { 0 };

	if (verb.has_precision)
		verb.zero = false;
	if (verb.has_precision && verb.precision == 0 && number == 0) {
		pad(to, &verb, "", 0);
		return;
	}
	bytes_add_text(&sign, sign_of(&verb, number < 0));
	bytes_add_text(&sign, verb.sharp ? prefix : "");
	if (verb.has_precision) {
		size_t n = strlen(digits);
		if (verb.precision > n)
			bytes_repeat(&whole, '0', verb.precision - n);
		bytes_add(&whole, digits, n);
		digits = whole.b;
	}
	print_signed(to, verb, sign.b, digits);
}

static void print_rune(struct bytes *to, const struct verb *verb,
		       long long number)
{
	scoped_bytes rune = { 0 }, quoted = { 0 };
	bool is_quoted = verb->letter == 'q';

	bytes_add_rune(&rune, number < 0 || number > UINT32_MAX
				      ? 0xfffd
				      : (uint32_t)number);
	bytes_add_quoted(&quoted, rune.b, rune.n);
	quoted.b[0] = quoted.b[quoted.n - 1] = '\'';
	if (is_quoted && strcmp(quoted.b, "'\\\"'") == 0)
		pad(to, verb, "'\"'", 3);
	else if (is_quoted && strcmp(quoted.b, "'''") == 0)
		pad(to, verb, "'\\''", 4);
	else if (is_quoted)
		pad(to, verb, quoted.b, quoted.n);
	else
		pad(to, verb, rune.b, rune.n);
}

static void print_integer(struct bytes *to, const struct verb *verb,
			  const json_t *json)
{
	long long number = json_integer_value(json);
	scoped(char) *point = NULL;

	switch (verb->letter) {
	case 'v':
	case 'd':
		print_number(to, *verb, number, 10, "");
		return;
	case 'x':
		print_number(to, *verb, number, 16, "0x");
		return;
	case 'X':
		print_number(to, *verb, number, 16, "0X");
		return;
	case 'o':
		print_number(to, *verb, number, 8, "0");
		return;
	case 'b':
		print_number(to, *verb, number, 2, "0b");
		return;
	case 'c':
	case 'q':
		print_rune(to, verb, number);
		return;
	case 'U':
		point = xasprintf("U+%04llX", number);
		pad(to, verb, point, strlen(point));
		return;
	default:
		mismatch(to, verb, json, 0);
	}
}

/*
 * the digits that it takes to read the number back, with the exponent of
 * "%e"; *ret_precision is what %e needs for them
 */
static int shortest(double real, int *ret_precision)
{
	char text[40];

	for (int precision = 0;; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, real);
		double back = strtod(text, NULL);
		if (precision < 17 && (back < real || back > real))
			continue;
		*ret_precision = precision;
		return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	}
}

char *real_print_shortest(double real, int low, int high)
{
	int precision, exponent = shortest(real, &precision);
	int decimals = precision - exponent;

	if (exponent < low || exponent >= high)
		return xasprintf("%.*e", precision, real);
	return xasprintf("%.*f", decimals > 0 ? decimals : 0, real);
}

static void print_real(struct bytes *to, const struct verb *verb,
		       const json_t *json)
{
	double real = json_real_value(json), size = fabs(real);
	int precision = verb->has_precision ? (int)verb->precision : 6;
	scoped(char) *digits = NULL;

	switch (verb->letter) {
	case 'e':
		digits = xasprintf("%.*e", precision, size);
		break;
	case 'E':
		digits = xasprintf("%.*E", precision, size);
		break;
	case 'f':
	case 'F':
		digits = xasprintf("%.*f", precision, size);
		break;
	case 'v':
	case 'g':
	case 'G':
		/* the limits of the exponent are those of C and Go */
		digits = verb->has_precision
				 ? xasprintf("%.*g", precision, size)
				 : real_print_shortest(size, -4, 6);
		for (char *e = digits; verb->letter == 'G' && *e; e++)
			*e = *e == 'e' ? 'E' : *e;
		break;
	default:
		mismatch(to, verb, json, 0);
		return;
	}
	print_signed(to, *verb, sign_of(verb, signbit(real)), digits);
}

static void print_list(struct bytes *to, const struct verb *verb,
		       const json_t *list, int depth)
{
	size_t i;
	json_t *element;

	bytes_add_text(to, "[");
	json_array_foreach (list, i, element) {
		bytes_add_text(to, i ? " " : "");
		print_at(to, verb, element, depth + 1);
	}
	bytes_add_text(to, "]");
}

static void print_map(struct bytes *to, const struct verb *verb,
		      const json_t *object, int depth)
{
	scoped(const char *) *keys = value_keys(object);

	bytes_add_text(to, "map[");
	for (size_t i = 0; keys[i]; i++) {
		json_t *key = json_string(keys[i]);
		bytes_add_text(to, i ? " " : "");
		print_at(to, verb, key, depth + 1);
		bytes_add_text(to, ":");
		print_at(to, verb, json_object_get(object, keys[i]), depth + 1);
		json_decref(key);
	}
	bytes_add_text(to, "]");
}

static void print_at(struct bytes *to, const struct verb *verb,
		     const json_t *json, int depth)
{
	if (depth > DEPTH_MAX || to->too_long) {
		bytes_add_text(to, "...");
		return;
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		print_map(to, verb, json, depth);
		break;
	case JSON_ARRAY:
		print_list(to, verb, json, depth);
		break;
	case JSON_STRING:
		print_text(to, verb, json);
		break;
	case JSON_INTEGER:
		print_integer(to, verb, json);
		break;
	case JSON_REAL:
		print_real(to, verb, json);
		break;
	case JSON_NULL:
		if (depth > 0)
			bytes_add_text(to, "<nil>");
		else if (verb->letter == 'v')
			pad(to, verb, "<nil>", strlen("<nil>"));
		else
			mismatch(to, verb, json, depth);
		break;
	default:
		print_boolean(to, verb, json);
	}
}

void verb_print(struct bytes *to, const struct verb *verb, const json_t *json)
{
	const char *name = verb_type_name(json);

	if (verb->letter == 'T')
		pad(to, verb, name, strlen(name));
	else
		print_at(to, verb, json, 0);
}
