/*
 * core/confine/user.h - whom "--user" or an image's USER means
 *
 *   user          the name or number, its group and its other groups
 *   user:group    that group, and no others (OCI image-spec config.md, "User")
 *
 * Digits alone are a number and never looked up as a name (CVE-2016-3697);
 * numbers are decimal, 0 to 4294967294, without sign, white space or zeros in
 * front (CVE-2026-30892, CVE-2024-40635).
 *
 * Names are looked up in the container's own etc/passwd and etc/group, never
 * by way of the host's C library.  The parsers are pure and fuzzed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"

enum {
	USER_MAX_NAME = 255,     /* bytes */
	USER_MAX_LINE = 4096,    /* bytes, of etc/passwd and etc/group */
	USER_MAX_FILE = 4 << 20, /* bytes, of each */
	USER_MAX_GROUPS = 256,   /* in all */
};

/* One side of the colon: a number, or a name to be looked up. */
struct user_part {
	bool given;
	bool is_name;
	unsigned int id;              /* if it is given and no name */
	char name[USER_MAX_NAME + 1]; /* if it is one */
};

struct user_request {
	struct user_part user, group;
};

/* Everything that is known of the user; user_free() frees the strings. */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_MAX_GROUPS]; /* upwards, no two alike, @gid among */
	size_t n;
	char *name;  /* NULL when etc/passwd has no such user */
	char *home;  /* absolute; "/" when unknown */
	char *shell; /* absolute; "/bin/sh" when unknown */
};

/*
 * user_parse - what the text says, before anything is looked up
 * @text: "" is "0", what an image without USER runs as
 * Return: 0; -EINVAL; -ERANGE for a number that is no id
 */
int user_parse(const char *text, struct user_request *ret, struct error *err);

/*
 * user_find - look up a request in the text of the two files
 * @passwd, @group: as passwd(5) and group(5); @passwd_size and @group_size
 *                  bytes and a NUL behind them
 * @group_add:      more groups, names or numbers; NULL for none
 *
 * The first line that fits counts, as for getpwnam(3).  A number that no line
 * has is fine: its group is 0, its home "/".  Lines that are no entries
 * (comments, "+::::::") are passed over.
 * Return: 0; -ENOENT there is no such user or group; -EINVAL the line of that
 * user or group, or a file, is malformed; -E2BIG too many groups.
 */
int user_find(const struct user_request *request, const struct strv *group_add,
	      const char *passwd, size_t passwd_size, const char *group,
	      size_t group_size, struct user *ret, struct error *err);

/*
 * user_lookup - parse @text and look it up below a root file system
 * @root_fd: its directory; symbolic links stay below it
 *
 * A file that is missing is an empty one.  One that is not a regular file, or
 * larger than USER_MAX_FILE, is an error: -EINVAL, -EFBIG (CVE-2024-9676).
 */
int user_lookup(int root_fd, const char *text, const struct strv *group_add,
		struct user *ret, struct error *err);

void user_free(struct user *user);

#define scoped_user __attribute__((cleanup(user_free))) struct user
