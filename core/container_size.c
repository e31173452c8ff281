#include "core/container_size.h"

#include <errno.h>
#include <fts.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"
#include "core/containers.h"
#include "userns/outer.h"

struct count {
	uint64_t bytes;
	void *seen; /* tsearch(3): files with several names */
};

static int compare_files(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(uint64_t));
}

/* is this the first name of the file that was met? */
static bool is_new(struct count *count, const struct stat *st)
{
	uint64_t key[2] = { (uint64_t)st->st_dev, (uint64_t)st->st_ino };

	if (st->st_nlink < 2)
		return true;
	if (tfind(key, &count->seen, compare_files))
		return false;
	uint64_t *copy = xcalloc(2, sizeof(*copy));
	memcpy(copy, key, sizeof(key));
	tsearch(copy, &count->seen, compare_files);
	return true;
}

/* fts(3) goes as deep as it likes, and follows no link */
static uint64_t size_of(char *path)
{
	char *const roots[] = { path, NULL };
	struct count count = { 0 };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV, NULL);

	for (FTSENT *entry; walk && (entry = fts_read(walk));)
		if ((entry->fts_info == FTS_F || entry->fts_info == FTS_SL ||
		     entry->fts_info == FTS_DEFAULT) &&
		    is_new(&count, entry->fts_statp))
			count.bytes += (uint64_t)entry->fts_statp->st_size;
	if (walk)
		fts_close(walk);
	tdestroy(count.seen, free);
	return count.bytes;
}

struct work {
	const struct strv *paths;
	uint64_t *sizes; /* memory that is shared */
};

static int count_all(void *argument, struct error *err)
{
	struct work *work = argument;

	(void)err;
	for (size_t i = 0; i < work->paths->n; i++)
		work->sizes[i] = size_of(work->paths->v[i]);
	return 0;
}

/* @ret: the size of each of @paths; 0 of one that is not there */
static int measure(const struct strv *paths, uint64_t *ret, struct error *err)
{
	size_t bytes = (paths->n + 1) * sizeof(*ret);
	struct work work = { .paths = paths };
	struct outer_ids ids;
	int r = outer_find_ids(false, &ids, err);

	if (r < 0)
		return r;
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

/* Return: the place of @path in @paths, where it is once */
static size_t place_of(struct strv *paths, const char *path)
{
	size_t i = 0;

	while (i < paths->n && strcmp(paths->v[i], path) != 0)
		i++;
	if (i == paths->n)
		strv_add(paths, path);
	return i;
}

/* of the layers of an image; those of several containers are the same */
static struct strv read_layers(const struct store *store,
			       const struct record *record)
{
	struct strv layers = { 0 };
	struct spec spec = { 0 };
	struct error ignored;
	scoped_fd dirfd = container_open(store, record->id, &ignored);

	if (dirfd >= 0 && record_read_spec(dirfd, &spec, &ignored) == 0) {
		strv_extend(&layers, spec.layers.v);
		spec_free(&spec);
	}
	return layers;
}

static uint64_t sum(struct strv *paths, const struct strv *layers,
		    const uint64_t *sizes)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < layers->n; i++)
		bytes += sizes[place_of(paths, layers->v[i])];
	return bytes;
}

int container_sizes(const struct store *store,
		    const struct record *const *records, size_t n,
		    struct container_size *ret, struct error *err)
{
	scoped(struct strv) *layers = xcalloc(n + 1, sizeof(*layers));
	scoped_strv paths = { 0 };

	/* first what each has written, then the layers */
	for (size_t i = 0; i < n; i++)
		strv_addf(&paths, "%s/containers/%s/upper", store->path,
			  records[i]->id);
	for (size_t i = 0; i < n; i++) {
		layers[i] = read_layers(store, records[i]);
		for (size_t j = 0; j < layers[i].n; j++)
			place_of(&paths, layers[i].v[j]);
	}
	scoped(uint64_t) *sizes = xcalloc(paths.n + 1, sizeof(*sizes));
	int r = n ? measure(&paths, sizes, err) : 0;
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			ret[i] = (struct container_size){
				sizes[i],
				sizes[i] + sum(&paths, &layers[i], sizes),
			};
		strv_free(&layers[i]);
	}
	return r;
}
