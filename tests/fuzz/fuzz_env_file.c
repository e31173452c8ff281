/*
 * --env-file: whatever is in the file, what comes out are pairs with a sound
 * name, no more of them than there are lines.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/env_file.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int is_so)
{
	if (!is_so)
		abort();
}

static size_t count_lines(const unsigned char *data, size_t size)
{
	size_t n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void parse(const unsigned char *data, size_t size,
		  char *const *environment)
{
	scoped_strv pairs = { 0 };
	struct error err = { 0 };
	/* of just this size, so that reading behind the end is seen */
	scoped(char) *text = xcalloc(size, 1);

	if (size)
		memcpy(text, data, size);
	int r = env_file_parse(text, size, environment, &pairs, &err);
	require(r == 0 || (r < 0 && err.code == -r && *err.text));
	require(pairs.n <= count_lines(data, size));
	for (size_t i = 0; i < pairs.n; i++) {
		require(strchr(pairs.v[i], '=') != NULL);
		require(!strchr(pairs.v[i], '\n'));
		require(env_check_name(pairs.v[i], &err) == 0);
		require(strcspn(pairs.v[i], " \t") >= strcspn(pairs.v[i], "="));
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const caller[] = { "A=1", "HOME=/home/x", NULL };

	parse(data, size, (char *const *)caller);
	parse(data, size, NULL);
	return 0;
}
