#include "storage/unpack/unpack_tar.h"

#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "storage/unpack/unpack_confine.h"

/* libarchive's numbers that are no errno are about the archive's format. */
int unpack_archive_failed(struct archive *archive, struct error *err)
{
	int code = archive_errno(archive);
	const char *text = archive_error_string(archive);

	switch (code) {
	case ENOMEM:
		return error_say(err, EFBIG,
				 "reading it takes more than "
				 "%u MiB of memory",
				 (unsigned)(UNPACK_MEMORY >> 20));
	case EIO:
	case EISDIR:
	case EBADF:
		break;
	default:
		code = EBADMSG;
	}
	return error_say(err, code, "%s", text ? text : "malformed archive");
}

struct archive *unpack_tar_new(struct error *err)
{
	struct archive *archive = archive_read_new();

	if (archive && archive_read_support_format_tar(archive) == ARCHIVE_OK)
		return archive;
	archive_read_free(archive);
	error_say(err, ENOTSUP, "libarchive cannot read tar");
	return NULL;
}

static enum unpack_type entry_type(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return UNPACK_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return UNPACK_FILE;
	case AE_IFDIR:
		return UNPACK_DIRECTORY;
	case AE_IFLNK:
		return UNPACK_SYMLINK;
	case AE_IFIFO:
		return UNPACK_FIFO;
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFSOCK:
		return UNPACK_NODE;
	default:
		return UNPACK_TYPES_END;
	}
}

static int take_xattrs(struct archive_entry *from, struct unpack_entry *to,
		       struct error *err)
{
	const char *name;
	const void *value;
	size_t size, total = 0;

	archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &name, &value, &size) ==
	       ARCHIVE_OK) {
		if (!name || !unpack_xattr_allowed(name)) {
			to->skipped_xattrs++;
			continue;
		}
		total += strlen(name) + 1 + size;
		if (to->n_xattrs >= UNPACK_XATTRS_MAX ||
		    size > UNPACK_XATTR_VALUE_MAX ||
		    total > UNPACK_XATTRS_BYTES)
			return error_say(err, EFBIG,
					 "'%s' has too many or too long "
					 "extended attributes",
					 to->path);
		to->xattrs[to->n_xattrs++] = (struct unpack_xattr){
			.name = name, .value = value, .size = size
		};
	}
	return 0;
}

static int take_entry(struct archive_entry *from, struct unpack_entry *to,
		      struct error *err)
{
	const char *path = archive_entry_pathname(from);
	const char *link = NULL;
	long nsec = archive_entry_mtime_nsec(from);

	*to = (struct unpack_entry){
		.type = entry_type(from),
		.mode = archive_entry_perm(from) & 07777,
		.uid = archive_entry_uid(from),
		.gid = archive_entry_gid(from),
		.mtime = archive_entry_mtime(from),
		.mtime_nsec =
			nsec >= 0 && nsec < 1000000000 ? (uint32_t)nsec : 0,
		.path = path ? path : "",
		.link = "",
	};
	if (to->type == UNPACK_TYPES_END)
		return error_say(err, EBADMSG, "'%s' is of no known type",
				 to->path);
	if (to->type == UNPACK_FILE && archive_entry_size(from) < 0)
		return error_say(err, EBADMSG, "'%s' has a negative size",
				 to->path);
	if (to->type == UNPACK_FILE)
		to->size = (uint64_t)archive_entry_size(from);
	if (to->type == UNPACK_HARDLINK)
		link = archive_entry_hardlink(from);
	else if (to->type == UNPACK_SYMLINK)
		link = archive_entry_symlink(from);
	if (link)
		to->link = link;
	return take_xattrs(from, to, err);
}

static int send_content(struct archive *archive, struct unpack_sender *sender,
			struct error *err)
{
	const void *data;
	size_t size;
	la_int64_t offset;
	int r;

	while ((r = archive_read_data_block(archive, &data, &size, &offset)) ==
	       ARCHIVE_OK) {
		if (offset < 0)
			return error_say(err, EBADMSG, "a negative offset");
		r = unpack_send_data(sender, (uint64_t)offset, data, size, err);
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : unpack_archive_failed(archive, err);
}

/*
 * A warning means that libarchive left something out or guessed.  The one
 * that is harmless: names that it cannot translate to the "C" locale, which
 * it then gives as the bytes they are, just as we want them.
 */
static bool is_harmless(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return text && strstr(text, "can't be converted");
}

int unpack_tar_send(struct archive *archive, struct unpack_sender *sender,
		    struct error *err)
{
	struct archive_entry *entry;
	struct unpack_entry ours;
	int r;

	while ((r = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		if (r != ARCHIVE_OK &&
		    !(r == ARCHIVE_WARN && is_harmless(archive)))
			return unpack_archive_failed(archive, err);
		r = take_entry(entry, &ours, err);
		if (r == 0)
			r = unpack_send_entry(sender, &ours, err);
		if (r == 0 && ours.type == UNPACK_FILE && ours.size > 0)
			r = send_content(archive, sender, err);
		if (r < 0)
			return r;
	}
	return 0;
}
