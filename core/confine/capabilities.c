#include "core/confine/capabilities.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { MAX_CAPABILITIES = 64 };

#define CAPABILITY(n) (UINT64_C(1) << (n))

uint64_t capabilities_default(void)
{
	return CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) |
	       CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_KILL) |
	       CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETUID) |
	       CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_SETFCAP);
}

uint64_t capabilities_all(void)
{
	uint64_t set = 0;

	for (int i = 0;
	     i < MAX_CAPABILITIES && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0;
	     i++)
		set |= CAPABILITY(i);
	return set;
}

const char *const *capabilities_names(void)
{
	static const char *names[MAX_CAPABILITIES + 1];

	if (names[0])
		return names;
	/* libcap says "41" for a number that it has no name for */
	for (int i = 0; i < MAX_CAPABILITIES; i++) {
		char *name = cap_to_name(i);
		bool known = name && text_starts_with(name, "cap_");
		if (known) {
			char *copy = xstrdup(name);
			for (char *c = copy; *c; c++)
				*c = (char)toupper((unsigned char)*c);
			names[i] = copy;
		}
		cap_free(name);
		if (!known)
			break;
	}
	return names;
}

void capabilities_list(uint64_t set, struct strv *ret)
{
	const char *const *names = capabilities_names();

	for (int i = 0; names[i]; i++)
		if (set & CAPABILITY(i))
			strv_add(ret, names[i]);
}

int capabilities_parse(const char *word, uint64_t *ret, struct error *err)
{
	const char *const *names = capabilities_names();
	bool has_prefix = strncasecmp(word, "CAP_", 4) == 0;
	scoped(char) *name = xasprintf("CAP_%s", has_prefix ? word + 4 : word);

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (strcmp(name, "CAP_ALL") == 0) {
		*ret = capabilities_all();
		return 0;
	}
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = CAPABILITY(i);
			return 0;
		}
	}
	const char *near = text_nearest(name, names);
	error_say(err, EINVAL, "there is no capability \"%s\"", word);
	return near ? error_hint(err, "did you mean %s?", near + 4)
		    : error_hint(err, "capabilities(7) has all the names");
}

/* what @set has, in words, for a message */
static char *words(uint64_t set)
{
	scoped_strv list = { 0 };
	char *text = xstrdup("");

	capabilities_list(set, &list);
	for (size_t i = 0; i < list.n; i++) {
		char *longer =
			xasprintf("%s%s%s", text, i ? " " : "", list.v[i] + 4);
		free(text);
		text = longer;
	}
	return text;
}

static int read_bounding(uint64_t *ret, struct error *err)
{
	uint64_t set = 0;

	for (int i = 0; i < MAX_CAPABILITIES; i++) {
		int r = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
		if (r < 0 && errno == EINVAL && i > 0)
			break; /* behind the kernel's last one */
		if (r < 0)
			return error_set(err, errno,
					 "read the capability bounding set");
		if (r > 0)
			set |= CAPABILITY(i);
	}
	*ret = set;
	return 0;
}

int capabilities_drop_bounding(uint64_t keep, struct error *err)
{
	uint64_t left = 0;

	/* without looking first: a system call for each is what it costs */
	for (int i = 0; i < MAX_CAPABILITIES; i++) {
		if (keep & CAPABILITY(i))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break; /* behind the kernel's last one */
		return error_set(err, errno, "drop %s from the bounding set",
				 capabilities_names()[i]);
	}
	int r = read_bounding(&left, err);
	if (r == 0 && left & ~keep) {
		scoped(char) *text = words(left & ~keep);
		return error_say(err, EPROTO, "still in the bounding set: %s",
				 text);
	}
	return r;
}

struct sets {
	uint64_t permitted, effective, inheritable;
};

static int write_sets(const struct sets *sets)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
		data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int read_sets(struct sets *ret)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret = (struct sets){
		.permitted = data[0].permitted | (uint64_t)data[1].permitted
							 << 32,
		.effective = data[0].effective | (uint64_t)data[1].effective
							 << 32,
		.inheritable = data[0].inheritable |
			       (uint64_t)data[1].inheritable << 32,
	};
	return 0;
}

static int check_sets(uint64_t set, bool root, struct error *err)
{
	struct sets now = { 0 };
	uint64_t bounding = 0;
	int r = read_sets(&now);

	if (r < 0)
		return error_set(err, -r, "read the capabilities back");
	if (now.permitted != set || now.effective != set || now.inheritable)
		return error_say(err, EPROTO,
				 "the capabilities are permitted %" PRIx64
				 ", effective %" PRIx64 ", inheritable %" PRIx64
				 " instead of %" PRIx64,
				 now.permitted, now.effective, now.inheritable,
				 set);
	/* execve(2) gives root, and nobody else, all of the bounding set */
	r = root ? read_bounding(&bounding, err) : 0;
	if (r == 0 && bounding & ~set) {
		scoped(char) *text = words(bounding & ~set);
		return error_say(err, EPROTO, "the bounding set has more: %s",
				 text);
	}
	return r;
}

int capabilities_apply(uint64_t set, bool root, struct error *err)
{
	struct sets sets = { 0 };

	if (root)
		sets.permitted = sets.effective = set;
	/* what is not inheritable is not ambient: capabilities(7) */
	int r = write_sets(&sets);
	if (r == -EPERM) {
		struct sets now = { 0 };
		read_sets(&now);
		scoped(char) *text = words(set & ~now.permitted);
		return error_set(err, EPERM,
				 "keep the capabilities %s, which are not "
				 "there",
				 text);
	}
	if (r < 0)
		return error_set(err, -r, "set the capabilities");
	return check_sets(sets.permitted, root, err);
}
