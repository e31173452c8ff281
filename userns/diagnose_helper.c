/*
 * newuidmap(1) and newgidmap(1): what keeps them from their work
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "userns/diagnose.h"

enum {
	MAP_TEXT_MAX = 64 * 1024,
	IDS_WANTED = 65536, /* nobody is 65534 in most images */
};

bool file_capability_has(const void *value, size_t size, int capability)
{
	uint32_t words[5] = { 0 }; /* magic, then permitted and inheritable */

	if (size < XATTR_CAPS_SZ_2 || capability < 0 || capability > 63)
		return false;
	memcpy(words, value, size < sizeof(words) ? size : sizeof(words));
	uint32_t magic = le32toh(words[0]);
	uint32_t revision = magic & VFS_CAP_REVISION_MASK;
	if (revision != VFS_CAP_REVISION_2 && revision != VFS_CAP_REVISION_3)
		return false;
	uint32_t permitted = le32toh(words[capability < 32 ? 1 : 3]);
	return magic & VFS_CAP_FLAGS_EFFECTIVE &&
	       permitted & UINT32_C(1) << (capability & 31);
}

/* the text of uid_map or gid_map, the caller's to free, or NULL */
static char *read_map(const char *file)
{
	struct error ignored;
	char *text = NULL;

	return fd_read_file(AT_FDCWD, file, MAP_TEXT_MAX, &text, &ignored) < 0
		       ? NULL
		       : text;
}

/* are all ids of the outside of @map ids of the namespace that we live in? */
static bool lacks_ids(const struct idmap *map, const char *file)
{
	scoped(char) *text = read_map(file);

	if (!map || !text)
		return false;
	for (size_t i = 0; i < map->n; i++) {
		const struct idextent *e = &map->extents[i];
		if (!id_map_text_has(text, e->outside) ||
		    !id_map_text_has(text, e->outside + e->count - 1))
			return true;
	}
	return false;
}

void helper_facts_collect(const char *name, const struct idmap *map,
			  const char *said, struct helper_facts *ret)
{
	bool uids = strcmp(name, "newuidmap") == 0;
	char value[XATTR_CAPS_SZ_3];
	struct statvfs fs;
	struct stat st;

	*ret = (struct helper_facts){ .name = name, .said = said };
	scoped(char) *ids = read_map("/proc/self/uid_map");
	ret->no_root = ids && !id_map_text_has(ids, 0);
	ret->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	ret->ids_unavailable = lacks_ids(map, uids ? "/proc/self/uid_map"
						   : "/proc/self/gid_map");
	ret->path = process_find_program(name);
	if (!ret->path)
		return;
	if (stat(ret->path, &st) == 0)
		ret->setuid_root = st.st_mode & S_ISUID && st.st_uid == 0;
	if (statvfs(ret->path, &fs) == 0)
		ret->nosuid = fs.f_flag & ST_NOSUID;
	ssize_t n = getxattr(ret->path, "security.capability", value,
			     sizeof(value));
	if (n > 0)
		ret->capable = file_capability_has(
			value, (size_t)n, uids ? CAP_SETUID : CAP_SETGID);
}

enum helper_cause helper_cause(const struct helper_facts *f)
{
	if (!f->path)
		return HELPER_CAUSE_MISSING;
	if (f->no_root)
		return HELPER_CAUSE_NO_ROOT;
	if (!f->setuid_root && !f->capable)
		return HELPER_CAUSE_NO_RIGHTS;
	if (f->nosuid)
		return HELPER_CAUSE_NOSUID;
	if (f->no_new_privs)
		return HELPER_CAUSE_NO_NEW_PRIVS;
	if (f->ids_unavailable)
		return HELPER_CAUSE_OUTER_MAP;
	/* newuidmap: uid range [0-1) -> [1001-1002) not allowed */
	if (f->said && strstr(f->said, "not allowed"))
		return HELPER_CAUSE_RANGE;
	return HELPER_CAUSE_NONE;
}

int helper_explain(const struct helper_facts *f, struct error *err)
{
	char kind = f->name[3]; /* of newuidmap, newgidmap */

	switch (helper_cause(f)) {
	case HELPER_CAUSE_MISSING:
		return error_hint(err,
				  "%s is not installed: apt install uidmap "
				  "(Debian, Ubuntu), dnf install "
				  "shadow-utils (Fedora)",
				  f->name);
	case HELPER_CAUSE_NO_ROOT:
		return error_hint(err,
				  "wolffia was started in a user namespace in "
				  "which root has no id, so %s gains no rights "
				  "there: use --userns single",
				  f->name);
	case HELPER_CAUSE_NO_RIGHTS:
		return error_hint(err,
				  "%s is neither set-uid root nor has it the "
				  "file capability cap_set%cid: sudo setcap "
				  "cap_set%cid=ep %s",
				  f->path, kind, kind, f->path);
	case HELPER_CAUSE_NOSUID:
		return error_hint(
			err,
			"%s lies on a file system that is mounted "
			"nosuid, so it gains no rights: install it on "
			"another one, or sudo mount -o remount,suid "
			"on that",
			f->path);
	case HELPER_CAUSE_NO_NEW_PRIVS:
		return error_hint(
			err,
			"wolffia was started with no_new_privs, so "
			"%s gains no rights: start the outer container "
			"without no-new-privileges "
			"(allowPrivilegeEscalation: true in "
			"Kubernetes), or use --userns single",
			f->name);
	case HELPER_CAUSE_OUTER_MAP:
		return error_hint(
			err,
			"the container that wolffia was started in has "
			"fewer ids than /etc/sub%cid there grants: "
			"grant a range within /proc/self/%cid_map, or "
			"use --userns single",
			kind, kind);
	case HELPER_CAUSE_RANGE:
		return error_hint(err,
				  "%s reads another grant than /etc/sub%cid "
				  "gives (nsswitch.conf, \"subid:\"), or the "
				  "process's group is not the user's own: "
				  "getsubids -%c $USER shows what it sees",
				  f->name, kind, kind == 'g' ? 'g' : 'u');
	default:
		return -err->code;
	}
}

int range_explain_size(uint32_t uids, uint32_t gids, struct error *err)
{
	uint32_t least = uids < gids ? uids : gids;

	*err = (struct error){ 0 };
	if (least >= IDS_WANTED)
		return 0;
	return error_say(err, ERANGE,
			 "a container has %u %s ids, 0 to %u: an image that "
			 "needs more (nobody is 65534) cannot be unpacked with "
			 "its owners",
			 least, uids <= gids ? "user" : "group", least - 1);
}
