/*
 * tests/bench/inflate.c - the same gzip layer through each library
 *
 *     inflate archive|zlib|isal|libdeflate FILE
 *
 * For tests/bench/inflate_libraries.  Reads FILE as the decompress process of
 * an unpacking does, 256 KiB at a time, drops what comes out and prints how
 * many bytes that were.  "archive" is what wolffia uses: libarchive's filter,
 * which is zlib inside.  libdeflate cannot stream: it gets the whole file and
 * room for all of the result, so that its memory is what the layer is long.
 */
#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <fcntl.h>
#include <isa-l.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 256 << 10 };

static uint8_t input[CHUNK], output[CHUNK];

static size_t fill(int fd)
{
	ssize_t n = read(fd, input, sizeof(input));

	if (n < 0)
		err(1, "read");
	return (size_t)n;
}

static uint64_t by_archive(int fd)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	const void *data;
	size_t size;
	la_int64_t offset;
	uint64_t total = 0;
	int r;

	if (!archive || archive_read_support_format_raw(archive) ||
	    archive_read_support_filter_gzip(archive) ||
	    archive_read_open_fd(archive, fd, CHUNK) ||
	    archive_read_next_header(archive, &entry))
		errx(1, "libarchive cannot begin");
	while ((r = archive_read_data_block(archive, &data, &size, &offset)) ==
	       ARCHIVE_OK)
		total += size;
	if (r != ARCHIVE_EOF)
		errx(1, "libarchive: %s", archive_error_string(archive));
	archive_read_free(archive);
	return total;
}

static uint64_t by_zlib(int fd)
{
	z_stream z = { 0 };
	uint64_t total = 0;
	int r = Z_OK;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		errx(1, "zlib cannot begin");
	while (r == Z_OK || z.avail_in > 0) {
		if (r == Z_STREAM_END)
			inflateReset(&z); /* the next member */
		if (z.avail_in == 0) {
			z.avail_in = (unsigned)fill(fd);
			z.next_in = input;
		}
		z.next_out = output;
		z.avail_out = CHUNK;
		r = inflate(&z, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END)
			errx(1, "zlib: %s", z.msg ? z.msg : "cut short");
		total += CHUNK - z.avail_out;
	}
	inflateEnd(&z);
	return total;
}

static uint64_t by_isal(int fd)
{
	static struct inflate_state state;
	uint64_t total = 0;

	isal_inflate_init(&state);
	state.crc_flag = ISAL_GZIP;
	do {
		if (state.block_state == ISAL_BLOCK_FINISH)
			isal_inflate_reset(&state); /* the next member */
		if (state.avail_in == 0) {
			state.avail_in = (uint32_t)fill(fd);
			state.next_in = input;
			if (state.avail_in == 0)
				errx(1, "isa-l: cut short");
		}
		do {
			state.next_out = output;
			state.avail_out = CHUNK;
			int r = isal_inflate(&state);
			if (r != ISAL_DECOMP_OK)
				errx(1, "isa-l: error %d", r);
			total += CHUNK - state.avail_out;
		} while (state.avail_out == 0);
	} while (state.block_state != ISAL_BLOCK_FINISH || state.avail_in > 0);
	return total;
}

static uint64_t by_libdeflate(int fd)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	struct stat st;
	uint32_t size;
	size_t total;

	if (!d || fstat(fd, &st) < 0 || st.st_size < 18)
		errx(1, "libdeflate cannot begin");
	uint8_t *from = mmap(NULL, (size_t)st.st_size, PROT_READ,
			     MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (from == MAP_FAILED)
		err(1, "mmap");
	memcpy(&size, from + st.st_size - 4, 4); /* RFC 1952: ISIZE */
	void *to = malloc(size);
	if (!to || libdeflate_gzip_decompress(d, from, (size_t)st.st_size, to,
					      size, &total))
		errx(1, "libdeflate cannot decompress it");
	free(to);
	libdeflate_free_decompressor(d);
	return total;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint64_t (*run)(int fd);
	} ways[] = {
		{ "archive", by_archive },
		{ "zlib", by_zlib },
		{ "isal", by_isal },
		{ "libdeflate", by_libdeflate },
	};

	if (argc != 3)
		errx(2, "usage: inflate archive|zlib|isal|libdeflate FILE");
	int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "open %s", argv[2]);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			printf("%llu\n", (unsigned long long)ways[i].run(fd));
			return 0;
		}
	errx(2, "no library '%s'", argv[1]);
}
