/*
 * storage/unpack/unpack.h - a layer's tar stream becomes a directory tree
 *
 * Theory of operation.  Four processes, because a parser of hostile bytes must
 * not be able to reach anything (R15):
 *
 *   inflate  libarchive, filters only: decompresses.
 *   hash     computes the diff id over exactly the bytes that go on to the
 *            parser, and counts them against the limit.  Parses nothing.
 *   parse    libarchive, tar only: sends entries as plain records
 *            (storage/unpack/unpack_records.h) through a pipe.
 *   writer   the calling process: checks each record again and writes with
 *            descriptor-relative calls below the target (parents resolved
 *            with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, O_CREAT | O_EXCL |
 *            O_NOFOLLOW, unlink before replace, metadata on descriptors).
 *
 * The first three live in a Landlock domain without rights, an allow-list
 * seccomp filter and resource limits (storage/unpack/unpack_confine.h), and
 * never see a path of ours.  The hash has a process of its own because a parser
 * that was taken over must not be able to name its tree after somebody else's
 * layer: a diff id is only ever that of the bytes that were parsed.
 *
 * The writer runs in the outer user namespace, as its id 0: image id n is
 * written as id n of that namespace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct unpack_options {
	const char *what;   /* names the stream in messages */
	bool layer;         /* an OCI layer: ".wh." names are whiteouts */
	bool single;        /* one id only: all files are the caller's, and the
			     * owner that was meant goes into the attribute
			     * user.containers.override_stat */
	uint32_t ids;       /* ids that can be written: 0..ids-1; not looked
			     * at when single */
	uint64_t max_bytes; /* of file content; 0: 64 GiB */
	uint64_t max_files; /* 0: 4,000,000 */
};

struct unpack_result {
	char diff_id[72]; /* "sha256:..." of the uncompressed tar */
	uint64_t bytes;   /* of file content written; holes don't count */
	uint64_t files;   /* made, with the directories that no entry
			   * named */
	uint64_t skipped_devices; /* device nodes and sockets, left out */
	uint64_t skipped_xattrs;  /* attributes outside the allow list */
	uint64_t whiteout_files;  /* whiteouts that became ".wh." files: the
				   * kernel's overlayfs must not be given this
				   * layer, fuse-overlayfs may */
	uint32_t highest_id;      /* of all uids and gids */
};

/*
 * unpack_stream - unpack all of @tar_fd into the empty directory @target_fd
 * @tar_fd: a tar of any kind libarchive reads, plain or compressed once (gzip,
 *          zstd, xz, bzip2); read to its end
 * @target_fd: gets mode 0755 and, unless the archive says otherwise, id 0
 *
 * Names.  Leading "/" and "./" are dropped, ".." is refused.  An entry below a
 * symbolic link of the same archive is written where the link leads with the
 * target as "/" (RESOLVE_IN_ROOT: as Docker, umoci and containers-storage do),
 * and never outside.  Absolute targets of hard links begin at the target
 * too.  Missing parents become 0755 directories of id 0.  A later entry
 * replaces an earlier one of its name; only a directory keeps what is in it
 * when another directory entry comes (image-spec 1.1, layer.md).
 *
 * Whiteouts are written as overlayfs(5) wants them and fuse-overlayfs reads
 * them too: character device 0:0 (any user may make it since Linux 5.8, but
 * not every file system does: overlayfs itself refuses), else as ".wh.NAME"
 * files, which only fuse-overlayfs reads.  Opaque directories by
 * user.overlay.opaque="y" and user.fuseoverlayfs.opaque="y".  They hide what
 * lower layers have, never what the same layer brings, whatever the order.
 *
 * Attributes: security.capability and user.* only; user.overlay.*,
 * user.fuseoverlayfs.* and user.containers.* are ours and never taken over.
 *
 * With options->single the mode on disk gets u+rwX and loses its set-id bits;
 * "uid:gid:0mode" goes into user.containers.override_stat (containers-storage,
 * read by fuse-overlayfs with xattr_permissions=2).  The kernel allows no such
 * attribute on symbolic links and FIFOs: they are the caller's.
 *
 * No file is synced: syncfs(2) is the caller's affair.  Forks; not to be
 * called while other threads of the process are inside libcrypto.
 *
 * Return: 0; -EBADMSG the archive is malformed; -EFBIG over a limit; -ERANGE
 * an id that cannot be written (the message names it and the range); -EXDEV
 * an entry that would leave the target; -ELOOP symbolic links without end;
 * -ENAMETOOLONG a component over 255 or a path over 4095 bytes; -ENOTDIR an
 * entry below a file; -ENOENT a hard link to what the archive did not bring;
 * -ENOSPC and other errors of the file system.  On failure the target is left
 * half-written: it is the caller's to remove.
 */
int unpack_stream(int tar_fd, int target_fd,
		  const struct unpack_options *options,
		  struct unpack_result *ret, struct error *err);
