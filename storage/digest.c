#include "storage/digest.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const struct {
	const char *prefix;
	size_t digits;
} algorithms[] = {
	{ "sha256:", 64 },
	{ "sha512:", 128 },
};

static const char hex_digits[] = "0123456789abcdef";

bool digest_is_valid(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		if (!text_starts_with(text, algorithms[i].prefix))
			continue;
		const char *hex = text + strlen(algorithms[i].prefix);
		size_t n = strspn(hex, hex_digits);
		return n == algorithms[i].digits && hex[n] == '\0';
	}
	return false;
}

int digest_check(const char *text, struct error *err)
{
	if (digest_is_valid(text))
		return 0;
	return error_say(
		err, EINVAL,
		"\"%.160s\" is not a digest: it must be sha256: and 64, "
		"or sha512: and 128, lower-case hexadecimal digits",
		text);
}

const char *digest_hex(const char *digest)
{
	return strchr(digest, ':') + 1;
}

char *digest_blob_path(const char *digest)
{
	const char *hex = digest_hex(digest);

	return xasprintf("blobs/%.*s/%s", (int)(hex - digest - 1), digest, hex);
}

const char *digest_prefix(const char *text)
{
	const char *hex = text_starts_with(text, "sha256:") ? text + 7 : text;
	size_t n = strspn(hex, hex_digits);

	return n >= 4 && n <= 64 && hex[n] == '\0' ? hex : NULL;
}

bool digest_has_prefix(const char *digest, const char *hex)
{
	return text_starts_with(digest_hex(digest), hex);
}
