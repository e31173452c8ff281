/*
 * storage/registry/header.h - values of HTTP headers
 *
 * Pure, fuzzed: text from a server in, numbers and words out.
 * Source: RFC 9110, distribution-spec 1.1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* header_number - a Content-Length; Return: 0, -EPROTO */
int header_number(const char *text, uint64_t *ret);

/*
 * header_content_range - "bytes 0-99/100"
 * @ret_total: UINT64_MAX for "*"
 * Return: 0; -EPROTO, also when the last is before the first
 */
int header_content_range(const char *text, uint64_t *ret_first,
			 uint64_t *ret_last, uint64_t *ret_total);

/* header_range_end - of "0-99", as an upload has it, or "bytes=0-99": 100,
 * the bytes that are there.  "0-0" is taken as none, as registries mean it.
 * Return: 0, -EPROTO */
int header_range_end(const char *text, uint64_t *ret);

/*
 * header_retry_after - how long to wait
 * @now: seconds since 1970, for a Retry-After that is a date
 * @ret: seconds, 0 for a date that has passed
 * Return: 0, -EPROTO
 */
int header_retry_after(const char *text, int64_t now, uint64_t *ret);

/*
 * header_media_type - "type/subtype" in lower case, without parameters
 * Return: 0, -EPROTO it is none, or does not fit
 */
int header_media_type(const char *text, char *to, size_t size);

/* header_next - the target of rel="next" in a Link header; the caller's to
 * free, or NULL */
char *header_next(const char *text);

/* header_is_plain - visible ASCII only: what may be sent as a value again */
bool header_is_plain(const char *text);
