#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* one character of UTF-8: its length, or 0 when it is not valid */
static size_t utf8_decode(const unsigned char *s, uint32_t *ret)
{
	size_t n = s[0] < 0x80             ? 1
		   : (s[0] & 0xe0) == 0xc0 ? 2
		   : (s[0] & 0xf0) == 0xe0 ? 3
		   : (s[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = n == 1 ? s[0] : n ? s[0] & (0x7fu >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n == 0 || c < least[n] || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

static bool is_shown(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* marks that turn the direction of what stands around them */
	return !(c == 0x061c || c == 0x200e || c == 0x200f ||
		 (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

void text_escape(char *to, size_t size, const char *from)
{
	scoped(char) *copy = xstrdup(from);
	const unsigned char *s = (const unsigned char *)copy;
	size_t used = 0;

	if (size == 0)
		return;
	while (*s) {
		uint32_t c = 0;
		size_t n = utf8_decode(s, &c);
		size_t need = n && is_shown(c) ? n : 4 * (n ? n : 1);

		if (used + need >= size)
			break;
		if (n && is_shown(c)) {
			memcpy(to + used, s, n);
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				snprintf(to + used + 4 * i, 5, "\\x%02x", s[i]);
		}
		used += need;
		s += n;
	}
	to[used] = '\0';
}

int text_to_u64(const char *text, uint64_t max, uint64_t *ret,
		struct error *err)
{
	uint64_t value = 0;

	if (!*text)
		return error_say(err, EINVAL, "\"\" is not a number");
	for (const char *s = text; *s; s++) {
		if (*s < '0' || *s > '9')
			return error_say(err, EINVAL,
					 "\"%s\" is not a decimal number",
					 text);
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'),
					   &value) ||
		    value > max)
			return error_say(
				err, ERANGE,
				"%s is more than the largest value, %llu", text,
				(unsigned long long)max);
	}
	*ret = value;
	return 0;
}

int text_to_u32(const char *text, uint32_t max, uint32_t *ret,
		struct error *err)
{
	uint64_t value = 0;
	int r = text_to_u64(text, max, &value, err);

	if (r < 0)
		return r;
	*ret = (uint32_t)value;
	return 0;
}

/* the digits in front, with up to three decimals: value in thousandths */
static const char *leading_number(const char *text, uint64_t *ret_thousandths)
{
	uint64_t value = 0, unit = 1000;
	const char *s = text;

	for (; *s >= '0' && *s <= '9'; s++)
		if (value > UINT64_MAX / 100000 - 10)
			return NULL;
		else
			value = value * 10 + (uint64_t)(*s - '0');
	if (s == text)
		return NULL;
	value *= 1000;
	if (*s == '.') {
		const char *dot = s++;
		for (; *s >= '0' && *s <= '9' && unit > 1; s++) {
			unit /= 10;
			value += (uint64_t)(*s - '0') * unit;
		}
		if (s == dot + 1 || (*s >= '0' && *s <= '9'))
			return NULL;
	}
	*ret_thousandths = value;
	return s;
}

int text_to_size(const char *text, uint64_t *ret, struct error *err)
{
	static const char letters[] = "kmgt";
	uint64_t value = 0, factor = 1;
	const char *s = leading_number(text, &value);

	if (!s)
		goto bad;
	if (*s) {
		const char *letter = strchr(letters, *s | 0x20);
		if (letter && *letter) {
			factor <<= 10 * (letter - letters + 1);
			s++;
			if ((*s | 0x20) == 'i' && (s[1] | 0x20) == 'b')
				s++;
		}
		if ((*s | 0x20) == 'b')
			s++;
	}
	if (*s || (factor == 1 && value % 1000))
		goto bad;
	if (__builtin_mul_overflow(value, factor, &value))
		return error_say(err, ERANGE, "%s is too large", text);
	*ret = value / 1000;
	return 0;
bad:
	error_say(err, EINVAL, "\"%s\" is not a size", text);
	return error_hint(err, "write a number and a unit, as in 64m or 1g");
}

static const struct {
	const char *name;
	uint64_t ms;
} time_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "d", 24 * 60 * 60 * 1000 },
};

/* the unit that @s begins with, or NULL; *ret_end is behind it */
static const uint64_t *time_unit(const char *s, const char **ret_end)
{
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		size_t n = strlen(time_units[i].name);
		if (strncmp(s, time_units[i].name, n) == 0) {
			*ret_end = s + n;
			return &time_units[i].ms;
		}
	}
	return NULL;
}

int text_to_duration(const char *text, uint64_t *ret_ms, struct error *err)
{
	uint64_t total = 0;
	const char *s = text;

	do {
		uint64_t value = 0;
		const uint64_t seconds = 1000, *unit = &seconds;
		bool first = s == text;

		s = leading_number(s, &value);
		if (!s)
			goto bad;
		/* only a number alone is seconds: "1h30" could be minutes */
		if (*s || !first)
			unit = time_unit(s, &s);
		if (!unit)
			goto bad;
		/* rounded up: what is not nothing does not become nothing */
		if (__builtin_mul_overflow(value, *unit, &value) ||
		    __builtin_add_overflow(value, 999, &value) ||
		    __builtin_add_overflow(total, value / 1000, &total))
			return error_say(err, ERANGE, "%s is too long", text);
	} while (*s);
	*ret_ms = total;
	return 0;
bad:
	error_say(err, EINVAL, "\"%s\" is not a duration", text);
	return error_hint(err, "write seconds, or a number and a unit, as in "
			       "90, 500ms, 5m or 1h30m");
}

/* the number of letters to change, add, drop or swap to get from a to b */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	size_t la = strlen(a), lb = strlen(b);
	size_t before[MAX + 1], last[MAX + 1], now[MAX + 1];

	if (la > MAX || lb > MAX)
		return MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		memcpy(before, last, sizeof(before));
		memcpy(last, now, sizeof(last));
	}
	return last[lb];
}

const char *text_nearest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) / 3 + 2;

	for (; *words; words++) {
		size_t d = distance(word, *words);
		if (d < best_distance && d < strlen(*words)) {
			best = *words;
			best_distance = d;
		}
	}
	return best;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && strcmp(text + n - m, suffix) == 0;
}
