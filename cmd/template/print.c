#include "cmd/template/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/template/verb.h"

/* null where a map or a list would be */
static const char *empty_text(const struct value *value)
{
	if (!json_is_null(value->json))
		return NULL;
	return value_is_map(value)         ? "map[]"
	       : value->type == VALUE_LIST ? "[]"
					   : NULL;
}

void print_value(struct bytes *to, const struct value *value)
{
	static const struct verb plain = { .letter = 'v' };

	if (!value->json)
		bytes_add_text(to, "<no value>");
	else if (empty_text(value))
		bytes_add_text(to, empty_text(value));
	else
		verb_print(to, &plain, value->json);
}

/* as an argument, where nothing is nil */
static void print_argument(struct bytes *to, const struct value *value)
{
	if (value->json)
		print_value(to, value);
	else
		bytes_add_text(to, "<nil>");
}

void print_all(struct bytes *to, const struct value *values, size_t n,
	       bool is_line)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (is_line || (!json_is_string(values[i].json) &&
					  !json_is_string(values[i - 1].json))))
			bytes_add_text(to, " ");
		print_argument(to, &values[i]);
	}
	if (is_line)
		bytes_add_text(to, "\n");
}

/* Where printf is. */
struct printf {
	const char *at, *end;
	const struct value *values;
	size_t n, next;     /* arguments, and the one whose turn it is */
	bool is_reordered;  /* [n] was used: what is left over is no mistake */
	bool has_bad_index; /* of this verb */
};

/*
 * Return: -1: there is none; one that is far too large takes all that follows
 * with it, as in Go
 */
static int read_number(struct printf *from)
{
	int number = -1;

	for (; from->at < from->end && *from->at >= '0' && *from->at <= '9';
	     from->at++) {
		if (number > VERB_SIZE_MAX) {
			from->at = from->end;
			return -1;
		}
		number = (number < 0 ? 0 : number) * 10 + (*from->at - '0');
	}
	return number;
}

/* [n]: the next argument is the n-th */
static void read_index(struct printf *from)
{
	if (from->at == from->end || *from->at != '[')
		return;
	const char *close =
		memchr(from->at, ']', (size_t)(from->end - from->at));
	from->is_reordered = true;
	if (!close) {
		from->has_bad_index = true;
		from->at++;
		return;
	}
	from->at++;
	int index = read_number(from);
	if (from->at != close || index < 1 || (size_t)index > from->n)
		from->has_bad_index = true;
	else
		from->next = (size_t)index - 1;
	from->at = close + 1;
}

/* * takes an argument; Return: false: it is no number that can be a size */
static bool read_star(struct printf *from, int *ret)
{
	const json_t *json =
		from->next < from->n ? from->values[from->next].json : NULL;
	json_int_t size = json_integer_value(json);

	from->at++;
	from->next += from->next < from->n;
	if (!json_is_integer(json) || size > VERB_SIZE_MAX ||
	    size < -VERB_SIZE_MAX)
		return false;
	*ret = (int)size;
	return true;
}

static void read_flags(struct printf *from, struct verb *verb)
{
	for (; from->at < from->end; from->at++) {
		switch (*from->at) {
		case '+':
			verb->plus = true;
			break;
		case '-':
			verb->minus = true;
			break;
		case '#':
			verb->sharp = true;
			break;
		case '0':
			verb->zero = true;
			break;
		case ' ':
			verb->space = true;
			break;
		default:
			return;
		}
	}
}

static void read_width(struct bytes *to, struct printf *from, struct verb *verb)
{
	int width = -1;

	read_index(from);
	if (from->at < from->end && *from->at == '*') {
		if (!read_star(from, &width))
			bytes_add_text(to, "%!(BADWIDTH)");
		else if (width < 0)
			verb->minus = true;
	} else {
		width = read_number(from);
	}
	verb->width = width == -1 ? 0 : (size_t)abs(width);
}

static void read_precision(struct bytes *to, struct printf *from,
			   struct verb *verb)
{
	int precision = -1;

	if (from->at == from->end || *from->at != '.')
		return;
	from->at++;
	verb->has_precision = true;
	read_index(from);
	if (from->at < from->end && *from->at == '*') {
		if (!read_star(from, &precision) || precision < 0) {
			bytes_add_text(to, "%!(BADPREC)");
			verb->has_precision = false;
		}
	} else {
		precision = read_number(from);
	}
	verb->precision = precision < 0 ? 0 : (size_t)precision;
}

/* behind the % */
static void print_one(struct bytes *to, struct printf *from)
{
	struct verb verb = { 0 };

	from->has_bad_index = false;
	read_flags(from, &verb);
	read_width(to, from, &verb);
	read_precision(to, from, &verb);
	read_index(from);
	if (from->at == from->end) {
		bytes_add_text(to, "%!(NOVERB)");
		return;
	}
	from->at += rune_decode(from->at, (size_t)(from->end - from->at),
				&verb.letter);
	if (verb.letter == '%') {
		bytes_add_text(to, "%");
	} else if (from->has_bad_index || from->next >= from->n) {
		bytes_add_text(to, "%!");
		bytes_add_rune(to, verb.letter);
		bytes_add_text(to, from->has_bad_index ? "(BADINDEX)"
						       : "(MISSING)");
	} else {
		const struct value *value = &from->values[from->next++];
		scoped_value nil = value_take(json_null());
		if (verb.letter == 'v' && empty_text(value))
			bytes_add_text(to, empty_text(value));
		else
			verb_print(to, &verb,
				   value->json ? value->json : nil.json);
	}
}

static void print_extra(struct bytes *to, const struct printf *from)
{
	if (from->is_reordered || from->next >= from->n)
		return;
	bytes_add_text(to, "%!(EXTRA ");
	for (size_t i = from->next; i < from->n; i++) {
		bytes_add_text(to, i > from->next ? ", " : "");
		if (value_is_nil(&from->values[i])) {
			bytes_add_text(to, "<nil>");
			continue;
		}
		bytes_add_text(to, verb_type_name(from->values[i].json));
		bytes_add_text(to, "=");
		print_argument(to, &from->values[i]);
	}
	bytes_add_text(to, ")");
}

void print_formatted(struct bytes *to, const char *format, size_t size,
		     const struct value *values, size_t n)
{
	struct printf from = {
		.at = format, .end = format + size, .values = values, .n = n
	};

	while (from.at < from.end && !to->too_long) {
		size_t left = (size_t)(from.end - from.at);
		const char *percent = memchr(from.at, '%', left);
		size_t plain = percent ? (size_t)(percent - from.at) : left;
		bytes_add(to, from.at, plain);
		from.at += plain;
		if (percent) {
			from.at++;
			print_one(to, &from);
		}
	}
	print_extra(to, &from);
}
