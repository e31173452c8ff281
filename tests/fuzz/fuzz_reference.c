/* Names of images: what is taken has a normal form that is taken again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/digest.h"
#include "storage/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(char) *text = xstrndup((const char *)data, size);
	scoped_reference ref = { 0 }, again = { 0 };
	struct error err;

	digest_prefix(text);
	digest_check(text, &err);
	if (reference_parse(text, &ref, &err) < 0)
		return 0;
	scoped(char) *name = reference_name(&ref, "docker.io");
	if (reference_parse(name, &again, &err) < 0)
		abort();
	scoped(char) *second = reference_name(&again, "localhost");
	scoped(char) *repository = reference_repository(&ref, "docker.io");
	if (strcmp(name, second) != 0 || strstr(repository, "//") ||
	    strstr(repository, ".."))
		abort();
	return 0;
}
