#include "cmd/when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define SECOND INT64_C(1000000000)

static int not_a_time(const char *text, struct error *err)
{
	error_say(err, EINVAL, "\"%s\" is not a time", text);
	return error_hint(err, "write 2026-11-22T10:00:00, 2026-11-22, "
			       "seconds since 1970, or how long ago, as in "
			       "10m or 1h30m");
}

static int out_of_range(const char *text, struct error *err)
{
	return error_say(err, ERANGE, "%s is not in the years 1970 to 2261",
			 text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* exactly @n digits at *@s, which is then behind them */
static bool take_digits(const char **s, size_t n, int *ret)
{
	int value = 0;

	for (; n > 0; n--, ++*s) {
		if (!is_digit(**s))
			return false;
		value = value * 10 + (**s - '0');
	}
	*ret = value;
	return true;
}

static bool take_char(const char **s, const char *one_of)
{
	if (!**s || !strchr(one_of, **s))
		return false;
	++*s;
	return true;
}

/* what stands behind a point, as parts of @unit; finer digits are dropped */
static bool take_fraction(const char **s, int64_t unit, int64_t *ret)
{
	int64_t value = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); ++*s) {
		unit /= 10;
		value += (**s - '0') * unit;
	}
	*ret = value;
	return true;
}

/* [:MM[:SS[.fraction]]] behind the hours */
static bool take_minutes(const char **s, struct tm *tm, int64_t *ret_ns)
{
	if (!take_char(s, ":"))
		return true;
	if (!take_digits(s, 2, &tm->tm_min))
		return false;
	if (!take_char(s, ":"))
		return true;
	if (!take_digits(s, 2, &tm->tm_sec))
		return false;
	return !take_char(s, ".,") || take_fraction(s, SECOND, ret_ns);
}

/* Z, +01:00, -0330: seconds east of Greenwich */
static bool take_zone(const char **s, long *ret)
{
	int hours = 0, minutes = 0;

	*ret = 0;
	if (take_char(s, "Zz"))
		return true;
	bool west = **s == '-';
	if (!take_char(s, "+-") || !take_digits(s, 2, &hours))
		return false;
	take_char(s, ":");
	if (!take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = (west ? -60 : 60) * (hours * 60L + minutes);
	return true;
}

static bool is_day(const struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	int year = tm->tm_year + 1900;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday > 0 &&
	       tm->tm_mday <= days[tm->tm_mon] + (leap && tm->tm_mon == 1);
}

static int parse_date(const char *text, time_t (*local)(struct tm *tm),
		      int64_t *ret_ns, struct error *err)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *s = text;
	int64_t ns = 0;
	long east = 0;

	if (!take_digits(&s, 4, &tm.tm_year) || !take_char(&s, "-") ||
	    !take_digits(&s, 2, &tm.tm_mon) || !take_char(&s, "-") ||
	    !take_digits(&s, 2, &tm.tm_mday))
		return not_a_time(text, err);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (take_char(&s, "Tt ") &&
	    (!take_digits(&s, 2, &tm.tm_hour) || !take_minutes(&s, &tm, &ns)))
		return not_a_time(text, err);
	bool has_zone = *s != '\0';
	if ((has_zone && !take_zone(&s, &east)) || *s || !is_day(&tm) ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return not_a_time(text, err);
	if (tm.tm_year < 70 || tm.tm_year > 361)
		return out_of_range(text, err);
	int64_t seconds = has_zone ? timegm(&tm) - east : local(&tm);
	*ret_ns = seconds * SECOND + ns;
	return 0;
}

static int parse_seconds(const char *text, int64_t *ret_ns, struct error *err)
{
	size_t n = strspn(text, "0123456789");
	scoped(char) *whole = xstrndup(text, n);
	const char *s = text + n;
	uint64_t seconds = 0;
	int64_t ns = 0;

	if (text_to_u64(whole, INT64_MAX / SECOND - 1, &seconds, err) < 0)
		return out_of_range(text, err);
	if ((take_char(&s, ".") && !take_fraction(&s, SECOND, &ns)) || *s)
		return not_a_time(text, err);
	*ret_ns = (int64_t)seconds * SECOND + ns;
	return 0;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 }, /* U+00B5 and U+03BC look alike */
	{ "\xce\xbcs", 1000 },
	{ "ms", 1000000 },
	{ "s", SECOND },
	{ "m", 60 * SECOND },
	{ "h", 3600 * SECOND },
	{ "d", 86400 * SECOND },
};

static int64_t take_unit(const char **s)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (text_starts_with(*s, units[i].name)) {
			*s += strlen(units[i].name);
			return units[i].ns;
		}
	return 0;
}

/* one number with its unit; Return: 0, -EINVAL, -ERANGE */
static int take_span(const char **s, int64_t *total)
{
	const char *digits = *s;
	int64_t value = 0, part = 0;

	*s += strspn(*s, "0123456789");
	const char *point = *s;
	if (take_char(s, "."))
		*s += strspn(*s, "0123456789");
	size_t n = (size_t)(*s - digits) - (point != *s);
	int64_t unit = take_unit(s);
	if (n == 0 || unit == 0)
		return -EINVAL;
	for (const char *c = digits; c < point; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *c - '0', &value))
			return -ERANGE;
	if (*point == '.' && is_digit(*++point))
		take_fraction(&point, unit, &part);
	if (__builtin_mul_overflow(value, unit, &value) ||
	    __builtin_add_overflow(*total, value, total) ||
	    __builtin_add_overflow(*total, part, total))
		return -ERANGE;
	return 0;
}

static int parse_ago(const char *text, int64_t now_ns, int64_t *ret_ns,
		     struct error *err)
{
	const char *s = text;
	bool later = *s == '-';
	int64_t span = 0;
	int r;

	take_char(&s, "+-");
	do
		r = take_span(&s, &span);
	while (r == 0 && *s);
	if (r == -EINVAL)
		return not_a_time(text, err);
	if (r < 0 || (later && __builtin_add_overflow(now_ns, span, &span)))
		return out_of_range(text, err);
	*ret_ns = later ? span : now_ns - span;
	return 0;
}

int when_parse(const char *text, int64_t now_ns, time_t (*local)(struct tm *tm),
	       int64_t *ret_ns, struct error *err)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (digits == 4 && *rest == '-')
		return parse_date(text, local, ret_ns, err);
	if (digits > 0 &&
	    (!*rest ||
	     (*rest == '.' && !rest[1 + strspn(rest + 1, "0123456789")])))
		return parse_seconds(text, ret_ns, err);
	return parse_ago(text, now_ns, ret_ns, err);
}

int64_t when_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* also before 1970 the fraction counts forward */
static time_t split(int64_t ns, int *ret_fraction)
{
	int64_t fraction = ns % SECOND;

	if (fraction < 0)
		fraction += SECOND;
	*ret_fraction = (int)fraction;
	return (time_t)((ns - fraction) / SECOND);
}

static void put_time(char to[WHEN_SIZE], const struct tm *tm, int fraction,
		     const char *zone)
{
	snprintf(to, WHEN_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09d%s",
		 tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour,
		 tm->tm_min, tm->tm_sec, fraction, zone);
}

const char *when_utc(char to[WHEN_SIZE], int64_t ns)
{
	int fraction;
	time_t seconds = split(ns, &fraction);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	put_time(to, &tm, fraction, "Z");
	return to;
}

const char *when_local(char to[WHEN_SIZE], int64_t ns)
{
	int fraction;
	time_t seconds = split(ns, &fraction);
	char zone[48];
	struct tm tm;

	localtime_r(&seconds, &tm);
	long minutes = tm.tm_gmtoff / 60,
	     size = minutes < 0 ? -minutes : minutes;
	snprintf(zone, sizeof(zone), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
		 size / 60, size % 60);
	put_time(to, &tm, fraction, zone);
	return to;
}
