/* status.json: what is taken for a record is written the same way again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "core/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_json *object = NULL;
	struct record record, again;
	struct error err;

	if (json_parse((const char *)data, size, "status.json", &object, &err) <
		    0 ||
	    record_from_json(object, &record, &err) < 0)
		return 0;
	scoped_json *first = record_to_json(&record);
	if (record_from_json(first, &again, &err) < 0)
		abort();
	scoped_json *second = record_to_json(&again);
	if (!json_equal(first, second))
		abort();
	record_free(&record);
	record_free(&again);
	return 0;
}
