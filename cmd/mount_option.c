#include "cmd/mount_option.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/option_table.h"

/* Which kinds a word or a key is for. */
enum {
	BIND = 1 << MOUNT_BIND,
	TMPFS = 1 << MOUNT_TMPFS,
	VOLUME = 1 << MOUNT_VOLUME,
	FILES = BIND | VOLUME,
	ANY = BIND | VOLUME | TMPFS,
};

enum effect {
	READ_ONLY,
	WRITABLE,
	EXEC,
	NO_EXEC,
	NO_RECURSE,
	RECURSE,
	NO_SYMLINKS,
	AS_ALWAYS, /* what the word asks for is always so */
	NOTICE,    /* nothing is done, and the text says so */
	REFUSED,   /* the text says why */
};

static const char no_label[] =
	"wolffia has no SELinux labels: \":z\" and \":Z\" relabel nothing";
static const char no_cache[] =
	"\"cached\", \"delegated\" and \"consistent\" mean nothing on Linux";
static const char no_sharing[] =
	"the mounts of a container are private: a mount made later on either "
	"side is not seen on the other";
static const char no_owner[] =
	"wolffia never changes the owner of files of yours; --userns as-me "
	"makes the container's user you";

/* clang-format off */
static const struct word {
	const char *name;
	unsigned kinds;
	enum effect effect;
	const char *text;
} words[] = {
	{ "ro",          ANY,   READ_ONLY,   NULL },
	{ "rw",          ANY,   WRITABLE,    NULL },
	{ "exec",        ANY,   EXEC,        NULL },
	{ "noexec",      ANY,   NO_EXEC,     NULL },
	{ "bind",        FILES, NO_RECURSE,  NULL },
	{ "rbind",       FILES, RECURSE,     NULL },
	{ "nosymfollow", ANY,   NO_SYMLINKS, NULL },
	{ "z",           FILES, NOTICE,      no_label },
	{ "Z",           FILES, NOTICE,      no_label },
	{ "nosuid",      ANY,   AS_ALWAYS,   NULL },
	{ "nodev",       ANY,   AS_ALWAYS,   NULL },
	{ "private",     ANY,   AS_ALWAYS,   NULL },
	{ "rprivate",    ANY,   AS_ALWAYS,   NULL },
	{ "notmpcopyup", TMPFS, AS_ALWAYS,   NULL },
	{ "cached",      FILES, NOTICE,      no_cache },
	{ "delegated",   FILES, NOTICE,      no_cache },
	{ "consistent",  FILES, NOTICE,      no_cache },
	{ "shared",      ANY,   REFUSED,     no_sharing },
	{ "rshared",     ANY,   REFUSED,     no_sharing },
	{ "slave",       ANY,   REFUSED,     no_sharing },
	{ "rslave",      ANY,   REFUSED,     no_sharing },
	{ "unbindable",  ANY,   REFUSED,     no_sharing },
	{ "runbindable", ANY,   REFUSED,     no_sharing },
	{ "suid",        ANY,   REFUSED,
	  "set-user-ID programs of a volume never get their rights" },
	{ "dev",         ANY,   REFUSED,
	  "devices of a volume can never be used" },
	{ "U",           FILES, REFUSED,     no_owner },
	{ "chown",       FILES, REFUSED,     no_owner },
	{ "O",           FILES, REFUSED,
	  "a throw-away layer on a volume is not there yet" },
	{ "nocopy",      FILES, AS_ALWAYS,   NULL },
	{ "copy",        FILES, REFUSED,
	  "a volume starts empty: nothing is copied from the image" },
	{ "idmap",       FILES, REFUSED,
	  "ids are mapped for the whole container: see --userns" },
	{ "tmpcopyup",   TMPFS, REFUSED,
	  "a tmpfs starts empty: nothing is copied from the image" },
};
/* clang-format on */

void mount_option_free(struct mount_option *option)
{
	free(option->mount.source);
	free(option->mount.target);
	*option = (struct mount_option){ 0 };
}

static struct mount_option new_option(enum mount_kind kind)
{
	return (struct mount_option){
		.mount = {
			.kind = kind,
			.exec = kind != MOUNT_TMPFS,
			.symlinks = true,
			.mode = kind == MOUNT_TMPFS ? 01777 : 0,
		},
	};
}

static const struct word *find_word(const char *name, unsigned kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].name, name) == 0 && (words[i].kinds & kind))
			return &words[i];
	return NULL;
}

/* ro and rw, exec and noexec, bind and rbind: next to each other in the enum */
static bool contradicts(enum effect effect, unsigned seen)
{
	return effect <= RECURSE && (seen & 1u << (effect ^ 1));
}

static int apply_word(struct mount_option *to, const struct word *word,
		      unsigned *seen, struct error *err)
{
	struct spec_mount *mount = &to->mount;

	if (contradicts(word->effect, *seen))
		return error_say(err, EINVAL,
				 "\"%s\" contradicts what is said before it",
				 word->name);
	*seen |= 1u << word->effect;
	switch (word->effect) {
	case READ_ONLY:
	case WRITABLE:
		mount->read_only = word->effect == READ_ONLY;
		break;
	case EXEC:
	case NO_EXEC:
		mount->exec = word->effect == EXEC;
		break;
	case NO_RECURSE:
	case RECURSE:
		mount->no_recurse = word->effect == NO_RECURSE;
		break;
	case NO_SYMLINKS:
		mount->symlinks = false;
		break;
	case NOTICE:
		to->notice = word->text;
		break;
	case AS_ALWAYS:
		break;
	case REFUSED:
		return error_say(err, EOPNOTSUPP, "\"%s\" cannot be given: %s",
				 word->name, word->text);
	}
	return 0;
}

/* @more: further names that are good here, for the hint; NULL-terminated */
static int unknown_option(const char *name, unsigned kind,
			  const char *const *more, struct error *err)
{
	const char *names[ARRAY_SIZE(words) + 32] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((words[i].kinds & kind) && words[i].effect != REFUSED)
			names[n++] = words[i].name;
	for (; more && *more && n < ARRAY_SIZE(names) - 1; more++)
		names[n++] = *more;
	error_say(err, EINVAL, "there is no option \"%s\"", name);
	error_hint(err, "wolffia-run(1) lists them");
	return option_suggest(name, names, "", err);
}

static int set_target(struct mount_option *to, const char *target,
		      struct error *err)
{
	scoped(char) *copy = xstrdup(target);
	char *rest = copy, *part = NULL;

	if (to->mount.target)
		return error_say(err, EINVAL,
				 "the path in the container is given twice");
	if (target[0] != '/') {
		error_say(err, EINVAL,
			  "the path in the container, \"%s\", is not absolute",
			  target);
		return error_hint(err, "write /%s", target);
	}
	while ((part = strsep(&rest, "/")))
		if (strcmp(part, "..") == 0)
			return error_say(err, EINVAL,
					 "the path in the container, \"%s\", "
					 "has \"..\" in it",
					 target);
	to->mount.target = path_normalize("/", target);
	return 0;
}

static bool is_path(const char *source)
{
	return source[0] == '/' || strcmp(source, ".") == 0 ||
	       strcmp(source, "..") == 0 || text_starts_with(source, "./") ||
	       text_starts_with(source, "../");
}

static bool is_volume_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return name[0] && strchr(letters, name[0]) &&
	       !name[strspn(name, others)] && strlen(name) <= NAME_MAX;
}

static int set_source(struct mount_option *to, const char *source,
		      struct error *err)
{
	if (to->mount.source)
		return error_say(err, EINVAL, "the source is given twice");
	if (!*source)
		return error_say(err, EINVAL, "the source is empty");
	if (to->mount.kind == MOUNT_BIND && !is_path(source)) {
		error_say(err, EINVAL,
			  "the source \"%s\" is neither absolute nor begins "
			  "with \"./\"",
			  source);
		if (source[0] == '~')
			return error_hint(err, "the shell leaves \"~\" as it "
					       "is here: write \"$HOME\"");
		return error_hint(err,
				  "write ./%s for a path, or type=volume "
				  "for a named volume",
				  source);
	}
	if (to->mount.kind == MOUNT_VOLUME && !is_volume_name(source)) {
		error_say(err, EINVAL,
			  "\"%s\" cannot be the name of a volume: letters, "
			  "digits, and behind the first \"_\", \".\", \"-\"",
			  source);
		if (source[0] == '~')
			return error_hint(err, "the shell leaves \"~\" as it "
					       "is here: write \"$HOME\"");
		if (source[0] == '/')
			return error_hint(err, "type=bind mounts a path");
		return error_hint(err, "write ./%s if a path is meant", source);
	}
	to->mount.source = xstrdup(source);
	return 0;
}

/* the two of a tmpfs that have a value */
static int set_tmpfs_size(struct mount_option *to, const char *text,
			  struct error *err)
{
	uint64_t size = 0;
	int r = text_to_size(text, &size, err);

	if (r < 0)
		return error_prefix(err, "size");
	if (size == 0)
		return error_say(err, EINVAL,
				 "size: 0 would be without any limit; leave "
				 "it out for half of the memory");
	to->mount.size = size;
	return 0;
}

static int set_tmpfs_mode(struct mount_option *to, const char *text,
			  struct error *err)
{
	size_t digits = strspn(text, "01234567");

	if (digits == 0 || digits > 5 || text[digits] ||
	    strtoul(text, NULL, 8) > 07777)
		return error_say(err, EINVAL,
				 "mode: \"%s\" is not octal, 0 to 7777", text);
	to->mount.mode = (uint32_t)strtoul(text, NULL, 8);
	return 0;
}

static int apply_tmpfs_option(struct mount_option *to, const char *option,
			      unsigned *seen, struct error *err)
{
	static const char *const more[] = { "size", "mode", NULL };
	static const char *const refused[] = { "uid",       "gid",  "nr_inodes",
					       "nr_blocks", "huge", "mpol" };
	const char *equals = strchrnul(option, '=');
	scoped(char) *name = xstrndup(option, (size_t)(equals - option));
	const struct word *word = find_word(name, TMPFS);

	if (*equals && strcmp(name, "size") == 0)
		return set_tmpfs_size(to, equals + 1, err);
	if (*equals && strcmp(name, "mode") == 0)
		return set_tmpfs_mode(to, equals + 1, err);
	if (word && !*equals)
		return apply_word(to, word, seen, err);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (strcmp(name, refused[i]) == 0)
			return error_say(err, EOPNOTSUPP,
					 "\"%s\" cannot be given: a tmpfs has "
					 "size= and mode=, and belongs to the "
					 "container's root",
					 name);
	return unknown_option(name, TMPFS, more, err);
}

static int apply_volume_options(struct mount_option *to, char *options,
				struct error *err)
{
	unsigned seen = 0, kind = 1u << to->mount.kind;
	char *name = NULL;

	while ((name = strsep(&options, ","))) {
		const struct word *word = find_word(name, kind);
		int r = word ? apply_word(to, word, &seen, err)
			     : unknown_option(name, kind, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_volume(char *text, struct mount_option *to, struct error *err)
{
	const char *source = strsep(&text, ":");
	const char *target = strsep(&text, ":");
	int r = 0;

	if (!target) {
		error_say(err, EINVAL,
			  "there is no \":\" and no path in the "
			  "container");
		return error_hint(err,
				  "write SRC:DST; --tmpfs %s for a "
				  "directory that is gone afterwards",
				  source);
	}
	if (text && strchr(text, ':')) {
		error_say(err, EINVAL, "there are too many \":\"");
		return error_hint(err, "a path with a \":\" in it goes into "
				       "--mount type=bind,src=...,dst=...");
	}
	*to = new_option(is_path(source) ? MOUNT_BIND : MOUNT_VOLUME);
	r = set_source(to, source, err);
	if (r == 0)
		r = set_target(to, target, err);
	if (r == 0 && text)
		r = apply_volume_options(to, text, err);
	return r;
}

static int parse_tmpfs(char *text, struct mount_option *to, struct error *err)
{
	const char *target = strsep(&text, ":");
	unsigned seen = 0;
	char *option = NULL;

	*to = new_option(MOUNT_TMPFS);
	int r = set_target(to, target, err);
	while (r == 0 && (option = strsep(&text, ",")))
		r = apply_tmpfs_option(to, option, &seen, err);
	return r;
}

/*
 * csv_next - cut the next field off *@rest, which becomes NULL at the end
 * @to: room for the field, as much as *@rest has
 */
static int csv_next(const char **rest, char *to, struct error *err)
{
	const char *s = *rest;

	if (*s != '"') {
		size_t length = strcspn(s, ",");

		if (memchr(s, '"', length))
			return error_say(err, EINVAL,
					 "a double quote in the middle of a "
					 "field");
		*(char *)mempcpy(to, s, length) = '\0';
		s += length;
	} else {
		for (s++; *s && (*s != '"' || s[1] == '"'); s++) {
			if (*s == '"')
				s++;
			*to++ = *s;
		}
		*to = '\0';
		if (*s != '"' || (s[1] && s[1] != ','))
			return error_say(err, EINVAL,
					 "a double quote does not end");
		s++;
	}
	*rest = *s ? s + 1 : NULL;
	return 0;
}

static int csv_split(const char *text, struct strv *ret, struct error *err)
{
	scoped(char) *field = xcalloc(strlen(text) + 1, 1);

	while (text) {
		int r = csv_next(&text, field, err);
		if (r < 0)
			return r;
		strv_add(ret, field);
	}
	return 0;
}

enum key_id {
	KEY_TYPE,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READ_ONLY,
	KEY_WRITABLE,
	KEY_PROPAGATION,
	KEY_RECURSIVE,
	KEY_NON_RECURSIVE,
	KEY_CONSISTENCY,
	KEY_RELABEL,
	KEY_SIZE,
	KEY_MODE,
	KEY_REFUSED,
};

/* clang-format off */
static const struct key {
	const char *name;
	unsigned kinds;
	enum key_id id;
	bool no_value; /* may stand alone */
	const char *text;
} keys[] = {
	{ "type",               ANY,   KEY_TYPE,          false, NULL },
	{ "source",             FILES, KEY_SOURCE,        false, NULL },
	{ "src",                FILES, KEY_SOURCE,        false, NULL },
	{ "target",             ANY,   KEY_TARGET,        false, NULL },
	{ "destination",        ANY,   KEY_TARGET,        false, NULL },
	{ "dst",                ANY,   KEY_TARGET,        false, NULL },
	{ "readonly",           ANY,   KEY_READ_ONLY,     true,  NULL },
	{ "ro",                 ANY,   KEY_READ_ONLY,     true,  NULL },
	{ "rw",                 ANY,   KEY_WRITABLE,      true,  NULL },
	{ "bind-propagation",   BIND,  KEY_PROPAGATION,   false, NULL },
	{ "bind-recursive",     BIND,  KEY_RECURSIVE,     false, NULL },
	{ "bind-nonrecursive",  BIND,  KEY_NON_RECURSIVE, true,  NULL },
	{ "consistency",        FILES, KEY_CONSISTENCY,   false, NULL },
	{ "relabel",            FILES, KEY_RELABEL,       false, NULL },
	{ "tmpfs-size",         TMPFS, KEY_SIZE,          false, NULL },
	{ "tmpfs-mode",         TMPFS, KEY_MODE,          false, NULL },
	{ "volume-nocopy",      FILES, KEY_REFUSED,       true,
	  "a volume starts empty: nothing is copied from the image" },
	{ "volume-driver",      FILES, KEY_REFUSED,       true,
	  "volumes are directories, without drivers" },
	{ "volume-opt",         FILES, KEY_REFUSED,       true,
	  "volumes are directories, without drivers" },
	{ "volume-label",       FILES, KEY_REFUSED,       true,
	  "volumes have no labels yet" },
	{ "volume-subpath",     FILES, KEY_REFUSED,       true,
	  "part of a volume cannot be mounted yet" },
};
/* clang-format on */

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static int key_bool(const char *name, const char *value, bool *ret,
		    struct error *err)
{
	static const char choices[] = "true|1|false|0";
	int r = value ? option_choice(name, choices, value, err) : 0;

	if (r >= 0)
		*ret = r < 2;
	return r;
}

static int apply_bind_recursive(struct mount_option *to, const char *value,
				struct error *err)
{
	/* a read-only bind mount is so with all mounts in it: "readonly" */
	static const char choices[] = "enabled|readonly|disabled";

	if (strcmp(value, "writable") == 0)
		return error_say(err, EOPNOTSUPP,
				 "bind-recursive=writable cannot be given: "
				 "what is read-only is so with all mounts in "
				 "it");
	int r = option_choice("bind-recursive", choices, value, err);
	if (r < 0)
		return r;
	to->mount.no_recurse = r == 2;
	return 0;
}

static int apply_propagation(struct mount_option *to, const char *value,
			     struct error *err)
{
	const struct word *word = find_word(value, BIND);
	unsigned seen = 0;

	if (word && (word->text == no_sharing || strstr(value, "private")))
		return apply_word(to, word, &seen, err);
	return error_say(err, EINVAL, "\"%s\" is not a propagation", value);
}

/* @value is NULL when there is no '='; then key->no_value is true */
static int apply_key(struct mount_option *to, const struct key *key,
		     const char *value, struct error *err)
{
	bool yes = false;
	int r = 0;

	switch (key->id) {
	case KEY_TYPE:
		return 0;
	case KEY_SOURCE:
		return set_source(to, value, err);
	case KEY_TARGET:
		return set_target(to, value, err);
	case KEY_READ_ONLY:
	case KEY_WRITABLE:
		r = key_bool(key->name, value, &yes, err);
		to->mount.read_only = yes == (key->id == KEY_READ_ONLY);
		return r < 0 ? r : 0;
	case KEY_NON_RECURSIVE:
		r = key_bool(key->name, value, &to->mount.no_recurse, err);
		return r < 0 ? r : 0;
	case KEY_PROPAGATION:
		return apply_propagation(to, value, err);
	case KEY_RECURSIVE:
		return apply_bind_recursive(to, value, err);
	case KEY_CONSISTENCY:
		to->notice = no_cache;
		return 0;
	case KEY_RELABEL:
		to->notice = no_label;
		return 0;
	case KEY_SIZE:
		return set_tmpfs_size(to, value, err);
	case KEY_MODE:
		return set_tmpfs_mode(to, value, err);
	case KEY_REFUSED:
		break;
	}
	return error_say(err, EOPNOTSUPP, "\"%s\" cannot be given: %s",
			 key->name, key->text);
}

static const char *const kind_names[] = {
	[MOUNT_BIND] = "bind",
	[MOUNT_TMPFS] = "tmpfs",
	[MOUNT_VOLUME] = "volume",
};

static int apply_field(struct mount_option *to, const char *field,
		       unsigned *seen, struct error *err)
{
	const char *equals = strchrnul(field, '=');
	scoped(char) *name = xstrndup(field, (size_t)(equals - field));
	unsigned kind = 1u << to->mount.kind;
	const struct key *key = find_key(name);
	const struct word *word = find_word(name, kind);
	const char *more[ARRAY_SIZE(keys) + 1] = { NULL };
	size_t n = 0;

	if (key && !(key->kinds & kind))
		return error_say(err, EINVAL, "\"%s\" is not for type=%s", name,
				 kind_names[to->mount.kind]);
	if (key && !*equals && !key->no_value)
		return error_say(err, EINVAL, "\"%s\" wants a value: %s=...",
				 name, name);
	if (key)
		return apply_key(to, key, *equals ? equals + 1 : NULL, err);
	if (word && !*equals)
		return apply_word(to, word, seen, err);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if ((keys[i].kinds & kind) && keys[i].id != KEY_REFUSED)
			more[n++] = keys[i].name;
	return unknown_option(name, kind, more, err);
}

/* the kind that the field "type=" names; the last one counts */
static int mount_type(const struct strv *fields, enum mount_kind *ret,
		      struct error *err)
{
	const char *type = "volume";

	for (size_t i = 0; i < fields->n; i++)
		if (text_starts_with(fields->v[i], "type="))
			type = fields->v[i] + strlen("type=");
	int r = option_choice("type", "bind|tmpfs|volume", type, err);
	if (r < 0)
		return r;
	*ret = (enum mount_kind)r;
	return 0;
}

static int parse_mount(const struct strv *fields, struct mount_option *to,
		       struct error *err)
{
	enum mount_kind kind = MOUNT_VOLUME;
	unsigned seen = 0;
	int r = mount_type(fields, &kind, err);

	if (r < 0)
		return r;
	*to = new_option(kind);
	for (size_t i = 0; i < fields->n; i++) {
		r = apply_field(to, fields->v[i], &seen, err);
		if (r < 0)
			return r;
	}
	if (!to->mount.target)
		return error_say(err, EINVAL,
				 "dst=, the path in the "
				 "container, is missing");
	if (kind != MOUNT_TMPFS && !to->mount.source)
		return error_say(err, EINVAL, "src=, the %s, is missing",
				 kind == MOUNT_BIND ? "path on this machine"
						    : "name of the volume");
	return 0;
}

/* a half-filled @option of a parser that failed is freed, not handed out */
static int hand_out(int r, struct mount_option *option,
		    struct mount_option *ret)
{
	if (r < 0)
		mount_option_free(option);
	else
		*ret = *option;
	return r;
}

int mount_option_parse_volume(const char *text, struct mount_option *ret,
			      struct error *err)
{
	scoped(char) *copy = xstrdup(text);
	struct mount_option option = { 0 };

	return hand_out(parse_volume(copy, &option, err), &option, ret);
}

int mount_option_parse_tmpfs(const char *text, struct mount_option *ret,
			     struct error *err)
{
	scoped(char) *copy = xstrdup(text);
	struct mount_option option = { 0 };

	return hand_out(parse_tmpfs(copy, &option, err), &option, ret);
}

int mount_option_parse_mount(const char *text, struct mount_option *ret,
			     struct error *err)
{
	scoped_strv fields = { 0 };
	struct mount_option option = { 0 };
	int r = csv_split(text, &fields, err);

	if (r == 0)
		r = parse_mount(&fields, &option, err);
	return hand_out(r, &option, ret);
}
