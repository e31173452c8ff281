#include "storage/unpack/unpack_records.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"

/* Every record begins so. */
struct head {
	uint32_t kind;
	uint32_t size; /* of the whole record */
};

/* Then the bytes of path, link, and the attributes, with their NULs. */
struct entry_head {
	struct head head;
	uint32_t type, mode;
	int64_t uid, gid, mtime;
	uint64_t size;
	uint32_t mtime_nsec;
	uint32_t path_size, link_size;
	uint32_t n_xattrs, skipped_xattrs;
	uint32_t zero;
};

struct data_head {
	struct head head;
	uint64_t offset;
};

struct xattr_head {
	uint32_t name_size, value_size;
};

static_assert(sizeof(struct entry_head) + 2 * UNPACK_PATH_MAX +
			      UNPACK_XATTRS_MAX * sizeof(struct xattr_head) +
			      UNPACK_XATTRS_BYTES <=
		      UNPACK_RECORD_MAX,
	      "the longest entry is a record");
static_assert(sizeof(struct data_head) + UNPACK_DATA_MAX <= UNPACK_RECORD_MAX,
	      "the longest piece of data is a record");

/* What is left of a record's body. */
struct body {
	const char *at;
	size_t left;
};

static int malformed(struct error *err, const char *what)
{
	return error_say(err, EBADMSG, "a malformed record: %s", what);
}

static const void *take(struct body *body, size_t size)
{
	const char *at = body->at;

	if (size > body->left)
		return NULL;
	body->at += size;
	body->left -= size;
	return at;
}

/* @size bytes of which the last one, and no other, is a NUL */
static const char *take_text(struct body *body, size_t size)
{
	const char *text = size ? take(body, size) : NULL;

	if (!text || memchr(text, '\0', size) != text + size - 1)
		return NULL;
	return text;
}

int unpack_path_clean(const char *name, char to[UNPACK_PATH_MAX],
		      struct error *err)
{
	size_t used = 0;

	for (const char *at = name; *at;) {
		size_t n = strcspn(at, "/");
		const char *part = at;

		at += n + (at[n] == '/');
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return error_say(err, EXDEV,
					 "the name '%s' leaves the archive",
					 name);
		if (n > UNPACK_NAME_MAX || used + 1 + n + 1 > UNPACK_PATH_MAX)
			return error_say(err, ENAMETOOLONG,
					 "the name '%.64s...' is too long",
					 part);
		if (used > 0)
			to[used++] = '/';
		memcpy(to + used, part, n);
		used += n;
	}
	to[used] = '\0';
	return 0;
}

const char *unpack_path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *unpack_entry_keep(const struct unpack_entry *entry,
			struct unpack_entry *ret)
{
	size_t total = 1;

	*ret = *entry;
	ret->path = ret->link = "";
	for (size_t i = 0; i < entry->n_xattrs; i++)
		total += strlen(entry->xattrs[i].name) + 1 +
			 entry->xattrs[i].size;
	char *bytes = entry->n_xattrs ? xcalloc(1, total) : NULL;
	char *to = bytes;
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		struct unpack_xattr *xattr = &ret->xattrs[i];
		size_t n = strlen(xattr->name) + 1;

		memcpy(to, xattr->name, n);
		memcpy(to + n, xattr->value, xattr->size);
		xattr->name = to;
		xattr->value = to + n;
		to += n + xattr->size;
	}
	return bytes;
}

bool unpack_xattr_allowed(const char *name)
{
	static const char *const ours[] = { "user.overlay.",
					    "user.fuseoverlayfs.",
					    "user.containers." };

	if (strcmp(name, "security.capability") == 0)
		return true;
	if (!text_starts_with(name, "user.") || !name[strlen("user.")])
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (text_starts_with(name, ours[i]))
			return false;
	return strlen(name) <= UNPACK_XATTR_NAME_MAX;
}

static int name_meaning(const char *name)
{
	if (!text_starts_with(name, ".wh."))
		return UNPACK_ORDINARY;
	if (strcmp(name, ".wh..wh..opq") == 0)
		return UNPACK_OPAQUE;
	if (text_starts_with(name, ".wh..wh."))
		return UNPACK_AUFS;
	name += strlen(".wh.");
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EBADMSG;
	return UNPACK_WHITEOUT;
}

int unpack_path_meaning(const char *path, struct error *err)
{
	for (;;) {
		char name[UNPACK_NAME_MAX + 1];
		size_t n = strcspn(path, "/");

		if (n > UNPACK_NAME_MAX)
			return error_say(err, ENAMETOOLONG,
					 "a name is too long");
		memcpy(name, path, n);
		name[n] = '\0';
		int meaning = name_meaning(name);
		if (meaning < 0)
			return error_say(err, EBADMSG, "'%s' hides nothing",
					 name);
		if (!path[n] || meaning == UNPACK_AUFS)
			return meaning;
		if (meaning != UNPACK_ORDINARY)
			return error_say(err, EBADMSG,
					 "'%s' has an entry below it", name);
		path += n + 1;
	}
}

static int parse_xattrs(struct body *body, uint32_t n, struct unpack_entry *ret,
			struct error *err)
{
	size_t total = 0;

	if (n > UNPACK_XATTRS_MAX)
		return malformed(err, "too many attributes");
	for (uint32_t i = 0; i < n; i++) {
		struct unpack_xattr *xattr = &ret->xattrs[i];
		struct xattr_head head;
		const void *from = take(body, sizeof(head));

		if (!from)
			return malformed(err, "its attributes end early");
		memcpy(&head, from, sizeof(head));
		if (head.value_size > UNPACK_XATTR_VALUE_MAX)
			return malformed(err, "a long attribute");
		xattr->name = take_text(body, head.name_size);
		xattr->value = take(body, head.value_size);
		xattr->size = head.value_size;
		total += (size_t)head.name_size + head.value_size;
		if (!xattr->name || !xattr->value ||
		    total > UNPACK_XATTRS_BYTES)
			return malformed(err, "an attribute");
		if (!unpack_xattr_allowed(xattr->name))
			return malformed(err, "a forbidden attribute");
	}
	ret->n_xattrs = n;
	return 0;
}

/* Which types have a link target, and whether it is a name in the archive. */
static int parse_link(const char *raw, struct unpack_record *ret,
		      struct error *err)
{
	struct unpack_entry *entry = &ret->entry;

	entry->link = ret->link;
	if (entry->type == UNPACK_HARDLINK) {
		int r = unpack_path_clean(raw, ret->link, err);
		if (r < 0)
			return r;
		if (!ret->link[0])
			return malformed(err, "a hard link to a directory");
		return 0;
	}
	if ((entry->type == UNPACK_SYMLINK) != (raw[0] != '\0'))
		return malformed(err, "its link target");
	strcpy(ret->link, raw);
	return 0;
}

static int parse_entry(struct body body, struct unpack_record *ret,
		       struct error *err)
{
	struct unpack_entry *entry = &ret->entry;
	struct entry_head head;
	const void *from = take(&body, sizeof(head));

	if (!from)
		return malformed(err, "a short entry");
	memcpy(&head, from, sizeof(head));
	if (head.type < UNPACK_FILE || head.type >= UNPACK_TYPES_END ||
	    head.mode > 07777 || head.mtime_nsec >= 1000000000 ||
	    head.size > INT64_MAX || head.zero != 0 ||
	    head.path_size > UNPACK_PATH_MAX ||
	    head.link_size > UNPACK_PATH_MAX)
		return malformed(err, "an entry's head");
	if (head.type != UNPACK_FILE && head.size != 0)
		return malformed(err, "content of what is not a file");
	*entry = (struct unpack_entry){
		.type = (enum unpack_type)head.type,
		.mode = head.mode,
		.uid = head.uid,
		.gid = head.gid,
		.mtime = head.mtime,
		.mtime_nsec = head.mtime_nsec,
		.size = head.size,
		.skipped_xattrs = head.skipped_xattrs,
		.path = ret->path,
	};
	const char *path = take_text(&body, head.path_size);
	const char *link = path ? take_text(&body, head.link_size) : NULL;
	if (!link)
		return malformed(err, "its names");
	if (!path[0])
		return error_say(err, EBADMSG, "an entry has no name");
	int r = unpack_path_clean(path, ret->path, err);
	if (r < 0)
		return r;
	if (!ret->path[0] && entry->type != UNPACK_DIRECTORY)
		return error_say(err, EBADMSG,
				 "'%s' is the root but not a directory", path);
	r = parse_link(link, ret, err);
	if (r < 0)
		return r;
	r = parse_xattrs(&body, head.n_xattrs, entry, err);
	if (r < 0)
		return r;
	return body.left ? malformed(err, "bytes behind it") : 0;
}

static int parse_data(struct body body, struct unpack_record *ret,
		      struct error *err)
{
	struct data_head head;
	const void *from = take(&body, sizeof(head));

	if (!from || body.left == 0 || body.left > UNPACK_DATA_MAX)
		return malformed(err, "its data");
	memcpy(&head, from, sizeof(head));
	if (head.offset > INT64_MAX - body.left)
		return malformed(err, "its offset");
	ret->offset = head.offset;
	ret->data = body.at;
	ret->size = body.left;
	return 0;
}

ssize_t unpack_record_parse(const void *bytes, size_t size,
			    struct unpack_record *ret, struct error *err)
{
	struct head head;
	int r;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (head.size < sizeof(head) || head.size > UNPACK_RECORD_MAX)
		return malformed(err, "its size");
	if (head.size > size)
		return 0;
	struct body body = { .at = bytes, .left = head.size };
	ret->kind = (enum unpack_kind)head.kind;
	switch (head.kind) {
	case UNPACK_ENTRY:
		r = parse_entry(body, ret, err);
		break;
	case UNPACK_DATA:
		r = parse_data(body, ret, err);
		break;
	case UNPACK_END:
		r = head.size == sizeof(head) ? 0 : malformed(err, "its end");
		break;
	default:
		r = malformed(err, "its kind");
		break;
	}
	return r < 0 ? r : (ssize_t)head.size;
}

static int flush(struct unpack_sender *sender, struct error *err)
{
	int r = fd_write_all(sender->fd, sender->bytes, sender->used, err);

	sender->used = 0;
	return r;
}

/* Room for one more record of @size bytes; NULL with @err set. */
static int reserve(struct unpack_sender *sender, size_t size, struct error *err)
{
	if (size > UNPACK_RECORD_MAX)
		return error_say(err, EBADMSG, "an entry is too large");
	if (sizeof(sender->bytes) - sender->used >= size)
		return 0;
	return flush(sender, err);
}

static void put(struct unpack_sender *sender, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(sender->bytes + sender->used, bytes, size);
	sender->used += size;
}

int unpack_send_entry(struct unpack_sender *sender,
		      const struct unpack_entry *entry, struct error *err)
{
	size_t path_size = strlen(entry->path) + 1;
	size_t link_size = strlen(entry->link) + 1;
	size_t size = sizeof(struct entry_head) + path_size + link_size;

	if (path_size > UNPACK_PATH_MAX || link_size > UNPACK_PATH_MAX)
		return error_say(err, ENAMETOOLONG,
				 "the name '%.64s...' is too long",
				 path_size > UNPACK_PATH_MAX ? entry->path
							     : entry->link);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		size += sizeof(struct xattr_head) +
			strlen(entry->xattrs[i].name) + 1 +
			entry->xattrs[i].size;
	int r = reserve(sender, size, err);
	if (r < 0)
		return r;
	struct entry_head head = {
		.head = { UNPACK_ENTRY, (uint32_t)size },
		.type = entry->type,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.mtime = entry->mtime,
		.mtime_nsec = entry->mtime_nsec,
		.size = entry->size,
		.path_size = (uint32_t)path_size,
		.link_size = (uint32_t)link_size,
		.n_xattrs = (uint32_t)entry->n_xattrs,
		.skipped_xattrs = entry->skipped_xattrs,
	};
	put(sender, &head, sizeof(head));
	put(sender, entry->path, path_size);
	put(sender, entry->link, link_size);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct unpack_xattr *xattr = &entry->xattrs[i];
		struct xattr_head sizes = {
			.name_size = (uint32_t)strlen(xattr->name) + 1,
			.value_size = (uint32_t)xattr->size,
		};
		put(sender, &sizes, sizeof(sizes));
		put(sender, xattr->name, sizes.name_size);
		put(sender, xattr->value, xattr->size);
	}
	return 0;
}

int unpack_send_data(struct unpack_sender *sender, uint64_t offset,
		     const void *data, size_t size, struct error *err)
{
	const char *from = data;

	while (size > 0) {
		size_t n = size < UNPACK_DATA_MAX ? size : UNPACK_DATA_MAX;
		struct data_head head = {
			.head = { UNPACK_DATA, (uint32_t)(sizeof(head) + n) },
			.offset = offset,
		};
		int r = reserve(sender, sizeof(head) + n, err);
		if (r < 0)
			return r;
		put(sender, &head, sizeof(head));
		put(sender, from, n);
		from += n;
		offset += n;
		size -= n;
	}
	return 0;
}

int unpack_send_end(struct unpack_sender *sender, struct error *err)
{
	struct head head = { UNPACK_END, sizeof(head) };
	int r = reserve(sender, sizeof(head), err);

	if (r < 0)
		return r;
	put(sender, &head, sizeof(head));
	return flush(sender, err);
}
