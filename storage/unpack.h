/*
 * storage/unpack.h - a layer's tar stream becomes a directory tree
 *
 * Theory of operation.  Two processes, because a parser of hostile bytes must
 * not be able to reach anything (R15):
 *
 *   reader  libarchive: decompresses and parses, in a Landlock domain with no
 *           rights, a small seccomp filter and resource limits; sends entries
 *           as plain records through a pipe.  It never sees a path of ours.
 *   writer  the calling process: checks each record again and writes with
 *           descriptor-relative calls below the target (parents resolved with
 *           RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, O_CREAT|O_EXCL|O_NOFOLLOW,
 *           unlink before replace, metadata on descriptors).
 *
 * The writer runs in the outer user namespace, as its id 0: image id n is
 * written as id n of that namespace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct unpack_options {
	const char *what;    /* names the stream in messages */
	bool layer;          /* an OCI layer: ".wh." names are whiteouts */
	bool single;         /* one id only: all files are the caller's, and the
	                      * owner that was meant goes into the attribute
	                      * user.containers.override_stat */
	uint32_t ids;        /* ids that can be written: 0..ids-1 */
	uint64_t max_bytes;  /* of file content; 0: 64 GiB */
	uint64_t max_files;  /* 0: 4,000,000 */
};

struct unpack_result {
	char diff_id[72];         /* "sha256:..." of the uncompressed tar */
	uint64_t bytes, files;    /* written */
	uint64_t skipped_devices; /* device nodes that were left out */
	uint32_t highest_id;      /* of all uids and gids */
};

/*
 * unpack_stream - unpack all of @tar_fd into the empty directory @target_fd
 * @tar_fd: a tar of any kind libarchive reads, plain or compressed (gzip,
 *          zstd, xz, bzip2); read to its end
 *
 * Whiteouts are written as overlayfs(5) with "userxattr" wants them when the
 * kernel allows (character device 0:0), else as fuse-overlayfs reads them
 * (".wh.NAME" files); opaque directories by user.overlay.opaque="y" and
 * user.fuseoverlayfs.opaque="y".
 *
 * Return: 0; -EBADMSG the archive is malformed; -EFBIG over a limit; -ERANGE
 * an id that cannot be written (the message names it and the range); -ELOOP,
 * -EXDEV an entry that would leave the target; -ENOSPC and other errors of
 * the file system.  On failure the target is left half-written: it is the
 * caller's to remove.
 */
int unpack_stream(int tar_fd, int target_fd,
                  const struct unpack_options *options,
                  struct unpack_result *ret, struct error *err);
