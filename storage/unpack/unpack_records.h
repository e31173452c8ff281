/*
 * storage/unpack/unpack_records.h - what the confined parser tells the writer
 *
 * A stream of records over a pipe, each a fixed head and a bounded body, in
 * the byte order of the machine (both ends are the same program).  The parser
 * handles hostile bytes and may have been taken over: unpack_record_parse()
 * trusts nothing in a record.  All functions here are pure but for the sender.
 *
 *   ENTRY  one entry of the archive
 *   DATA   a piece of the content of the file entry before it; what lies
 *          between two pieces is a hole
 *   END    the archive was read to its end without an error
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum {
	UNPACK_PATH_MAX = 4096,         /* with the NUL; Linux' PATH_MAX */
	UNPACK_NAME_MAX = 255,          /* of one component */
	UNPACK_XATTRS_MAX = 64,         /* of one entry */
	UNPACK_XATTR_NAME_MAX = 255,    /* Linux' XATTR_NAME_MAX */
	UNPACK_XATTR_VALUE_MAX = 65536, /* Linux' XATTR_SIZE_MAX */
	UNPACK_XATTRS_BYTES = 131072,   /* names and values of one entry */
	UNPACK_DATA_MAX = 131072,       /* of one DATA record */
	UNPACK_RECORD_MAX = 262144,     /* no record is longer */
};

enum unpack_type {
	UNPACK_FILE = 1,
	UNPACK_DIRECTORY,
	UNPACK_SYMLINK,
	UNPACK_HARDLINK,
	UNPACK_FIFO,
	UNPACK_NODE, /* a device or a socket: is not made */
	UNPACK_TYPES_END
};

enum unpack_kind {
	UNPACK_ENTRY = 1,
	UNPACK_DATA,
	UNPACK_END,
};

struct unpack_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct unpack_entry {
	enum unpack_type type;
	uint32_t mode;       /* permission bits only, 07777 */
	int64_t uid, gid;    /* as in the archive: not yet checked for range */
	int64_t mtime;       /* seconds since 1970, may be negative */
	uint32_t mtime_nsec; /* below 10^9 */
	uint64_t size;       /* of a file, with its holes */
	const char *path;    /* parsed: normal, relative; "" is the root */
	const char *link;    /* of a symbolic link: as it is; of a hard link:
			      * parsed as path is; else "" */
	struct unpack_xattr xattrs[UNPACK_XATTRS_MAX];
	size_t n_xattrs;
	uint32_t skipped_xattrs; /* that the parser left out */
};

struct unpack_record {
	enum unpack_kind kind;
	struct unpack_entry entry; /* of ENTRY */
	uint64_t offset;           /* of DATA, as are the next two */
	const void *data;
	size_t size;
	/* where entry.path and entry.link point to */
	char path[UNPACK_PATH_MAX], link[UNPACK_PATH_MAX];
};

/*
 * unpack_record_parse - take one record from the front of @bytes
 * @ret: its pointers lead into @bytes and into itself
 *
 * Return: the length of the record; 0 when @size bytes do not hold all of it;
 * -EBADMSG it is not a record; -EXDEV, -ENAMETOOLONG as unpack_path_clean().
 */
ssize_t unpack_record_parse(const void *bytes, size_t size,
			    struct unpack_record *ret, struct error *err);

/*
 * unpack_path_clean - the normal form of a name in an archive
 * @to: the components, with one "/" between them; "" for the root
 *
 * Leading "/", "." and empty components are dropped.
 * Return: 0; -EXDEV a component is ".."; -ENAMETOOLONG.
 */
int unpack_path_clean(const char *name, char to[UNPACK_PATH_MAX],
		      struct error *err);

/*
 * unpack_entry_keep - a copy that outlives the record
 * @ret: has no path and no link ("")
 * Return: what ret->xattrs points to, the caller's to free; NULL: nothing
 */
char *unpack_entry_keep(const struct unpack_entry *entry,
			struct unpack_entry *ret);

/* unpack_path_name - the last component of a clean path, borrowed */
const char *unpack_path_name(const char *path);

/* unpack_xattr_allowed - may an archive bring the attribute @name? */
bool unpack_xattr_allowed(const char *name);

/* What a name means in a layer (image-spec 1.1, layer.md, "Whiteouts"). */
enum unpack_meaning {
	UNPACK_ORDINARY,
	UNPACK_WHITEOUT, /* ".wh.NAME" hides NAME of the layers below */
	UNPACK_OPAQUE,   /* ".wh..wh..opq" hides all in its directory */
	UNPACK_AUFS,     /* other ".wh..wh.": notes of aufs to itself */
};

/*
 * unpack_path_meaning - what a clean path means in a layer
 * Return: enum unpack_meaning; -EBADMSG a whiteout of nothing, of "." or of
 * "..", or an entry below a whiteout.
 */
int unpack_path_meaning(const char *path, struct error *err);

/* The sending side: collects records and writes them when there are enough. */
struct unpack_sender {
	int fd;
	size_t used;
	char bytes[2 * UNPACK_RECORD_MAX];
};

/* Return: 0; -EBADMSG more than a record holds; -errno of write(2) */
int unpack_send_entry(struct unpack_sender *sender,
		      const struct unpack_entry *entry, struct error *err);
int unpack_send_data(struct unpack_sender *sender, uint64_t offset,
		     const void *data, size_t size, struct error *err);
int unpack_send_end(struct unpack_sender *sender, struct error *err);
