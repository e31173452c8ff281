/* WWW-Authenticate: no value that is kept has a control character. */
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "storage/registry/challenge.h"
#include "storage/registry/realm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(char) *text = xstrndup((const char *)data, size);
	scoped_challenge found = { 0 };
	struct error err;

	if (challenge_add(&found, text, &err) < 0)
		return 0;
	check(found.realm);
	check(found.service);
	check(found.scope);
	if (found.realm)
		realm_check("https://a.example.org/v2/", found.realm, NULL,
			    &err);
	return 0;
}
