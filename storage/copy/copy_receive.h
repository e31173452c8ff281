/*
 * storage/copy/copy_receive.h - the records of a tar become the target of a
 * copy
 *
 * The whole work of a process: of one whose root is a container's, or of one
 * with the caller's rights.  It finds where the path leads, confines itself
 * (storage/copy/copy_confine.h), and only then reads what comes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/copy/copy_path.h"
#include "storage/copy/copy_write.h"

struct copy_target {
	const char *path;
	bool inside;  /* the path is one in a container, which is the root */
	bool archive; /* of struct copy_write_options */
	const struct strv *writable; /* of copy_spot_check() */
};

/*
 * copy_receive - @from: what was asked for; nothing else is taken
 * @records_fd: of unpack_stages_start()
 *
 * Return: 0; -EPIPE the records end too early: their source knows why; errors
 * of copy_spot_find(), copy_decide() and copy_writer_entry(); -ENOTSUP the
 * target is a FIFO, a socket or a device.
 */
int copy_receive(const struct copy_target *target, const struct copy_from *from,
		 int records_fd, struct copy_counts *counts, struct error *err);
