#include "storage/unpack/unpack_inbox.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static_assert(sizeof(((struct unpack_inbox *)0)->bytes) >=
		      2 * (size_t)UNPACK_RECORD_MAX,
	      "a record fits, wherever in the buffer it begins");

struct unpack_inbox *unpack_inbox_new(int fd)
{
	struct unpack_inbox *inbox = xcalloc(1, sizeof(*inbox));

	inbox->fd = fd;
	return inbox;
}

/* Return: bytes read; 0 the parser has gone */
static ssize_t refill(struct unpack_inbox *inbox, struct error *err)
{
	ssize_t n;

	memmove(inbox->bytes, inbox->bytes + inbox->start,
		inbox->end - inbox->start);
	inbox->end -= inbox->start;
	inbox->start = 0;
	do {
		n = read(inbox->fd, inbox->bytes + inbox->end,
			 sizeof(inbox->bytes) - inbox->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(err, errno, "read from the parser");
	inbox->end += (size_t)n;
	return n;
}

int unpack_inbox_next(struct unpack_inbox *inbox, struct unpack_record *ret,
		      struct error *err)
{
	for (;;) {
		ssize_t n = unpack_record_parse(inbox->bytes + inbox->start,
						inbox->end - inbox->start, ret,
						err);
		if (n < 0)
			return (int)n;
		if (n > 0) {
			inbox->start += (size_t)n;
			return 1;
		}
		n = refill(inbox, err);
		if (n <= 0)
			return (int)n;
	}
}
