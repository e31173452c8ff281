/*
 * cmd/template/bytes.h - text that grows up to a limit, with any byte in it
 *
 * What a template makes is counted, not ended by a NUL: {{"\x00"}} is what
 * "xargs -0" reads.  A text that would pass BYTES_MAX stays as it is and is
 * marked: whoever hands it out looks at .too_long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BYTES_MAX = 32 << 20 };

struct bytes {
	char *b; /* NULL, or n bytes and a NUL */
	size_t n, room;
	bool too_long;
};

void bytes_add(struct bytes *to, const char *from, size_t n);
void bytes_add_text(struct bytes *to, const char *text);
void bytes_repeat(struct bytes *to, char c, size_t n);
void bytes_add_rune(struct bytes *to, uint32_t rune); /* as UTF-8 */

/* bytes_add_quoted - in quotes, with escapes, as Go's %q and as it is read */
void bytes_add_quoted(struct bytes *to, const char *from, size_t n);

/*
 * bytes_add_escaped - as text_escape() (base/text.h) makes it for terminals
 * @kept: control characters that stay, such as "\n\t"
 */
void bytes_add_escaped(struct bytes *to, const char *from, size_t n,
		       const char *kept);

/*
 * rune_decode - the first character of the @n bytes at @from, 1 at least
 * Return: its length; for a byte that is no UTF-8 1, with U+FFFD in *ret,
 * as Go has it.
 */
size_t rune_decode(const char *from, size_t n, uint32_t *ret);
size_t rune_count(const char *from, size_t n);

void bytes_free(struct bytes *bytes);

#define scoped_bytes __attribute__((cleanup(bytes_free))) struct bytes
