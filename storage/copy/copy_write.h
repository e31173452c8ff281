/*
 * storage/copy/copy_write.h - entries of a tar become files of a directory that
 * has some already
 *
 * Theory of operation.  Everything is reached by descriptors: the base, the
 * directory of the last entry, which stays open since the next one mostly
 * lies there too, and one component in it.  On the host no link is followed
 * below the base and nothing above it is reached (openat2(2), RESOLVE_BENEATH
 * and RESOLVE_NO_SYMLINKS), for what comes out of a container is hostile, and
 * the base may be a volume that it can change.  In a container, where the
 * process's root is the container's, links to directories are followed.
 *
 * What is replaced is removed first and made anew (O_EXCL), so nothing is
 * ever written through a link or into a FIFO or device; only a file that
 * something is mounted on is written in place.  A directory never takes the
 * place of something else, nor the other way round.  Directories that exist
 * keep their owner, mode and time.
 *
 * New directories get their mode and time when all in them is written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/unpack/unpack_records.h"

struct copy_write_options {
	int base_fd;  /* stays the caller's */
	bool inside;  /* in a container, as its root */
	bool archive; /* files get the owners of the tar, and directories that
		       * exist what the tar says of them.  Else files are the
		       * writer's: root's in a container */
};

/* What was done, and what could not be done as the tar says. */
struct copy_counts {
	uint64_t files, bytes;
	uint64_t devices;    /* devices and sockets: left out */
	uint64_t attributes; /* left out: the file system has none, or they are
			      * not ours to set */
	uint64_t owners; /* on the host: files that could not be given away */
};

struct copy_writer;

/* copy_writer_new - @counts: updated; outlives it */
struct copy_writer *copy_writer_new(const struct copy_write_options *options,
				    struct copy_counts *counts);

/* copy_writer_free - a file that is half written is removed; NULL is fine */
void copy_writer_free(struct copy_writer *writer);

/*
 * copy_writer_entry - make @entry at @path, a clean one; "" is the base
 *
 * Set-id bits do not come to the host, and in a container only with their
 * owner: with .archive, or if that is root.
 *
 * Return: 0; -EISDIR, -ENOTDIR something of another kind is in the way; -ELOOP
 * on the host: a link is; -ENOENT a hard link to what did not come before it;
 * -ERANGE the container has no such owner; errors of the file system.
 */
int copy_writer_entry(struct copy_writer *writer, const char *path,
		      const struct unpack_entry *entry, struct error *err);

/*
 * copy_writer_link - make @path another name of @goal, both clean
 */
int copy_writer_link(struct copy_writer *writer, const char *path,
		     const char *goal, struct error *err);

/* copy_writer_data - a piece of the file that came last, from its beginning to
 * its end; -EBADMSG it is out of place */
int copy_writer_data(struct copy_writer *writer, uint64_t offset,
		     const void *data, size_t size, struct error *err);

/* copy_writer_finish - that was all */
int copy_writer_finish(struct copy_writer *writer, struct error *err);
