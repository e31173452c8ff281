#include "core/confine/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

enum { MAX_ID = UINT32_MAX - 1 }; /* the last one is (uid_t)-1, no id */

/* ------------------------------------------------------------ the request */

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* what useradd(8) and directories make: printable, and no field or list of
 * passwd(5) and group(5) ends in it */
static bool is_name(const char *text)
{
	if (*text == '-' || *text == '+' || strlen(text) > USER_MAX_NAME)
		return false;
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr(":,/", *c))
			return false;
	return *text != '\0';
}

static int parse_id(const char *text, unsigned int *ret, struct error *err)
{
	if (text[0] == '0' && text[1] != '\0')
		return error_say(
			err, EINVAL,
			"\"%s\" has a zero in front: decimal or octal?", text);
	return text_to_u32(text, MAX_ID, ret, err);
}

static int parse_part(const char *text, const char *what, struct user_part *ret,
		      struct error *err)
{
	int r = 0;

	ret->given = true;
	if (is_number(text)) {
		r = parse_id(text, &ret->id, err);
		return r < 0 ? error_prefix(err, "%s id", what) : 0;
	}
	if (!is_name(text))
		return error_say(err, EINVAL,
				 "\"%s\" is neither the name nor the number of "
				 "a %s",
				 text, what);
	ret->is_name = true;
	strcpy(ret->name, text);
	return 0;
}

int user_parse(const char *text, struct user_request *ret, struct error *err)
{
	struct user_request request = { 0 };
	scoped(char) *copy = xstrdup(text);
	char *colon = strchr(copy, ':');
	int r;

	if (!*text) {
		request.user.given = true;
		*ret = request;
		return 0;
	}
	if (colon)
		*colon = '\0';
	r = parse_part(copy, "user", &request.user, err);
	if (r == 0 && colon)
		r = parse_part(colon + 1, "group", &request.group, err);
	if (r < 0) {
		error_prefix(err, "user \"%s\"", text);
		return error_hint(err, "write NAME, UID, NAME:GROUP or "
				       "UID:GID");
	}
	*ret = request;
	return 0;
}

/* -------------------------------------------------------------- the files */

/* An entry of passwd(5) or group(5), cut into its fields. */
struct entry {
	char text[USER_MAX_LINE + 1];
	char *fields[7]; /* those that a line lacks are "" */
	size_t n;
	unsigned int line; /* for messages, from 1 */
};

struct table {
	const char *name; /* "etc/passwd" */
	const char *rest; /* not yet read */
	const char *end;
	struct entry entry;
};

static void cut_fields(struct entry *entry)
{
	char *rest = entry->text;

	entry->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(entry->fields); i++) {
		entry->fields[i] = rest ? strsep(&rest, ":") : NULL;
		if (entry->fields[i])
			entry->n++;
		else
			entry->fields[i] = entry->text + strlen(entry->text);
	}
}

/* Return: 1 with the next line in .entry, 0 at the end, or -EINVAL */
static int next_entry(struct table *table, struct error *err)
{
	struct entry *entry = &table->entry;

	while (table->rest < table->end) {
		const char *line = table->rest;
		size_t left = (size_t)(table->end - line);
		const char *newline = memchr(line, '\n', left);
		size_t n = newline ? (size_t)(newline - line) : left;

		entry->line++;
		table->rest = line + n + (newline != NULL);
		if (n > USER_MAX_LINE)
			return error_say(err, EINVAL,
					 "line %u of %s is longer than %d "
					 "bytes",
					 entry->line, table->name,
					 USER_MAX_LINE);
		if (memchr(line, '\0', n))
			return error_say(err, EINVAL,
					 "line %u of %s has a NUL in it",
					 entry->line, table->name);
		memcpy(entry->text, line, n);
		entry->text[n] = '\0';
		cut_fields(entry);
		if (entry->n >= 3 && is_name(entry->fields[0]))
			return 1;
	}
	return 0;
}

/* the ids in @entry's fields @from to @to into @ret; false if one is none */
static bool entry_ids(const struct entry *entry, size_t from, size_t to,
		      unsigned int *ret)
{
	struct error ignored;

	for (size_t i = from; i <= to; i++)
		if (!is_number(entry->fields[i]) ||
		    text_to_u32(entry->fields[i], MAX_ID, &ret[i - from],
				&ignored) < 0)
			return false;
	return true;
}

static int bad_entry(const struct table *table, struct error *err)
{
	return error_say(err, EINVAL, "line %u of %s, %s: not a number",
			 table->entry.line, table->name,
			 table->entry.fields[0]);
}

static char *absolute_or(const char *text, const char *otherwise)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			text = "";
	return xstrdup(*text == '/' ? text : otherwise);
}

/* Return: 1 found, 0 not, or -EINVAL */
static int find_user(const struct user_part *part, const char *passwd,
		     size_t size, struct user *ret, struct error *err)
{
	struct table table = { .name = "etc/passwd",
			       .rest = passwd,
			       .end = passwd + size };
	struct entry *entry = &table.entry;
	int r;

	while ((r = next_entry(&table, err)) > 0) {
		unsigned int ids[2];
		bool same_name = part->is_name &&
				 strcmp(entry->fields[0], part->name) == 0;

		if (part->is_name && !same_name)
			continue;
		if (!entry_ids(entry, 2, 3, ids)) {
			if (same_name)
				return bad_entry(&table, err);
			continue;
		}
		if (!part->is_name && ids[0] != part->id)
			continue;
		ret->uid = ids[0];
		ret->gid = ids[1];
		ret->name = xstrdup(entry->fields[0]);
		ret->home = absolute_or(entry->fields[5], "/");
		ret->shell = absolute_or(entry->fields[6], "/bin/sh");
		return 1;
	}
	return r;
}

static int add_group(struct user *user, gid_t gid, struct error *err)
{
	size_t at = 0;

	while (at < user->n && user->groups[at] < gid)
		at++;
	if (at < user->n && user->groups[at] == gid)
		return 0;
	if (user->n == USER_MAX_GROUPS)
		return error_say(err, E2BIG,
				 "the user is in more than %d groups",
				 USER_MAX_GROUPS);
	memmove(&user->groups[at + 1], &user->groups[at],
		(user->n - at) * sizeof(user->groups[0]));
	user->groups[at] = gid;
	user->n++;
	return 0;
}

static int find_group(const struct user_part *part, const char *group,
		      size_t size, gid_t *ret, struct error *err)
{
	struct table table = { .name = "etc/group",
			       .rest = group,
			       .end = group + size };
	unsigned int id = 0;
	int r;

	if (!part->is_name) {
		*ret = part->id;
		return 0;
	}
	while ((r = next_entry(&table, err)) > 0) {
		if (strcmp(table.entry.fields[0], part->name) != 0)
			continue;
		if (!entry_ids(&table.entry, 2, 2, &id))
			return bad_entry(&table, err);
		*ret = id;
		return 0;
	}
	if (r < 0)
		return r;
	return error_say(err, ENOENT, "the container's etc/group has no \"%s\"",
			 part->name);
}

/* the groups that list @user->name as a member */
static int add_memberships(struct user *user, const char *group, size_t size,
			   struct error *err)
{
	struct table table = { .name = "etc/group",
			       .rest = group,
			       .end = group + size };
	int r;

	while ((r = next_entry(&table, err)) > 0) {
		char *members = table.entry.fields[3];
		bool is_member = false;
		unsigned int id = 0;

		for (char *one; (one = strsep(&members, ","));)
			is_member |= strcmp(one, user->name) == 0;
		if (!is_member)
			continue;
		if (!entry_ids(&table.entry, 2, 2, &id))
			return bad_entry(&table, err);
		r = add_group(user, id, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int add_extra_groups(struct user *user, const struct strv *group_add,
			    const char *group, size_t size, struct error *err)
{
	for (size_t i = 0; group_add && i < group_add->n; i++) {
		struct user_part part = { 0 };
		gid_t gid = 0;
		int r = parse_part(group_add->v[i], "group", &part, err);

		if (r == 0)
			r = find_group(&part, group, size, &gid, err);
		if (r == 0)
			r = add_group(user, gid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int user_find(const struct user_request *request, const struct strv *group_add,
	      const char *passwd, size_t passwd_size, const char *group,
	      size_t group_size, struct user *ret, struct error *err)
{
	scoped_user user = { .uid = request->user.id };
	int r = find_user(&request->user, passwd, passwd_size, &user, err);

	if (r == 0 && request->user.is_name)
		return error_say(err, ENOENT,
				 "the container's etc/passwd has no \"%s\"",
				 request->user.name),
		       error_hint(err, "a number works without an entry");
	if (r == 0) {
		user.home = xstrdup("/");
		user.shell = xstrdup("/bin/sh");
	}
	if (r >= 0 && request->group.given)
		r = find_group(&request->group, group, group_size, &user.gid,
			       err);
	else if (r > 0)
		r = add_memberships(&user, group, group_size, err);
	if (r >= 0)
		r = add_group(&user, user.gid, err);
	if (r >= 0)
		r = add_extra_groups(&user, group_add, group, group_size, err);
	if (r < 0)
		return r;
	*ret = user;
	user = (struct user){ 0 };
	return 0;
}

/* -------------------------------------------------------------- the root */

static ssize_t read_table(int root_fd, const char *path, char **ret,
			  struct error *err)
{
	/* O_NONBLOCK: a FIFO there must not hold us */
	scoped_fd fd = path_open_in_root(
		root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret = xstrdup("");
		return 0;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return error_say(err, EINVAL,
				 "the container's %s is not a regular file",
				 path);
	ssize_t n = fd_read_all(fd, USER_MAX_FILE, ret, err);
	return n < 0 ? error_prefix(err, "read the container's %s", path) : n;
}

int user_lookup(int root_fd, const char *text, const struct strv *group_add,
		struct user *ret, struct error *err)
{
	scoped(char) *passwd = NULL, *group = NULL;
	struct user_request request;
	int r = user_parse(text, &request, err);

	if (r < 0)
		return r;
	ssize_t passwd_size = read_table(root_fd, "etc/passwd", &passwd, err);
	if (passwd_size < 0)
		return (int)passwd_size;
	ssize_t group_size = read_table(root_fd, "etc/group", &group, err);
	if (group_size < 0)
		return (int)group_size;
	return user_find(&request, group_add, passwd, (size_t)passwd_size,
			 group, (size_t)group_size, ret, err);
}

void user_free(struct user *user)
{
	free(user->name);
	free(user->home);
	free(user->shell);
	*user = (struct user){ 0 };
}
