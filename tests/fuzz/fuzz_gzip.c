/*
 * Gzip from anywhere, in pieces of all sizes: the first byte says of which.
 * What comes out is the same however it is cut.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "storage/unpack/unpack_gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 8 << 20 };

struct piecewise {
	const uint8_t *data;
	size_t size, piece;
	uint64_t sum, total; /* of what came out */
};

static ssize_t give(void *context, const void **ret)
{
	struct piecewise *p = context;
	size_t n = p->size < p->piece ? p->size : p->piece;

	*ret = p->data;
	p->data += n;
	p->size -= n;
	return (ssize_t)n;
}

static int take(void *context, const void *data, size_t size, struct error *err)
{
	struct piecewise *p = context;
	const uint8_t *bytes = data;

	assert(size > 0);
	for (size_t i = 0; i < size; i++)
		p->sum = p->sum * 31 + bytes[i];
	p->total += size;
	return p->total > MOST ? error_say(err, EFBIG, "enough") : 0;
}

static int run(struct piecewise *p)
{
	struct error err = { 0 };
	int r = unpack_gzip(&(struct gzip_ends){ give, take, p }, &err);

	assert(r == 0 || r == -EBADMSG || r == -EFBIG);
	assert(r == 0 || err.text[0]);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct piecewise whole = { data + 1, size - 1, size, 0, 0 };
	struct piecewise pieces = { data + 1, size - 1, data[0] + 1, 0, 0 };
	int r = run(&whole);
	assert(run(&pieces) == r);
	assert(r == -EFBIG || r == -EBADMSG ||
	       (whole.sum == pieces.sum && whole.total == pieces.total));
	return 0;
}
