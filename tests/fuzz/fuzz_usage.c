/* The files of /proc that have a process's name, or numbers, in them. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/usage.h"

static void require(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	scoped(char) *text = xcalloc(size + 1, 1);
	uint64_t a = 7, b = 7;

	if (size)
		memcpy(text, data, size);
	/* what fails leaves the results alone */
	if (usage_parse_stat(text, &a, &b) < 0)
		require(a == 7 && b == 7);
	a = b = 7;
	if (usage_parse_network(text, &a, &b) < 0)
		require(a == 7 && b == 7);
	a = 7;
	if (usage_parse_line(text, "Pss", &a) < 0)
		require(a == 7);
	usage_parse_line(text, "read_bytes", &a);
	return 0;
}
