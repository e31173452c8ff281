/*
 * A log file: whatever its lines are, each is either no record, or one with
 * just the text that stands in it, and written anew it has the same header.
 * What was read before does not matter.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/log_record.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int is_so)
{
	if (!is_so)
		abort();
}

static void check_line(const char *line, size_t size, struct log_record *after)
{
	struct log_record alone = { 0 };
	char header[LOG_HEADER_SIZE];
	/* of just this size, so that reading behind the end is seen */
	scoped(char) *copy = xcalloc(size, 1);

	memcpy(copy, line, size);
	bool is_record = log_record_parse(copy, size, &alone);
	require(log_record_parse(copy, size, after) == is_record);
	if (!is_record)
		return;
	require(alone.time_ns == after->time_ns);
	require(alone.text == copy + LOG_HEADER_SIZE);
	require(alone.size == size - LOG_HEADER_SIZE);
	require(alone.stream < N_LOG_STREAMS);
	log_record_header(header, alone.time_ns, alone.stream, alone.ends);
	/* the 31st of November is the first of December */
	require(memcmp(header + 10, copy + 10, LOG_HEADER_SIZE - 10) == 0 ||
		memcmp(copy + 17, "60", 2) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size;
	struct log_record record = { 0 };

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);
		if (n > 0)
			check_line(line, n, &record);
		line += n + 1;
	}
	return 0;
}
