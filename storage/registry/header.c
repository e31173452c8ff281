#include "storage/registry/header.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "base/text.h"

/* the digits in front, as a number; NULL: none, or too many */
static const char *take_number(const char *s, uint64_t *ret)
{
	const char *start = s;

	*ret = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)(*s - '0'), ret))
			return NULL;
	return s == start ? NULL : s;
}

int header_number(const char *text, uint64_t *ret)
{
	uint64_t value;
	const char *end = take_number(text, &value);

	if (!end || *end)
		return -EPROTO;
	*ret = value;
	return 0;
}

int header_content_range(const char *text, uint64_t *ret_first,
			 uint64_t *ret_last, uint64_t *ret_total)
{
	uint64_t first, last, total = UINT64_MAX;
	const char *s = text;

	if (strncasecmp(s, "bytes ", 6) != 0)
		return -EPROTO;
	s = take_number(s + 6, &first);
	if (!s || *s++ != '-')
		return -EPROTO;
	s = take_number(s, &last);
	if (!s || *s++ != '/')
		return -EPROTO;
	s = strcmp(s, "*") == 0 ? s + 1 : take_number(s, &total);
	if (!s || *s || last < first || last >= total)
		return -EPROTO;
	*ret_first = first;
	*ret_last = last;
	*ret_total = total;
	return 0;
}

int header_range_end(const char *text, uint64_t *ret)
{
	uint64_t first, last;
	const char *s = text_starts_with(text, "bytes=") ? text + 6 : text;

	s = take_number(s, &first);
	if (!s || *s++ != '-' || first != 0)
		return -EPROTO;
	s = take_number(s, &last);
	if (!s || *s || last == UINT64_MAX)
		return -EPROTO;
	*ret = last ? last + 1 : 0;
	return 0;
}

int header_retry_after(const char *text, int64_t now, uint64_t *ret)
{
	if (header_number(text, ret) == 0)
		return 0;
	/* too many digits are a long time, too */
	if (*text && strspn(text, "0123456789") == strlen(text)) {
		*ret = UINT64_MAX;
		return 0;
	}
	int64_t then = curl_getdate(text, NULL);
	if (then < 0)
		return -EPROTO;
	*ret = then > now ? (uint64_t)(then - now) : 0;
	return 0;
}

int header_media_type(const char *text, char *to, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				      "!#$&^_.+-";
	size_t n = strcspn(text, "; \t");
	const char *slash;

	if (n + 1 > size)
		return -EPROTO;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20
								: text[i]);
	to[n] = '\0';
	slash = strchr(to, '/');
	if (!slash || slash == to || !slash[1] ||
	    strspn(to, letters) != (size_t)(slash - to) ||
	    strspn(slash + 1, letters) != strlen(slash + 1))
		return -EPROTO;
	return 0;
}

/* does what stands behind a link say rel=next? */
static bool is_next(const char *parameters, size_t n)
{
	scoped(char) *copy = xstrndup(parameters, n);

	for (char *rest = copy, *one; (one = strsep(&rest, ";"));) {
		one += strspn(one, " \t");
		if (strncasecmp(one, "rel", 3) != 0)
			continue;
		one += 3 + strspn(one + 3, " \t");
		if (*one++ != '=')
			continue;
		one += strspn(one, " \t\"");
		one[strcspn(one, " \t\"")] = '\0';
		if (strcasecmp(one, "next") == 0)
			return true;
	}
	return false;
}

char *header_next(const char *text)
{
	const char *open, *close;

	for (const char *s = text; (open = strchr(s, '<')); s = close) {
		close = strchr(open, '>');
		if (!close)
			return NULL;
		size_t n = strcspn(close, ",<");
		if (is_next(close + 1, n ? n - 1 : 0))
			return xstrndup(open + 1, (size_t)(close - open - 1));
	}
	return NULL;
}

bool header_is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}
