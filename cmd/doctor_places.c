/*
 * Tests of directories and of what is only worth knowing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "cmd/doctor_checks.h"
#include "cmd/human.h"
#include "storage/store_fit.h"

enum { FREE_LEAST_MIB = 512 };

/* statfs(2); the names are those of /proc/filesystems */
static const char *fs_name(const struct statfs *fs)
{
	static const struct {
		unsigned long type;
		const char *name;
	} names[] = {
		{ EXT4_SUPER_MAGIC, "ext4" },
		{ XFS_SUPER_MAGIC, "xfs" },
		{ BTRFS_SUPER_MAGIC, "btrfs" },
		{ TMPFS_MAGIC, "tmpfs" },
		{ NFS_SUPER_MAGIC, "nfs" },
		{ FUSE_SUPER_MAGIC, "fuse" },
		{ OVERLAYFS_SUPER_MAGIC, "overlay" },
		{ SMB2_SUPER_MAGIC, "smb" },
		{ CIFS_SUPER_MAGIC, "cifs" },
		{ F2FS_SUPER_MAGIC, "f2fs" },
		{ V9FS_MAGIC, "9p" },
		{ ECRYPTFS_SUPER_MAGIC, "ecryptfs" },
		{ AFS_SUPER_MAGIC, "afs" },
		{ CEPH_SUPER_MAGIC, "ceph" },
		{ 0x2fc12fc1, "zfs" },
		{ 0xca451a4e, "bcachefs" },
		{ 0x0bd00bd0, "lustre" },
		{ 0x47504653, "gpfs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((unsigned long)fs->f_type == names[i].type)
			return names[i].name;
	return "a file system of another type";
}

/* shared by machines: locks and ownership are not what they seem */
static bool is_network_fs(const struct statfs *fs)
{
	static const char *const names[] = { "nfs",  "smb",    "cifs", "afs",
					     "ceph", "lustre", "gpfs", "9p" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(fs_name(fs), names[i]) == 0)
			return true;
	return false;
}

/* What pull, load and import ask; @attributes: is that they are kept, too */
static int try_store(const struct doctor *d, bool attributes, struct error *err)
{
	scoped_fd fd = open(d->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open %s", d->scratch);
	return store_fit(fd, d->store_path, attributes, 0, err);
}

static void check_store_fs(const struct doctor *d, const struct statfs *fs,
			   const char *state, struct finding *f)
{
	uint64_t bytes = (uint64_t)fs->f_bavail * (uint64_t)fs->f_bsize;
	scoped(char) *size = human_size(bytes);
	struct error err;

	finding_say(f, VERDICT_OK, "%s (%s): %s, %s free", d->store_path, state,
		    fs_name(fs), size);
	if (is_network_fs(fs)) {
		finding_say(f, VERDICT_WARN,
			    "%s (%s) lies on %s, where the files of "
			    "subordinate ids cannot be owned by them",
			    d->store_path, state, fs_name(fs));
		finding_remedy(f, "keep the store on a local disk: export "
				  "WOLFFIA_STORE=/var/tmp/wolffia-$USER");
	} else if (try_store(d, false, &err) < 0) {
		finding_error(f, VERDICT_FAIL, &err);
	} else if (fs->f_flags & ST_NOEXEC) {
		finding_say(f, VERDICT_WARN,
			    "%s (%s) lies on a file system that is mounted "
			    "noexec: images run all the same, but nothing in "
			    "a named volume does",
			    d->store_path, state);
		finding_remedy(f, "keep the store on another one: export "
				  "WOLFFIA_STORE=DIR");
	} else if (try_store(d, true, &err) < 0) {
		finding_say(f, VERDICT_WARN,
			    "%s (%s): %s keeps no extended attributes "
			    "(user.*), which layers with deleted directories "
			    "need",
			    d->store_path, state, fs_name(fs));
		finding_remedy(f, "keep the store on another file system: "
				  "export WOLFFIA_STORE=DIR");
	} else if (bytes >> 20 < FREE_LEAST_MIB) {
		finding_say(f, VERDICT_WARN, "%s (%s): %s, only %s free",
			    d->store_path, state, fs_name(fs), size);
		finding_remedy(f, "wolffia rmi IMAGE removes what is not "
				  "needed");
	}
}

void check_store(const struct doctor *d, const char *argument,
		 struct finding *f)
{
	struct statfs fs;
	struct stat st;
	char state[64] = "will be made";

	(void)argument;
	if (!d->store_path) {
		finding_error(f, VERDICT_FAIL, &d->store_error);
		return;
	}
	if (stat(d->store_path, &st) == 0) {
		snprintf(state, sizeof(state), "mode %04o", st.st_mode & 07777);
		if (!S_ISDIR(st.st_mode)) {
			finding_say(f, VERDICT_FAIL, "%s is not a directory",
				    d->store_path);
			return;
		}
		if (st.st_uid != geteuid()) {
			finding_say(f, VERDICT_FAIL,
				    "%s belongs to user %u, not to you (%u)",
				    d->store_path, st.st_uid, geteuid());
			finding_remedy(f, "choose another one: wolffia --store "
					  "DIR, or WOLFFIA_STORE=DIR");
			return;
		}
		if (st.st_mode & 022) {
			finding_say(f, VERDICT_FAIL,
				    "others may write %s (mode %04o)",
				    d->store_path, st.st_mode & 07777);
			finding_remedy(f, "chmod 700 '%s'", d->store_path);
			return;
		}
	}
	if (!d->scratch) {
		finding_error(f, VERDICT_FAIL, &d->scratch_error);
		return;
	}
	if (statfs(d->scratch, &fs) < 0) {
		struct error err;
		error_set(&err, errno, "look at the file system of %s",
			  d->store_path);
		finding_error(f, VERDICT_FAIL, &err);
		return;
	}
	check_store_fs(d, &fs, state, f);
}

void check_home(const struct doctor *d, const char *argument, struct finding *f)
{
	const char *home = getenv("HOME");
	struct statfs fs;

	(void)d, (void)argument;
	if (!home || *home != '/') {
		finding_say(f, VERDICT_WARN, "HOME is not set");
		finding_remedy(f, "export HOME=DIR");
	} else if (statfs(home, &fs) < 0) {
		finding_say(f, VERDICT_WARN, "%s: %s", home, strerror(errno));
	} else if (is_network_fs(&fs)) {
		finding_say(f, VERDICT_WARN,
			    "%s lies on %s: binding it into a container works "
			    "for your own id only",
			    home, fs_name(&fs));
	} else {
		finding_say(f, VERDICT_OK, "%s: %s", home, fs_name(&fs));
	}
}

void check_runtime(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	(void)d, (void)argument;
	/* nothing lies in it yet: no start depends on it */
	if (!dir || *dir != '/')
		finding_say(f, VERDICT_OK,
			    "XDG_RUNTIME_DIR is not set; not "
			    "needed by run");
	else if (stat(dir, &st) < 0)
		finding_say(f, VERDICT_WARN, "XDG_RUNTIME_DIR=%s: %s", dir,
			    strerror(errno));
	else if (st.st_uid != geteuid() || st.st_mode & 077)
		finding_say(f, VERDICT_WARN,
			    "XDG_RUNTIME_DIR=%s belongs to user %u with mode "
			    "%04o, not to you with 0700",
			    dir, st.st_uid, st.st_mode & 07777);
	else
		finding_say(f, VERDICT_OK, "%s", dir);
}

/* the path of our cgroup in the one hierarchy of v2: the line "0::/..." */
static bool own_cgroup(char *to, size_t size)
{
	scoped(char) *text = NULL;
	struct error ignored;

	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text,
			 &ignored) < 0)
		return false;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (text_starts_with(line, "0::/")) {
			snprintf(to, size, "%s", line + 3);
			return true;
		}
	return false;
}

void check_cgroups(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	scoped(char) *controllers = NULL;
	char own[PATH_MAX] = "";
	struct error ignored;
	struct statfs fs;
	bool v2 = statfs("/sys/fs/cgroup", &fs) == 0 &&
		  fs.f_type == CGROUP2_SUPER_MAGIC;

	(void)d, (void)argument;
	if (!v2) {
		bool hybrid = statfs("/sys/fs/cgroup/unified", &fs) == 0 &&
			      fs.f_type == CGROUP2_SUPER_MAGIC;
		finding_say(f, VERDICT_OK,
			    "%s: limits of memory and processors cannot be "
			    "given to containers (the limit of processes can)",
			    hybrid ? "v1 and v2 (hybrid)" : "v1 or none");
		return;
	}
	own_cgroup(own, sizeof(own));
	scoped(char) *path =
		xasprintf("/sys/fs/cgroup%s/cgroup.controllers", own);
	scoped(char) *procs = xasprintf("/sys/fs/cgroup%s/cgroup.procs", own);
	if (fd_read_file(AT_FDCWD, path, 4096, &controllers, &ignored) >= 0)
		controllers[strcspn(controllers, "\n")] = '\0';
	finding_say(f, VERDICT_OK, "v2, %s%s; controllers: %s", own,
		    access(procs, W_OK) == 0 ? ", delegated to you"
					     : ", not delegated to you",
		    controllers && *controllers ? controllers : "none");
}

void check_network(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	scoped(char) *pasta = process_find_program("pasta");
	bool tun = access("/dev/net/tun", R_OK | W_OK) == 0;

	(void)d, (void)argument;
	finding_say(f, VERDICT_OK,
		    "pasta %s, /dev/net/tun %s (neither is needed: containers "
		    "have loopback, or the host's network)",
		    pasta ? "is installed" : "is not installed",
		    tun ? "can be opened" : "cannot be opened");
}
