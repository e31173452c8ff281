/*
 * cmd/when.h - points in time, as users type them and as they are shown
 *
 * Time is counted in nanoseconds since 1970, UTC (CLOCK_REALTIME).
 */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/error.h"

/*
 * when_parse - pure: what --since and --until say, as docker(1) and podman(1)
 *
 *   2026-11-22T10:00:00.5+01:00   RFC 3339; also without the fraction, the
 *                                 seconds or the minutes; a blank for the T
 *   2026-11-22T10:00:00, 2026-11-22   without a zone: local time
 *   1795341600, 1795341600.25     seconds since 1970
 *   10m, 1h30m, 1.5h, 2d          so long before @now_ns; with a minus sign
 *                                 before it, after that
 *
 * @local: mktime(3): from the local time to seconds since 1970
 * Return: 0; -EINVAL it is none of these, -ERANGE not in the years 1970..2261.
 */
int when_parse(const char *text, int64_t now_ns, time_t (*local)(struct tm *tm),
	       int64_t *ret_ns, struct error *err);

int64_t when_now(void);

enum { WHEN_SIZE = 128 };

/* when_utc - "2026-11-22T10:00:00.123456789Z"; Return: @to */
const char *when_utc(char to[WHEN_SIZE], int64_t ns);

/* when_local - "2026-11-22T11:00:00.123456789+01:00"; Return: @to */
const char *when_local(char to[WHEN_SIZE], int64_t ns);
