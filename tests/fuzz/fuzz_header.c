/* Values of headers, and URLs: what is accepted keeps what its header says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/registry/header.h"
#include "storage/registry/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const char *text)
{
	uint64_t first, last, total;

	header_number(text, &first);
	header_range_end(text, &first);
	header_retry_after(text, 1000000000, &first);
	if (header_content_range(text, &first, &last, &total) == 0 &&
	    (first > last || last >= total))
		abort();
}

static void check_urls(const char *text)
{
	static const char base[] = "https://a.io/v2/x";
	scoped(char) *url = NULL, *shown = NULL;
	struct origin origin;
	struct error err;

	if (url_resolve(base, text, &url, &err) < 0)
		return;
	if (!header_is_plain(url) || strchr(url, '#') ||
	    origin_of(url, &origin, &err) < 0)
		abort();
	if (url_check_next(base, url, &err) == 0 && !origin.tls)
		abort();
	shown = url_origin(url);
	if (strpbrk(shown, "?#@"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(char) *text = xstrndup((const char *)data, size);
	char type[64];

	free(header_next(text));
	check_numbers(text);
	check_urls(text);
	if (header_media_type(text, type, sizeof(type)) == 0 &&
	    (!strchr(type, '/') || !header_is_plain(type)))
		abort();
	return 0;
}
