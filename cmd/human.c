#include "cmd/human.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

char *human_size(uint64_t bytes)
{
	static const char *const units[] = { "B",  "kB", "MB", "GB",
					     "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit < ARRAY_SIZE(units) - 1) {
		value /= 1000;
		unit++;
	}
	return xasprintf("%.3g%s", value, units[unit]);
}

char *human_since(time_t then, time_t now)
{
	static const struct {
		const char *name;
		long seconds;
	} units[] = {
		{ "year", 365 * 86400L }, { "month", 30 * 86400L },
		{ "week", 7 * 86400L },   { "day", 86400L },
		{ "hour", 3600L },        { "minute", 60L },
		{ "second", 1L },
	};
	long age = now > then ? (long)(now - then) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		long n = age / units[i].seconds;
		if (n > 0)
			return xasprintf("%ld %s%s ago", n, units[i].name,
					 n == 1 ? "" : "s");
	}
	return xstrdup("just now");
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
