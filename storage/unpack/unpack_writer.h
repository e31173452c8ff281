/*
 * storage/unpack/unpack_writer.h - entries of an archive become files
 *
 * Takes records that unpack_record_parse() has accepted, in their order.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "storage/unpack/unpack.h"
#include "storage/unpack/unpack_records.h"

struct unpack_writer;

/*
 * unpack_writer_new - begin to write into @target_fd
 * @counts: updated as files are made; must outlive the writer
 */
int unpack_writer_new(int target_fd, const struct unpack_options *options,
		      struct unpack_result *counts, struct unpack_writer **ret,
		      struct error *err);

/* unpack_writer_entry - finish the entry before, and begin @entry */
int unpack_writer_entry(struct unpack_writer *writer,
			const struct unpack_entry *entry, struct error *err);

/* unpack_writer_data - a piece of the entry's content; pieces come in order */
int unpack_writer_data(struct unpack_writer *writer, uint64_t offset,
		       const void *data, size_t size, struct error *err);

/* unpack_writer_finish - finish the last entry, and the times of directories */
int unpack_writer_finish(struct unpack_writer *writer, struct error *err);

void unpack_writer_free(struct unpack_writer *writer); /* NULL is fine */
