/* Manifests and indexes: what is taken for one is not the other as well. */
#include <stdint.h>
#include <stdlib.h>

#include "storage/registry/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { MEDIA_INDEX, MEDIA_MANIFEST,
					     MEDIA_DOCKER_LIST,
					     MEDIA_DOCKER_V2 };
	const char *text = (const char *)data, *type;
	struct error err;

	for (size_t i = 0; i < 4; i++) {
		scoped_index index = { 0 };
		scoped_manifest manifest = { 0 };
		int kind = document_check(text, size, types[i], &type, &err);
		if (kind < 0)
			continue;
		if (kind == MEDIA_IS_INDEX
			    ? manifest_parse(text, size, &manifest, &err) == 0
			    : index_parse(text, size, &index, &err) == 0)
			abort();
	}
	return 0;
}
