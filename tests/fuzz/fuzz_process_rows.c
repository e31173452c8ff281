/* Whatever ps(1) prints of a container's processes, only their rows are kept,
 * and nothing in them moves a terminal. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/process_rows.h"

static void require(int condition)
{
	if (!condition)
		abort();
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void check_line(const char *line)
{
	for (; *line; line++)
		require((unsigned char)*line >= 0x20 && *line != 0x7f);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static pid_t pids[] = { 1, 10, 777 };
	const struct processes processes = { pids, ARRAY_SIZE(pids) };
	scoped(char) *text = xcalloc(size + 1, 1);
	scoped_strv lines = { 0 };
	struct error err = { 0 };

	if (size)
		memcpy(text, data, size);
	int r = process_rows_select(text, &processes, &lines, &err);
	require(r == 0 || (r < 0 && err.code == -r && *err.text));
	require(r == 0 || lines.n == 0);
	require(lines.n <= count_lines(text));
	for (size_t i = 0; i < lines.n; i++)
		check_line(lines.v[i]);
	return 0;
}
