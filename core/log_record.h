/*
 * core/log_record.h - one line of a log file, as text and as what it means
 *
 *   2026-11-22T10:00:00.123456789+00:00 stdout F some text
 *
 * The time in UTC, the stream, F for a line or the end of one, P for a part
 * that has more to come, and the bytes as they were written.  It is the format
 * of the Container Runtime Interface of Kubernetes, which podman(1) calls
 * k8s-file.  The header has always the same length, so a line of the
 * container cannot be taken for a record: each has a header before it.
 *
 * A third stream, "notice", is the writer's own: what it has to say.
 *
 * Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_stream {
	LOG_STDOUT,
	LOG_STDERR,
	LOG_NOTICE,
	N_LOG_STREAMS,
};

enum {
	LOG_HEADER_SIZE = 45,
	/* bytes of text; a longer line is several records (as in CRI-O) */
	LOG_TEXT_MAX = 16384,
};

/* {0} before the first one. */
struct log_record {
	int64_t time_ns; /* CLOCK_REALTIME */
	enum log_stream stream;
	bool ends; /* F: a newline follows */
	const char *text;
	size_t size;
	/* of the record before: the same second need not be computed again */
	char second[20];
	int64_t second_s;
};

/* log_record_header - with the blank behind it, and no NUL */
void log_record_header(char to[LOG_HEADER_SIZE], int64_t time_ns,
		       enum log_stream stream, bool ends);

/*
 * log_record_parse - the meaning of @line, which has no newline
 * @ret: .text points into @line
 * Return: false when it is no record
 */
bool log_record_parse(const char *line, size_t size, struct log_record *ret);
