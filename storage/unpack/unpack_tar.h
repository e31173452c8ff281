/*
 * storage/unpack/unpack_tar.h - a tar becomes records: what the confined parser
 * does
 *
 * Fuzzed.  libarchive reads the format; here it is decided what of it is a
 * record, and that a warning is an error, but for one.
 */
#pragma once

#include <archive.h>

#include "base/error.h"
#include "storage/unpack/unpack_records.h"

/* unpack_tar_new - a reader of tar and of nothing else, not yet opened; NULL
 * with the error.  archive_read_free() is the caller's. */
struct archive *unpack_tar_new(struct error *err);

/*
 * unpack_tar_send - all entries of an opened archive, and their content
 * What is behind the end of the archive is not read, and no END is sent.
 * Return: 0; -EBADMSG it is malformed; -EFBIG; -ENAMETOOLONG; errors of
 * unpack_send_entry()
 */
int unpack_tar_send(struct archive *archive, struct unpack_sender *sender,
		    struct error *err);

/* unpack_archive_failed - why libarchive failed, as an error */
int unpack_archive_failed(struct archive *archive, struct error *err);
