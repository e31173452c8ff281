/*
 * A tar from anywhere, as the confined parser reads it: what it sends are
 * records, whatever the archive is.
 */
#include <archive.h>
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/unpack/unpack_tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the file that takes the records, empty again */
static int records_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("records", MFD_CLOEXEC);
	assert(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* whole records and nothing between them; the END is the last */
static void check_records(int fd, bool is_whole)
{
	static struct unpack_record record;
	off_t size = lseek(fd, 0, SEEK_END);
	scoped(char) *bytes = xcalloc((size_t)size + 1, 1);
	struct error err;

	assert(pread(fd, bytes, (size_t)size, 0) == size);
	for (off_t at = 0; at < size;) {
		ssize_t n = unpack_record_parse(bytes + at, (size_t)(size - at),
						&record, &err);
		if (n < 0) /* a name or an attribute that is refused */
			return;
		assert(n > 0);
		at += n;
		assert((record.kind == UNPACK_END) == (is_whole && at == size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unpack_sender sender;
	struct error err;
	struct archive *archive = unpack_tar_new(&err);
	int fd = records_fd();

	assert(archive);
	sender.fd = fd;
	sender.used = 0;
	int r = archive_read_open_memory(archive, data, size);
	if (r == ARCHIVE_OK)
		r = unpack_tar_send(archive, &sender, &err);
	if (r == 0)
		r = unpack_send_end(&sender, &err);
	archive_read_free(archive);
	check_records(fd, r == 0);
	return 0;
}
