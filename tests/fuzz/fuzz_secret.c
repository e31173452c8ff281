/* What looks like a secret; the first byte says in which form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* they come in order, and each lies in the text */
static void check_all(const char *text, enum secret_form form)
{
	struct secret_scan scan = secret_scan(text, form);
	struct secret secret;
	size_t length = strlen(text), before = 0;

	while (secret_next(&scan, &secret)) {
		scoped(char) *hint = secret_hint(text + secret.at, secret.size);
		if (secret.at < before || secret.size == 0 ||
		    secret.size > length - secret.at || !secret.kind ||
		    secret.name_size > length - secret.name_at ||
		    strlen(hint) > secret.size / 4 + strlen("***"))
			abort();
		before = secret.at + secret.size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	static const enum secret_form forms[] = { SECRET_PAIR, SECRET_LINE,
						  SECRET_VALUE, SECRET_LINE };
	enum secret_form form = forms[data[0] % ARRAY_SIZE(forms)];
	scoped(char) *text = xstrndup((const char *)data + 1, size - 1);

	check_all(text, form);
	free(secret_mask(text, form));
	return 0;
}
