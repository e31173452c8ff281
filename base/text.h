/*
 * base/text.h - words and numbers that come from outside
 *
 * Pure functions: text in, value out.  The parsers take the whole text or
 * nothing: no sign, no white space, no trailing characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * text_escape - copy @from so that a terminal shows it and does nothing else
 * @size: bytes at @to; what does not fit is cut
 *
 * Bytes below 0x20, 0x7f and C1 controls (U+0080..U+009F), invalid UTF-8 and
 * the bidirectional controls become \xNN.  @to and @from may be the same.
 */
void text_escape(char *to, size_t size, const char *from);

/* Return: 0, or -EINVAL / -ERANGE with a message that quotes @text */
int text_to_u64(const char *text, uint64_t max, uint64_t *ret,
		struct error *err);
int text_to_u32(const char *text, uint32_t max, uint32_t *ret,
		struct error *err);

/*
 * text_to_size - a number of bytes: "64m", "1g", "10240", "512k", "2t"
 * Suffixes are powers of 1024, in either case, with an optional "b" or "ib".
 */
int text_to_size(const char *text, uint64_t *ret, struct error *err);

/*
 * text_to_duration - a time in milliseconds: "90" (seconds), "1.5s", "200ms",
 * "5m", "1h30m", "2d"
 */
int text_to_duration(const char *text, uint64_t *ret_ms, struct error *err);

/*
 * text_nearest - the word of @words (NULL-terminated) most like @word
 * Return: borrowed from @words; NULL when nothing is near enough to suggest.
 */
const char *text_nearest(const char *word, const char *const *words);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
