/*
 * A subuid(5) file, which is also read as an nsswitch.conf(5): what is granted
 * to alice (1000) is hers alone, and what is suggested is nobody's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "userns/subid.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static bool overlap(struct idrange a, struct idrange b)
{
	return a.start < (uint64_t)b.start + b.count &&
	       b.start < (uint64_t)a.start + a.count;
}

static void check_ranges(const struct idrange *ranges, int n)
{
	struct idmap map;
	struct error err;

	require(n <= SUBID_RANGES_MAX);
	for (int i = 0; i < n; i++) {
		require(ranges[i].count > 0);
		require((uint64_t)ranges[i].start + ranges[i].count <= ID_NONE);
		require(!overlap(ranges[i], (struct idrange){ 1000, 1 }));
		for (int j = 0; j < i; j++)
			require(!overlap(ranges[i], ranges[j]));
	}
	/* so the map of a container can be made of them */
	require(idmap_outer(&map, 1000, ranges, (size_t)n, 65536, &err) == 0);
}

/* granted to somebody new, the suggestion separates the two */
static void check_suggestion(const char *text)
{
	scoped(char) *line = subid_suggest(SUBID_UIDS, text, "zoe");
	struct idrange ranges[SUBID_RANGES_MAX];
	struct error err;
	unsigned first = 0, last = 0;

	if (strstr(text, "zoe") || strstr(text, "999"))
		return;
	if (sscanf(line, "sudo usermod --add-subuids %u-%u zoe", &first,
		   &last) != 2)
		return;
	require(last - first == 65535);
	scoped(char) *granted = xasprintf("zoe:%u:65536\n%s", first, text);
	require(subid_parse(granted, "f", "zoe", 999, ranges, &err) == 1);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct idrange ranges[SUBID_RANGES_MAX];
	struct error err = { 0 };
	scoped(char) *text = xcalloc(size + 1, 1);

	if (size)
		memcpy(text, data, size);
	int n = subid_parse(text, "f", "alice", 1000, ranges, &err);
	require(n != 0);
	if (n > 0)
		check_ranges(ranges, n);
	else
		require(err.code == -n && *err.text);
	check_suggestion(text);
	subid_is_local(text);
	return 0;
}
