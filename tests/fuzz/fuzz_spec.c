/* spec.json: what is taken for a spec is written the same way again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "core/spec_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct spec *spec)
{
	scoped_json *object = spec_to_json(spec);
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		abort();
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_json *object = NULL, *again = NULL;
	struct spec spec, same;
	struct error err;

	if (json_parse((const char *)data, size, "spec.json", &object, &err) <
		    0 ||
	    spec_from_json(object, &spec, &err) < 0)
		return 0;
	scoped(char) *first = text_of(&spec);
	if (json_parse(first, strlen(first), "spec.json", &again, &err) < 0 ||
	    spec_from_json(again, &same, &err) < 0)
		abort();
	scoped(char) *second = text_of(&same);
	if (strcmp(first, second) != 0)
		abort();
	spec_free(&spec);
	spec_free(&same);
	return 0;
}
