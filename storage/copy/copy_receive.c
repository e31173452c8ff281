#include "storage/copy/copy_receive.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/copy/copy_confine.h"
#include "storage/copy/copy_spot.h"
#include "storage/unpack/unpack_inbox.h"

struct receiver {
	const struct copy_from *from;
	struct copy_to to;
	struct copy_plan plan;
	struct copy_writer *writer;
};

static int take_entry(struct receiver *receiver,
		      const struct unpack_entry *entry, struct error *err)
{
	char path[UNPACK_PATH_MAX], goal[UNPACK_PATH_MAX];
	int r = copy_place(&receiver->plan, entry->path, path, err);

	if (r < 0 || entry->type != UNPACK_HARDLINK)
		return r < 0 ? r
			     : copy_writer_entry(receiver->writer, path, entry,
						 err);
	r = copy_place(&receiver->plan, entry->link, goal, err);
	return r < 0 ? r : copy_writer_link(receiver->writer, path, goal, err);
}

/* what it is, the first entry says: nothing is written before */
static int take(struct receiver *receiver, const struct unpack_record *record,
		bool first, struct error *err)
{
	int r = 0;

	switch (record->kind) {
	case UNPACK_ENTRY:
		if (first)
			r = copy_decide(receiver->from,
					record->entry.type == UNPACK_DIRECTORY,
					&receiver->to, &receiver->plan, err);
		return r < 0 ? r : take_entry(receiver, &record->entry, err);
	case UNPACK_DATA:
		return copy_writer_data(receiver->writer, record->offset,
					record->data, record->size, err);
	case UNPACK_END:
	default:
		return copy_writer_finish(receiver->writer, err);
	}
}

static int take_all(struct receiver *receiver, struct unpack_inbox *inbox,
		    struct error *err)
{
	struct unpack_record record;

	for (bool first = true;; first = false) {
		int r = unpack_inbox_next(inbox, &record, err);
		if (r == 0)
			return error_say(err, EPIPE, "it ended too early");
		if (r > 0)
			r = take(receiver, &record, first, err);
		if (r < 0)
			return r;
		if (record.kind == UNPACK_END)
			return 0;
	}
}

/* what can be said before anything is read */
static int check(const struct copy_spot *spot, const struct copy_from *from,
		 const struct copy_to *to, struct error *err)
{
	struct copy_plan ignored;

	if (from->stream)
		return copy_decide(from, true, to, &ignored, err);
	if (spot->exists && !S_ISDIR(spot->st.st_mode) &&
	    !S_ISREG(spot->st.st_mode))
		return error_say(err, ENOTSUP,
				 "it is neither a file nor a directory");
	return 0;
}

static int receive(const struct copy_target *target,
		   const struct copy_from *from, struct copy_spot *spot,
		   int records_fd, struct copy_counts *counts,
		   struct error *err)
{
	const struct copy_write_options options = {
		.base_fd = spot->fd >= 0 ? spot->fd : spot->dirfd,
		.inside = target->inside,
		.archive = target->archive,
	};
	struct receiver receiver = {
		.from = from,
		.to = { .name = spot->name,
			.exists = spot->exists,
			.directory = spot->fd >= 0,
			.slash = spot->slash },
	};
	int r = check(spot, from, &receiver.to, err);

	if (spot->fd >= 0)
		fd_close(&spot->dirfd);
	if (r == 0)
		r = copy_confine(options.base_fd, options.inside, records_fd,
				 err);
	if (r < 0)
		return r;
	scoped(struct unpack_inbox) *inbox = unpack_inbox_new(records_fd);
	receiver.writer = copy_writer_new(&options, counts);
	r = take_all(&receiver, inbox, err);
	copy_writer_free(receiver.writer);
	return r;
}

int copy_receive(const struct copy_target *target, const struct copy_from *from,
		 int records_fd, struct copy_counts *counts, struct error *err)
{
	struct copy_spot spot = COPY_SPOT_NONE;

	umask(0); /* modes are those that are meant */
	int r = copy_spot_find(target->path,
			       COPY_FOLLOW | (target->inside ? COPY_INSIDE : 0),
			       &spot, err);
	if (r == 0 && !target->inside)
		r = copy_spot_check(&spot, target->path, target->writable, err);
	if (r == 0)
		r = receive(target, from, &spot, records_fd, counts, err);
	copy_spot_close(&spot);
	return r;
}
