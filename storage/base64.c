#include "storage/base64.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/memory.h"

int base64_decode(const char *text, char **ret, size_t *ret_size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text), used = strspn(text, letters);
	size_t padding = strspn(text + used, "=");

	if (n % 4 || used + padding != n || padding > 2 || n > INT_MAX)
		return -EINVAL;
	char *plain = xcalloc(n / 4 * 3 + 1, 1);
	int size = EVP_DecodeBlock((unsigned char *)plain,
				   (const unsigned char *)text, (int)n);
	if (size < (int)padding) {
		free(plain);
		return -EINVAL;
	}
	*ret = plain;
	*ret_size = (size_t)size - padding;
	return 0;
}
