#include "core/disk_usage.h"

#include <errno.h>
#include <fts.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "userns/outer.h"

/* A file with several names. */
struct link {
	uint64_t dev, ino;
	uint64_t names; /* that were met */
};

struct work {
	const struct strv *paths;
	bool freed;
	uint64_t *sizes; /* memory that is shared */
	void *links;     /* tsearch(3) */
};

static int compare_links(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(uint64_t));
}

/* is this the name for which the file is counted? */
static bool counts(struct work *work, const struct stat *st)
{
	struct link key = { (uint64_t)st->st_dev, (uint64_t)st->st_ino, 0 };

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return true;
	struct link **found = tfind(&key, &work->links, compare_links);
	if (!found) {
		struct link *copy = xcalloc(1, sizeof(*copy));
		*copy = key;
		found = tsearch(copy, &work->links, compare_links);
	}
	if (!found)
		return false;
	uint64_t names = ++(*found)->names;
	return names == (work->freed ? (uint64_t)st->st_nlink : 1);
}

/* fts(3) goes as deep as it likes, and follows no link */
static uint64_t size_of(struct work *work, char *path)
{
	char *const roots[] = { path, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV, NULL);
	uint64_t bytes = 0;

	for (FTSENT *entry; walk && (entry = fts_read(walk));)
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS &&
		    counts(work, entry->fts_statp))
			bytes += (uint64_t)entry->fts_statp->st_blocks * 512;
	if (walk)
		fts_close(walk);
	return bytes;
}

static int count_all(void *argument, struct error *err)
{
	struct work *work = argument;

	(void)err;
	for (size_t i = 0; i < work->paths->n; i++)
		work->sizes[i] = size_of(work, work->paths->v[i]);
	tdestroy(work->links, free);
	return 0;
}

int disk_usage(const struct strv *paths, bool freed, uint64_t *ret,
	       struct error *err)
{
	size_t bytes = (paths->n + 1) * sizeof(*ret);
	struct work work = { .paths = paths, .freed = freed };
	struct outer_ids ids;
	int r = outer_find_ids(false, &ids, err);

	if (r < 0 || paths->n == 0)
		return r < 0 ? r : 0;
	work.sizes = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (work.sizes == MAP_FAILED)
		return error_set(err, errno, "share memory");
	r = outer_call(&ids, count_all, &work, err);
	if (r >= 0)
		memcpy(ret, work.sizes, paths->n * sizeof(*ret));
	munmap(work.sizes, bytes);
	return r < 0 ? r : 0;
}
