#include "storage/unpack/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/unpack/unpack_inbox.h"
#include "storage/unpack/unpack_stages.h"
#include "storage/unpack/unpack_writer.h"

enum {
	/* what the tar format adds to each file, generously: a header, a pax
	 * header with its own, and padding */
	TAR_BYTES_PER_FILE = 4096,
	TAR_BYTES_ANYWAY = 1 << 20,
};

static int apply(struct unpack_writer *writer,
		 const struct unpack_record *record, struct error *err)
{
	switch (record->kind) {
	case UNPACK_ENTRY:
		return unpack_writer_entry(writer, &record->entry, err);
	case UNPACK_DATA:
		return unpack_writer_data(writer, record->offset, record->data,
					  record->size, err);
	case UNPACK_END:
	default:
		return unpack_writer_finish(writer, err);
	}
}

/* Return: 1 the end was reached; 0 the records stop before it; or an error */
static int write_records(struct unpack_inbox *inbox,
			 struct unpack_writer *writer, struct error *err)
{
	struct unpack_record record;

	for (;;) {
		int r = unpack_inbox_next(inbox, &record, err);
		if (r <= 0)
			return r;
		r = apply(writer, &record, err);
		if (r < 0)
			return r;
		if (record.kind == UNPACK_END)
			return 1;
	}
}

static void say_diff_id(char to[72], const uint8_t digest[32])
{
	strcpy(to, "sha256:");
	for (size_t i = 0; i < 32; i++)
		sprintf(to + strlen("sha256:") + 2 * i, "%02x", digest[i]);
}

static uint64_t stream_limit(const struct unpack_options *options)
{
	uint64_t bytes =
		options->max_bytes ? options->max_bytes : UINT64_C(64) << 30;
	uint64_t files = options->max_files ? options->max_files : 4000000;

	if (files > UINT64_MAX / TAR_BYTES_PER_FILE / 2 ||
	    bytes > UINT64_MAX / 4)
		return UINT64_MAX;
	return bytes + files * TAR_BYTES_PER_FILE + TAR_BYTES_ANYWAY;
}

static int unpack(struct unpack_stages *stages, struct unpack_writer *writer,
		  struct unpack_result *result, struct error *err)
{
	scoped(struct unpack_inbox) *inbox =
		unpack_inbox_new(stages->records_fd);
	uint8_t digest[32];

	int ended = write_records(inbox, writer, err);
	if (ended < 0)
		return ended;
	int r = unpack_stages_finish(stages, digest, err);
	if (r < 0)
		return r;
	if (!ended)
		return error_say(err, EBADMSG, "its parser stopped early");
	say_diff_id(result->diff_id, digest);
	return 0;
}

int unpack_stream(int tar_fd, int target_fd,
		  const struct unpack_options *options,
		  struct unpack_result *ret, struct error *err)
{
	struct unpack_result result = { 0 };
	struct unpack_writer *writer = NULL;
	struct unpack_stages stages;
	int r = unpack_stages_start(&stages, tar_fd, UNPACK_ALL_STAGES,
				    stream_limit(options), err);

	if (r < 0)
		return error_prefix(err, "unpack %s", options->what);
	r = unpack_writer_new(target_fd, options, &result, &writer, err);
	if (r == 0)
		r = unpack(&stages, writer, &result, err);
	unpack_stages_kill(&stages);
	unpack_writer_free(writer);
	if (r < 0)
		return error_prefix(err, "unpack %s", options->what);
	*ret = result;
	return 0;
}
