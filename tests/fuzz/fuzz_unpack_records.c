/*
 * The writer's side of storage/unpack/unpack_records.h: whatever a parser that
 * was taken over may send.  Beyond not crashing, what is accepted must be safe.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "storage/unpack/unpack_records.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_path(const char *path)
{
	assert(strlen(path) < UNPACK_PATH_MAX);
	assert(path[0] != '/' && !text_ends_with(path, "/"));
	for (const char *at = path; *at;) {
		size_t n = strcspn(at, "/");
		assert(n > 0 && n <= UNPACK_NAME_MAX);
		assert(!(n == 1 && at[0] == '.'));
		assert(!(n == 2 && at[0] == '.' && at[1] == '.'));
		at += n + (at[n] == '/');
	}
}

static void check_entry(const struct unpack_entry *entry)
{
	struct error err;

	check_path(entry->path);
	assert(entry->path[0] || entry->type == UNPACK_DIRECTORY);
	assert(entry->mode <= 07777 && entry->mtime_nsec < 1000000000);
	assert(entry->n_xattrs <= UNPACK_XATTRS_MAX);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		assert(unpack_xattr_allowed(entry->xattrs[i].name));
		/* reads all of the value */
		if (entry->xattrs[i].size)
			assert(memchr(entry->xattrs[i].value, 0,
				      entry->xattrs[i].size) != &err);
	}
	if (entry->type == UNPACK_HARDLINK)
		check_path(entry->link);
	unpack_path_meaning(entry->path, &err);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct unpack_record record;
	struct error err;
	size_t at = 0;

	while (at < size) {
		ssize_t n = unpack_record_parse(data + at, size - at, &record,
						&err);
		if (n <= 0)
			break;
		assert((size_t)n <= size - at);
		if (record.kind == UNPACK_ENTRY)
			check_entry(&record.entry);
		if (record.kind == UNPACK_DATA)
			assert(record.size > 0 &&
			       (const unsigned char *)record.data +
					       record.size <=
				       data + at + (size_t)n);
		at += (size_t)n;
	}
	return 0;
}
