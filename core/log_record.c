#include "core/log_record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	SECOND_SIZE = 19, /* 2026-11-22T10:00:00 */
	FRACTION = 20,    /* where the digits begin */
	ZONE = 29,
	STREAM = 36,
	FLAG = 43,
	NS = 1000000000,
};

static const char *const streams[] = {
	[LOG_STDOUT] = "stdout",
	[LOG_STDERR] = "stderr",
	[LOG_NOTICE] = "notice",
};

void log_record_header(char to[LOG_HEADER_SIZE], int64_t time_ns,
		       enum log_stream stream, bool ends)
{
	char text[128];
	time_t seconds = (time_t)(time_ns / NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, sizeof(text),
		 "%04d-%02d-%02dT%02d:%02d:%02d.%09d+00:00 %s %c ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, (int)(time_ns % NS), streams[stream],
		 ends ? 'F' : 'P');
	memcpy(to, text, LOG_HEADER_SIZE);
}

/* @n digits; Return: -1 when they are none */
static int digits(const char *text, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static bool parse_second(const char *text, int64_t *ret)
{
	static const char form[] = "0000-00-00T00:00:00";
	struct tm tm = {
		.tm_year = digits(text, 4) - 1900,
		.tm_mon = digits(text + 5, 2) - 1,
		.tm_mday = digits(text + 8, 2),
		.tm_hour = digits(text + 11, 2),
		.tm_min = digits(text + 14, 2),
		.tm_sec = digits(text + 17, 2),
	};

	for (size_t i = 0; i < SECOND_SIZE; i++)
		if (form[i] != '0' && form[i] != text[i])
			return false;
	/* of the years that a count of nanoseconds can have */
	if (tm.tm_year < 70 || tm.tm_year > 361 || tm.tm_mon < 0 ||
	    tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
	    tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return false;
	*ret = timegm(&tm);
	return true;
}

static int parse_stream(const char *text)
{
	for (int i = 0; i < N_LOG_STREAMS; i++)
		if (memcmp(text, streams[i], 6) == 0)
			return i;
	return -1;
}

bool log_record_parse(const char *line, size_t size, struct log_record *ret)
{
	if (size < LOG_HEADER_SIZE)
		return false;
	int ns = digits(line + FRACTION, 9);
	int stream = parse_stream(line + STREAM);
	char flag = line[FLAG];

	if (line[SECOND_SIZE] != '.' || ns < 0 || stream < 0 ||
	    memcmp(line + ZONE, "+00:00 ", 7) != 0 || line[FLAG - 1] != ' ' ||
	    (flag != 'F' && flag != 'P') || line[FLAG + 1] != ' ')
		return false;
	/* before the first one it has no digits, and neither may a line */
	if (!ret->second[0] || memcmp(line, ret->second, SECOND_SIZE) != 0) {
		if (!parse_second(line, &ret->second_s))
			return false;
		memcpy(ret->second, line, SECOND_SIZE);
	}
	ret->time_ns = ret->second_s * NS + ns;
	ret->stream = (enum log_stream)stream;
	ret->ends = flag == 'F';
	ret->text = line + LOG_HEADER_SIZE;
	ret->size = size - LOG_HEADER_SIZE;
	return true;
}
