#include "storage/unpack/unpack_gzip.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <string.h>

enum { OUTPUT_SIZE = 256 << 10 };

/* RFC 1952, 2.3 */
enum {
	MAGIC_1 = 0x1f,
	MAGIC_2 = 0x8b,
	DEFLATE = 8,
	HAS_HEADER_SUM = 1 << 1,
	HAS_EXTRA = 1 << 2,
	HAS_NAME = 1 << 3,
	HAS_COMMENT = 1 << 4,
	RESERVED = 0xe0,
};

struct gunzip {
	const struct gzip_ends *ends;
	struct inflate_state state;
	uint8_t output[OUTPUT_SIZE];
};

/* Return: 1 there is input; 0 it is at its end; -errno */
static int refill(struct gunzip *g, struct error *err)
{
	const void *data;
	ssize_t n;

	if (g->state.avail_in > 0)
		return 1;
	n = g->ends->give(g->ends->context, &data);
	if (n < 0)
		return error_set(err, (int)-n, "read");
	g->state.next_in = (uint8_t *)(uintptr_t)data;
	g->state.avail_in = (uint32_t)n;
	return n > 0;
}

static int malformed(int why, struct error *err)
{
	switch (why) {
	case ISAL_INCORRECT_CHECKSUM:
		return error_say(err, EBADMSG, "gzip: its sum is wrong");
	default:
		return error_say(err, EBADMSG, "gzip: malformed data");
	}
}

static int cut_short(struct error *err)
{
	return error_say(err, EBADMSG, "gzip: it is cut short");
}

/* Return: 0 to 255; -errno */
static int next_byte(struct gunzip *g, struct error *err)
{
	int r = refill(g, err);

	if (r <= 0)
		return r < 0 ? r : cut_short(err);
	g->state.avail_in--;
	return *g->state.next_in++;
}

static int skip_bytes(struct gunzip *g, int n, struct error *err)
{
	int r = 0;

	while (r >= 0 && n-- > 0)
		r = next_byte(g, err);
	return r < 0 ? r : 0;
}

static int skip_text(struct gunzip *g, struct error *err)
{
	int r;

	do {
		r = next_byte(g, err);
	} while (r > 0);
	return r;
}

static int skip_extra(struct gunzip *g, struct error *err)
{
	int low = next_byte(g, err);
	int high = low < 0 ? low : next_byte(g, err);

	return high < 0 ? high : skip_bytes(g, low | high << 8, err);
}

/*
 * isa-l would do it, but is wrong about the sum of a header that comes in
 * pieces.  Here that sum is not looked at, as gzip(1) did not for long: the
 * header says nothing that is used.
 */
static int skip_header(struct gunzip *g, struct error *err)
{
	static const int first[] = { MAGIC_1, MAGIC_2, DEFLATE };
	int flags, r = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		r = next_byte(g, err);
		if (r >= 0 && r != first[i])
			r = error_say(err, EBADMSG, "gzip: a malformed header");
		if (r < 0)
			return r;
	}
	flags = next_byte(g, err);
	if (flags >= 0 && flags & RESERVED)
		return error_say(err, EBADMSG,
				 "gzip: a header with flags that "
				 "are not known");
	r = flags < 0 ? flags : skip_bytes(g, 6, err);
	if (r == 0 && flags & HAS_EXTRA)
		r = skip_extra(g, err);
	if (r == 0 && flags & HAS_NAME)
		r = skip_text(g, err);
	if (r == 0 && flags & HAS_COMMENT)
		r = skip_text(g, err);
	if (r == 0 && flags & HAS_HEADER_SUM)
		r = skip_bytes(g, 2, err);
	return r;
}

/* all that can be had from the input that is there */
static int inflate_some(struct gunzip *g, struct error *err)
{
	const struct gzip_ends *ends = g->ends;
	size_t n;

	do {
		g->state.next_out = g->output;
		g->state.avail_out = OUTPUT_SIZE;
		int r = isal_inflate(&g->state);
		if (r < 0 || r == ISAL_NEED_DICT)
			return malformed(r, err);
		n = OUTPUT_SIZE - g->state.avail_out;
		r = n > 0 ? ends->take(ends->context, g->output, n, err) : 0;
		if (r < 0)
			return r;
	} while (n == OUTPUT_SIZE);
	return 0;
}

static int inflate_member(struct gunzip *g, struct error *err)
{
	int r = skip_header(g, err);

	if (r < 0)
		return r;
	isal_inflate_reset(&g->state);
	g->state.crc_flag = ISAL_GZIP_NO_HDR_VER; /* the trailer only */
	do {
		r = refill(g, err);
		if (r == 0)
			return cut_short(err);
		if (r > 0)
			r = inflate_some(g, err);
		if (r < 0)
			return r;
	} while (g->state.block_state != ISAL_BLOCK_FINISH);
	return 0;
}

/* Return: 1 a member is next; 0 nothing but zeros was */
static int find_member(struct gunzip *g, struct error *err)
{
	int r;

	while ((r = refill(g, err)) > 0) {
		if (*g->state.next_in == MAGIC_1)
			return 1;
		for (; g->state.avail_in > 0; g->state.avail_in--)
			if (*g->state.next_in++ != 0)
				return error_say(err, EBADMSG,
						 "gzip: there is something "
						 "behind its end");
	}
	return r;
}

int unpack_gzip(const struct gzip_ends *ends, struct error *err)
{
	static struct gunzip g;
	int r;

	g.ends = ends;
	isal_inflate_init(&g.state);
	do {
		r = inflate_member(&g, err);
		if (r == 0)
			r = find_member(&g, err);
	} while (r > 0);
	return r;
}
