#include "storage/copy/copy_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"

static bool is_id(int64_t id)
{
	/* 2^32-1 is "no id" to chown(2) */
	return id >= 0 && id < UINT32_MAX;
}

static int no_such_owner(const struct unpack_entry *entry, struct error *err)
{
	error_say(
		err, ERANGE,
		"'%s' belongs to %lld:%lld, and the container has no such ids",
		entry->path, (long long)entry->uid, (long long)entry->gid);
	return error_hint(err, "without -a it becomes root's");
}

/* Only root gives files away; a group that one is in may be given. */
static int try_owner(int dirfd, const char *name,
		     const struct unpack_entry *entry,
		     struct copy_counts *counts, struct error *err)
{
	const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
	struct stat st;

	if (fstatat(dirfd, name, &st, flags) < 0)
		return error_set(err, errno, "look at '%s'", entry->path);
	if (st.st_uid == entry->uid && st.st_gid == entry->gid)
		return 0;
	bool given = is_id(entry->uid) && is_id(entry->gid) &&
		     fchownat(dirfd, name, (uid_t)entry->uid, (gid_t)entry->gid,
			      flags) == 0;
	if (!given && is_id(entry->gid) && st.st_gid != entry->gid)
		given = fchownat(dirfd, name, (uid_t)-1, (gid_t)entry->gid,
				 flags) == 0 &&
			st.st_uid == entry->uid;
	counts->owners += !given;
	return 0;
}

int copy_meta_owner(const struct copy_write_options *options, int dirfd,
		    const char *name, const struct unpack_entry *entry,
		    struct copy_counts *counts, struct error *err)
{
	uid_t uid = options->archive ? (uid_t)entry->uid : 0;
	gid_t gid = options->archive ? (gid_t)entry->gid : 0;

	if (!options->inside)
		return options->archive
			       ? try_owner(dirfd, name, entry, counts, err)
			       : 0;
	if (options->archive && (!is_id(entry->uid) || !is_id(entry->gid)))
		return no_such_owner(entry, err);
	if (fchownat(dirfd, name, uid, gid,
		     AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno == EINVAL)
		return no_such_owner(entry, err);
	return error_set(err, errno, "set the owner of '%s'", entry->path);
}

/* The file system has no attributes, or no room for this one, or a right over
 * more than the container's ids is wanted. */
static bool is_not_taken(int code)
{
	return code == ENOTSUP || code == EPERM || code == EACCES ||
	       code == ENOSPC || code == EDQUOT || code == E2BIG;
}

int copy_meta_attributes(const struct copy_write_options *options, int fd,
			 const struct unpack_entry *entry,
			 struct copy_counts *counts, struct error *err)
{
	counts->attributes += entry->skipped_xattrs;
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct unpack_xattr *xattr = &entry->xattrs[i];
		bool is_user = strncmp(xattr->name, "user.", 5) == 0;

		/* capabilities are rights: none of them comes out of a
		 * container */
		if (!is_user &&
		    (!options->inside || entry->type != UNPACK_FILE)) {
			counts->attributes++;
			continue;
		}
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) ==
		    0)
			continue;
		if (!is_not_taken(errno))
			return error_set(err, errno,
					 "set the attribute %s of '%s'",
					 xattr->name, entry->path);
		counts->attributes++;
	}
	return 0;
}

uint32_t copy_meta_mode(const struct copy_write_options *options,
			const struct unpack_entry *entry)
{
	bool keeps_owner =
		options->archive || (entry->uid == 0 && entry->gid == 0);

	if (options->inside && keeps_owner)
		return entry->mode & 07777;
	return entry->mode & (entry->type == UNPACK_DIRECTORY ? 01777 : 0777);
}

/*
 * The order matters: chown(2) clears set-id bits and security.capability, and
 * everything changes the time.
 */
int copy_meta_file(const struct copy_write_options *options, int fd,
		   const struct unpack_entry *entry, struct copy_counts *counts,
		   struct error *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
				     { .tv_sec = entry->mtime,
				       .tv_nsec = entry->mtime_nsec } };
	int r = copy_meta_owner(options, fd, "", entry, counts, err);

	if (r == 0)
		r = copy_meta_attributes(options, fd, entry, counts, err);
	if (r < 0)
		return r;
	if (fchmod(fd, copy_meta_mode(options, entry)) < 0)
		return error_set(err, errno, "set the mode of '%s'",
				 entry->path);
	if (futimens(fd, times) < 0)
		return error_set(err, errno, "set the time of '%s'",
				 entry->path);
	return 0;
}
