#include "cmd/human.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static char *scale(double value, double base, double limit, int digits,
		   const char *const units[])
{
	size_t unit = 0;

	while (value >= limit && units[unit + 1]) {
		value /= base;
		unit++;
	}
	return xasprintf("%.*g%s", digits, value, units[unit]);
}

char *human_size(uint64_t bytes)
{
	static const char *const units[] = { "B",  "kB", "MB", "GB",
					     "TB", "PB", "EB", NULL };

	/* what would be rounded up to 1000 is of the next unit */
	return scale((double)bytes, 1000, 999.5, 3, units);
}

char *human_bytes(uint64_t bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB", NULL };

	return scale((double)bytes, 1024, 1024, 4, units);
}

char *human_count(uint64_t n, const char *one)
{
	return xasprintf("%llu %s%s", (unsigned long long)n, one,
			 n == 1 ? "" : "s");
}

char *human_duration(uint64_t seconds)
{
	uint64_t minutes = seconds / 60;
	uint64_t hours = (seconds + 1800) / 3600; /* rounded, as docker does */

	if (seconds < 1)
		return xstrdup("Less than a second");
	if (seconds < 60)
		return human_count(seconds, "second");
	if (minutes == 1)
		return xstrdup("About a minute");
	if (minutes < 60)
		return human_count(minutes, "minute");
	if (hours == 1)
		return xstrdup("About an hour");
	if (hours < 48)
		return human_count(hours, "hour");
	if (hours < 24 * 14)
		return human_count(hours / 24, "day");
	if (hours < 24 * 60)
		return human_count(hours / 24 / 7, "week");
	if (hours < 24 * 365 * 2)
		return human_count(hours / 24 / 30, "month");
	return human_count(seconds / 86400 / 365, "year");
}

char *human_since(time_t then, time_t now)
{
	scoped(char) *age =
		human_duration(now > then ? (uint64_t)(now - then) : 0);

	return xasprintf("%s ago", age);
}

time_t human_parse_time(const char *text)
{
	struct tm tm = { 0 };
	int hours = 0, minutes = 0;
	char sign = 0, end = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	time_t seconds = timegm(&tm);
	if (strcmp(rest, "Z") == 0 || strcmp(rest, "z") == 0)
		return seconds;
	if (sscanf(rest, "%c%2d:%2d%c", &sign, &hours, &minutes, &end) != 3 ||
	    (sign != '+' && sign != '-'))
		return -1;
	long offset = hours * 3600L + minutes * 60L;
	return seconds - (sign == '+' ? offset : -offset);
}
