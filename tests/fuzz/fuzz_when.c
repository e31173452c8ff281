/* --since and --until: no time, or one that is the same when it is shown */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/when.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int is_so)
{
	if (!is_so)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const int64_t now = 1795341600000000000;
	scoped(char) *text = xstrndup((const char *)data, size);
	char shown[WHEN_SIZE];
	struct error err = { 0 };
	int64_t ns = 77, again = 0;

	int r = when_parse(text, now, timegm, &ns, &err);
	require(r == 0 || (r < 0 && err.code == -r && *err.text && ns == 77));
	if (r < 0)
		return 0;
	when_utc(shown, ns);
	r = when_parse(shown, now, timegm, &again, &err);
	/* how long ago may lead out of the years that can be typed */
	require(r == 0 ? again == ns : r == -ERANGE || r == -EINVAL);
	return 0;
}
