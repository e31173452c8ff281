#include "cmd/template/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { RUNE_BAD = 0xfffd, RUNE_MAX = 0x10ffff };

static bool has_room(struct bytes *to, size_t n)
{
	if (to->too_long || n > BYTES_MAX || to->n + n > BYTES_MAX) {
		to->too_long = true;
		return false;
	}
	if (to->n + n >= to->room) {
		to->room = 2 * (to->n + n) + 32;
		to->b = xreallocarray(to->b, to->room, 1);
	}
	return true;
}

void bytes_add(struct bytes *to, const char *from, size_t n)
{
	if (!has_room(to, n))
		return;
	if (n)
		memcpy(to->b + to->n, from, n);
	to->n += n;
	to->b[to->n] = '\0';
}

void bytes_add_text(struct bytes *to, const char *text)
{
	bytes_add(to, text, strlen(text));
}

void bytes_repeat(struct bytes *to, char c, size_t n)
{
	if (!has_room(to, n))
		return;
	memset(to->b + to->n, c, n);
	to->n += n;
	to->b[to->n] = '\0';
}

void bytes_add_rune(struct bytes *to, uint32_t c)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	char text[4];

	if (c > RUNE_MAX || (c >= 0xd800 && c <= 0xdfff))
		c = RUNE_BAD;
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		text[i] = (char)(0x80 | (c & 0x3f));
	text[0] = (char)(first[n] | c);
	bytes_add(to, text, n);
}

size_t rune_decode(const char *from, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)from;
	size_t size = s[0] < 0x80             ? 1
		      : (s[0] & 0xe0) == 0xc0 ? 2
		      : (s[0] & 0xf0) == 0xe0 ? 3
		      : (s[0] & 0xf8) == 0xf0 ? 4
					      : 0;
	uint32_t c = size == 1 ? s[0] : size ? s[0] & (0x7fu >> size) : 0;

	*ret = RUNE_BAD;
	if (size == 0 || size > n)
		return 1;
	for (size_t i = 1; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[size] || c > RUNE_MAX || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*ret = c;
	return size;
}

size_t rune_count(const char *from, size_t n)
{
	size_t count = 0;
	uint32_t c;

	for (size_t at = 0; at < n; at += rune_decode(from + at, n - at, &c))
		count++;
	return count;
}

/* the marks that turn the direction of text, and blanks that are not seen */
static bool is_plain(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c <= 0xa0) &&
	       c != 0xad && c != 0x61c && c != 0xfeff &&
	       !(c >= 0x2000 && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202f) &&
	       !(c >= 0x205f && c <= 0x206f) && c != 0x3000 &&
	       !(c >= 0xe000 && c <= 0xf8ff);
}

static void add_escape(struct bytes *to, uint32_t c, bool is_byte)
{
	static const char letters[] = "abtnvfr"; /* of 7 to 13 */
	char text[12];

	if (c >= 7 && c <= 13)
		snprintf(text, sizeof(text), "\\%c", letters[c - 7]);
	else if (c < 0x80 || is_byte)
		snprintf(text, sizeof(text), "\\x%02x", c);
	else
		snprintf(text, sizeof(text),
			 c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
	bytes_add_text(to, text);
}

void bytes_add_quoted(struct bytes *to, const char *from, size_t n)
{
	size_t size;

	bytes_add_text(to, "\"");
	for (size_t at = 0; at < n; at += size) {
		uint32_t c;
		size = rune_decode(from + at, n - at, &c);
		if (c == RUNE_BAD && size == 1)
			add_escape(to, (unsigned char)from[at], true);
		else if (!is_plain(c))
			add_escape(to, c, false);
		else {
			if (c == '"' || c == '\\')
				bytes_add_text(to, "\\");
			bytes_add(to, from + at, size);
		}
	}
	bytes_add_text(to, "\"");
}

/* text without NUL, as text_escape() wants it */
static void add_piece(struct bytes *to, const char *from, size_t n)
{
	size_t size = 4 * n + 1;
	scoped(char) *piece = xstrndup(from, n);
	scoped(char) *shown = xcalloc(size, 1);

	text_escape(shown, size, piece);
	bytes_add_text(to, shown);
}

void bytes_add_escaped(struct bytes *to, const char *from, size_t n,
		       const char *kept)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		if (from[i] != '\0' && !strchr(kept, from[i]))
			continue;
		add_piece(to, from + start, i - start);
		if (from[i] == '\0')
			bytes_add_text(to, "\\x00");
		else
			bytes_add(to, from + i, 1);
		start = i + 1;
	}
	add_piece(to, from + start, n - start);
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->b);
	*bytes = (struct bytes){ 0 };
}
