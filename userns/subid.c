#include "userns/subid.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <shadow/subid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"

enum { FILE_MAX = 16 << 20 };

static const struct {
	const char *file, *what, *option;
} kinds[] = {
	[SUBID_UIDS] = { "/etc/subuid", "user", "--add-subuids" },
	[SUBID_GIDS] = { "/etc/subgid", "group", "--add-subgids" },
};

/* One line of subuid(5), OWNER:START:COUNT. */
struct line {
	const char *owner; /* not ended by a NUL */
	size_t owner_length;
	struct idrange range;
	unsigned number;
};

static int parse_fields(char *text, const char *file, struct line *ret,
			struct error *err)
{
	char *start = strchr(text, ':');
	char *count = start ? strchr(start + 1, ':') : NULL;
	int r;

	/* also of a malformed line: it matters whose it is */
	ret->owner_length = strcspn(text, ":");
	if (!count || start == text)
		return error_say(
			err, EINVAL,
			"%s, line %u: not of the form NAME:START:COUNT", file,
			ret->number);
	*start++ = *count++ = '\0';
	r = text_to_u32(start, ID_NONE - 1, &ret->range.start, err);
	if (r == 0)
		r = text_to_u32(count, ID_NONE, &ret->range.count, err);
	if (r == 0 && (uint64_t)ret->range.start + ret->range.count > ID_NONE)
		r = error_say(err, ERANGE, "the range ends behind the last id");
	if (r < 0)
		return error_prefix(err, "%s, line %u", file, ret->number);
	return 0;
}

/* the next line with a range in it; Return: 1, 0 at the end, -EINVAL */
static int next_line(const char **text, const char *file, struct line *line,
		     struct error *err)
{
	while (**text) {
		size_t n = strcspn(*text, "\n");
		const char *begin = *text;

		*text += n + (begin[n] == '\n');
		line->number++;
		if (n == 0 || *begin == '#')
			continue;
		scoped(char) *copy = xstrndup(begin, n);
		line->owner = begin;
		int r = parse_fields(copy, file, line, err);
		if (r < 0)
			return r;
		if (line->range.count > 0)
			return 1;
	}
	return 0;
}

static bool is_owner(const struct line *line, const char *user, uid_t uid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	return (strlen(user) == line->owner_length &&
		strncmp(line->owner, user, line->owner_length) == 0) ||
	       (strlen(number) == line->owner_length &&
		strncmp(line->owner, number, line->owner_length) == 0);
}

/* root and the users of services: login.defs(5), SYS_UID_MAX */
static const struct idrange system_ids = { .start = 0, .count = 1000 };

static bool overlaps(struct idrange a, struct idrange b)
{
	return (uint64_t)a.start < (uint64_t)b.start + b.count &&
	       (uint64_t)b.start < (uint64_t)a.start + a.count;
}

/* R30: neither the machine's own ids nor the user's, whoever grants them */
static int check_granted(const char *file, const char *user, uid_t uid,
			 const struct idrange *ranges, size_t n,
			 struct error *err)
{
	const struct idrange self = { .start = uid, .count = 1 };

	for (size_t i = 0; i < n; i++) {
		uint32_t first = ranges[i].start;
		uint32_t last = first + ranges[i].count - 1;

		if (overlaps(ranges[i], self))
			return error_say(err, EEXIST,
					 "%s grants %s the ids %u to %u, and "
					 "%u is the user's own",
					 file, user, first, last, uid);
		if (!overlaps(ranges[i], system_ids))
			continue;
		error_say(err, EPERM,
			  "%s grants %s the ids %u to %u: those below %u are "
			  "the machine's own, root among them",
			  file, user, first, last, system_ids.count);
		return error_hint(err,
				  "give %s a range above: \"wolffia doctor\" "
				  "names a free one",
				  user);
	}
	return 0;
}

/* R30: what is somebody else's too separates nobody from anybody */
static int check_overlaps(const char *text, const char *file, const char *user,
			  uid_t uid, const struct idrange *ranges, size_t n,
			  struct error *err)
{
	struct line line = { 0 };
	struct error ignored;

	/* a malformed line of somebody else is not this user's trouble */
	for (int r; (r = next_line(&text, file, &line, &ignored));) {
		if (r < 0 || is_owner(&line, user, uid))
			continue;
		for (size_t i = 0; i < n; i++) {
			if (!overlaps(ranges[i], line.range))
				continue;
			error_say(err, EEXIST,
				  "%s grants the ids %u to %u to %s, and some "
				  "of them to %.*s as well (line %u)",
				  file, ranges[i].start,
				  ranges[i].start + ranges[i].count - 1, user,
				  (int)line.owner_length, line.owner,
				  line.number);
			return error_hint(err,
					  "give one of the two another range: "
					  "containers of the two users are not "
					  "separated from each other");
		}
	}
	return 0;
}

int subid_parse(const char *text, const char *file, const char *user, uid_t uid,
		struct idrange *ret, struct error *err)
{
	struct idrange found[SUBID_RANGES_MAX];
	struct line line = { 0 };
	const char *rest = text;
	size_t n = 0;

	while (*rest) {
		struct error why;
		int r = next_line(&rest, file, &line, &why);
		if (r == 0)
			break;
		if (!is_owner(&line, user, uid))
			continue;
		if (r < 0) {
			*err = why;
			return r;
		}
		if (n == SUBID_RANGES_MAX)
			return error_say(err, E2BIG,
					 "%s: more than %d ranges for %s", file,
					 SUBID_RANGES_MAX, user);
		for (size_t i = 0; i < n; i++)
			if (overlaps(found[i], line.range))
				return error_say(err, EEXIST,
						 "%s, line %u: overlaps an "
						 "earlier range of %s",
						 file, line.number, user);
		found[n++] = line.range;
	}
	int r = check_granted(file, user, uid, found, n, err);
	if (r == 0)
		r = check_overlaps(text, file, user, uid, found, n, err);
	if (r < 0)
		return r;
	if (n == 0)
		return error_say(err, ENOENT, "%s has no range for %s", file,
				 user);
	memcpy(ret, found, n * sizeof(*ret));
	return (int)n;
}

bool subid_is_local(const char *text)
{
	for (const char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		s += strspn(s, " \t");
		if (strncasecmp(s, "subid:", strlen("subid:")) != 0)
			continue;
		s += strlen("subid:");
		s += strspn(s, " \t");
		size_t n = strcspn(s, " \t\n#");
		bool files = n == 5 && strncmp(s, "files", 5) == 0;
		s += n;
		s += strspn(s, " \t");
		return files && (*s == '\0' || *s == '\n' || *s == '#');
	}
	return true;
}

typedef int ranges_function(const char *owner, struct subid_range **ranges);
typedef bool init_function(const char *program, FILE *log);

int subid_ask_library(enum subid_kind kind, const char *user,
		      struct idrange *ret, struct error *err)
{
	static const char *const functions[] = {
		[SUBID_UIDS] = "subid_get_uid_ranges",
		[SUBID_GIDS] = "subid_get_gid_ranges",
	};
	struct subid_range *ranges = NULL;
	void *library = dlopen("libsubid.so.4", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		library = dlopen("libsubid.so.5", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		error_say(err, EIO, "load libsubid: %s", dlerror());
		return error_hint(err, "nsswitch.conf names a network source "
				       "for subid, which needs libsubid "
				       "(Debian: apt install libsubid4)");
	}
	ranges_function *get =
		(ranges_function *)dlsym(library, functions[kind]);
	init_function *init = (init_function *)dlsym(library, "subid_init");
	/* its messages would come between ours */
	if (init)
		init("wolffia", NULL);
	int n = get ? get(user, &ranges) : -1;
	if (n < 0) {
		free(ranges);
		return error_say(err, EIO,
				 "libsubid cannot look up the subordinate %s "
				 "ids of %s",
				 kinds[kind].what, user);
	}
	if (n > SUBID_RANGES_MAX) {
		free(ranges);
		return error_say(err, E2BIG, "more than %d ranges for %s",
				 SUBID_RANGES_MAX, user);
	}
	int used = 0;
	for (int i = 0; i < n; i++) {
		if (ranges[i].start >= ID_NONE || ranges[i].count >= ID_NONE ||
		    ranges[i].start + ranges[i].count > ID_NONE) {
			free(ranges);
			return error_say(err, ERANGE,
					 "a range of %s ends behind the last "
					 "id",
					 user);
		}
		if (ranges[i].count > 0)
			ret[used++] = (struct idrange){
				(uint32_t)ranges[i].start,
				(uint32_t)ranges[i].count,
			};
	}
	free(ranges);
	if (used == 0)
		return error_say(err, ENOENT,
				 "no subordinate %s ids are granted to %s",
				 kinds[kind].what, user);
	return used;
}

int subid_find(enum subid_kind kind, const char *user, uid_t uid,
	       struct idrange *ret, struct error *err)
{
	scoped(char) *text = NULL;
	scoped(char) *nsswitch = NULL;
	struct error ignored;
	int r;

	if (fd_read_file(AT_FDCWD, "/etc/nsswitch.conf", FILE_MAX, &nsswitch,
			 &ignored) >= 0 &&
	    !subid_is_local(nsswitch)) {
		r = subid_ask_library(kind, user, ret, err);
		if (r <= 0)
			return r;
		int s = check_granted("the source in nsswitch.conf", user, uid,
				      ret, (size_t)r, err);
		return s < 0 ? s : r;
	}

	if (fd_read_file(AT_FDCWD, kinds[kind].file, FILE_MAX, &text, err) < 0)
		r = -err->code;
	else
		r = subid_parse(text, kinds[kind].file, user, uid, ret, err);
	if (r == -ENOENT) {
		scoped(char) *line =
			subid_suggest(kind, text ? text : "", user);
		error_hint(err, "%s", line);
	}
	return r;
}

/* the end of a range of @text that shares an id with @wanted, or 0 */
static uint64_t end_of_overlap(const char *text, struct idrange wanted)
{
	struct line line = { 0 };
	struct error ignored;

	for (int r; (r = next_line(&text, "", &line, &ignored));)
		if (r > 0 && overlaps(line.range, wanted))
			return (uint64_t)line.range.start + line.range.count;
	return 0;
}

char *subid_suggest(enum subid_kind kind, const char *text, const char *user)
{
	struct idrange free_range = { .start = 100000, .count = 65536 };

	for (uint64_t end; (end = end_of_overlap(text, free_range));) {
		if (end + free_range.count > ID_NONE)
			return xasprintf("remove a range from %s: no %u ids in "
					 "a row are free",
					 kinds[kind].file, free_range.count);
		free_range.start = (uint32_t)end;
	}
	return xasprintf("sudo usermod %s %u-%u %s", kinds[kind].option,
			 free_range.start,
			 free_range.start + free_range.count - 1, user);
}
