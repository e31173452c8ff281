#include "cmd/template/literal.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/template/bytes.h"

/* What is left of a quotation. */
struct quoted {
	const char *at, *end;
	char quote;
};

static int digit_value(char c, int base)
{
	int value = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : 99;

	return value < base ? value : -1;
}

static int read_digits(struct quoted *from, size_t n, int base, uint32_t *ret)
{
	uint32_t value = 0;

	if ((size_t)(from->end - from->at) < n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int digit = digit_value(from->at[i], base);
		if (digit < 0)
			return -EINVAL;
		value = value * (uint32_t)base + (uint32_t)digit;
	}
	from->at += n;
	*ret = value;
	return 0;
}

/* one character behind a backslash; *ret_is_byte: it is no code point */
static int read_escape(struct quoted *from, uint32_t *ret, bool *ret_is_byte)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */
	char c = *from->at++;
	const char *letter = c ? strchr(letters, c) : NULL;
	int r = 0;

	*ret_is_byte = false;
	if (letter) {
		*ret = (uint32_t)(letter - letters) + 7;
	} else if (c == '\\' || c == from->quote) {
		*ret = (unsigned char)c;
	} else if (c == 'x') {
		*ret_is_byte = true;
		r = read_digits(from, 2, 16, ret);
	} else if (c >= '0' && c <= '7') {
		*ret_is_byte = true;
		from->at--;
		r = read_digits(from, 3, 8, ret);
		r = r == 0 && *ret > 255 ? -EINVAL : r;
	} else if (c == 'u' || c == 'U') {
		r = read_digits(from, c == 'u' ? 4 : 8, 16, ret);
		if (r == 0 &&
		    (*ret > 0x10ffff || (*ret >= 0xd800 && *ret <= 0xdfff)))
			r = -EINVAL;
	} else {
		r = -EINVAL;
	}
	return r;
}

static int read_one(struct quoted *from, uint32_t *ret, bool *ret_is_byte)
{
	*ret_is_byte = false;
	if (*from->at == '\\') {
		from->at++;
		return read_escape(from, ret, ret_is_byte);
	}
	size_t left = (size_t)(from->end - from->at);
	size_t n = rune_decode(from->at, left, ret);
	if (*ret == 0xfffd && n == 1) {
		/* the byte as it is */
		*ret = (unsigned char)*from->at;
		*ret_is_byte = true;
	}
	from->at += n;
	return 0;
}

static int parse_string(struct quoted from, json_t **ret, struct error *err)
{
	scoped_bytes bytes = { 0 };

	while (from.at < from.end) {
		uint32_t c = 0;
		bool is_byte;
		char byte;
		if (read_one(&from, &c, &is_byte) < 0)
			return error_say(err, EINVAL,
					 "what follows the \\ is not known");
		byte = (char)c;
		if (is_byte)
			bytes_add(&bytes, &byte, 1);
		else
			bytes_add_rune(&bytes, c);
	}
	*ret = json_stringn_nocheck(bytes.b ? bytes.b : "", bytes.n);
	return 0;
}

static int parse_char(struct quoted from, json_t **ret, struct error *err)
{
	uint32_t c = 0;
	bool is_byte;

	if (from.at == from.end || read_one(&from, &c, &is_byte) < 0 ||
	    from.at != from.end)
		return error_say(err, EINVAL,
				 "expected one character between the ' '");
	*ret = json_integer(c);
	return 0;
}

static int parse_number(const char *text, json_t **ret, struct error *err)
{
	size_t sign = text[0] == '-' || text[0] == '+';
	bool is_hex = text[sign] == '0' && (text[sign + 1] | 0x20) == 'x';
	char *end;

	errno = 0;
	if (!is_hex && strpbrk(text, ".eE")) {
		double real = strtod(text, &end);
		*ret = errno == 0 && isfinite(real) ? json_real(real) : NULL;
	} else {
		long long integer = strtoll(text, &end, 0);
		*ret = errno == 0 ? json_integer(integer) : NULL;
	}
	if (*ret && !*end && end != text)
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return error_say(err, EINVAL,
			 errno == ERANGE ? "the number is too large"
					 : "this is not a number");
}

int literal_parse(const char *text, enum token_kind kind, size_t n,
		  json_t **ret, struct error *err)
{
	const struct quoted from = { text + 1, text + n - 1, text[0] };
	json_t *value = NULL;
	int r = 0;

	if (kind == TOKEN_NUMBER) {
		scoped(char) *copy = xstrndup(text, n);
		r = parse_number(copy, &value, err);
	} else if (kind == TOKEN_CHAR) {
		r = parse_char(from, &value, err);
	} else if (kind == TOKEN_STRING) {
		r = parse_string(from, &value, err);
	} else {
		value = json_stringn_nocheck(from.at, n - 2);
	}
	if (r == 0)
		*ret = value;
	return r;
}
