#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

/*
 * Our own words for <linux/landlock.h>: the header of the machine that we are
 * built on is often older than the kernel that we run on.
 */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_ABI_1 = (1 << 13) - 1, /* those, removing, and making things */
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	FS_RESOLVE_UNIX = 1 << 16,

	/* all that the kernel takes in a rule for something else than a
	 * directory; more is EINVAL */
	FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE |
		      FS_IOCTL_DEV | FS_RESOLVE_UNIX,

	SCOPE_ABSTRACT_SOCKET = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,

	CREATE_VERSION = 1 << 0,
	RULE_PATH_BENEATH = 1,

	/* The first one refuses every rename and link between directories,
	 * with EXDEV: mail spools, Maildir and fuse-overlayfs itself break. */
	LEAST_ABI = 2,
};

/* zeros behind what an older kernel knows are fine with it */
struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* none: ports are not our subject */
	uint64_t scoped;
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* clang-format off */
static const struct abi {
	uint32_t fs;         /* handled, and so refused where no rule says else */
	uint32_t scoped;
	const char *missing; /* what one with no more than this goes without */
} abis[] = {
	/* 5.13 */ [1] = { FS_ABI_1, 0, NULL },        /* not used */
	/* 5.19 */ [2] = { FS_REFER, 0, "truncation of files, device ioctls, "
	                   "abstract sockets and signals" },
	/* 6.2  */ [3] = { FS_TRUNCATE, 0, "device ioctls, abstract sockets "
	                   "and signals" },
	/* 6.7  */ [4] = { 0, 0, "device ioctls, abstract sockets and signals" },
	/* 6.10 */ [5] = { FS_IOCTL_DEV, 0, "abstract sockets and signals" },
	/* 6.12 */ [6] = { 0, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL, NULL },
	/* 6.15 */ [7] = { 0, 0, NULL },               /* what is logged */
	/* 7.0  */ [8] = { 0, 0, NULL },               /* all threads */
	/* 7.1  */ [9] = { FS_RESOLVE_UNIX, 0, NULL }, /* sockets by path */
	/* 7.2 */ [10] = { 0, 0, NULL },               /* UDP; quiet rules */
};
/* clang-format on */

/* all that a kernel with @abi knows, of what we know */
static struct abi rights_of(int abi)
{
	struct abi all = { 0 };

	for (int i = 1; i <= abi && i < (int)ARRAY_SIZE(abis); i++) {
		all.fs |= abis[i].fs;
		all.scoped |= abis[i].scoped;
	}
	return all;
}

int landlock_abi(void)
{
	long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

const char *landlock_missing(int abi)
{
	if (abi < LEAST_ABI)
		return "files outside the root, abstract sockets and signals";
	return abi < (int)ARRAY_SIZE(abis) ? abis[abi].missing : NULL;
}

/*
 * Of a kernel that has said which Landlock it has, these do not mean that it
 * has none: whoever goes on without on their account would lose a wall.
 */
static int failure(int code)
{
	return code == ENOSYS || code == EOPNOTSUPP ? EIO : code;
}

static int create_ruleset(int *ret_abi, struct abi *ret, struct error *err)
{
	int abi = landlock_abi();

	if (abi == -ENOSYS)
		return error_say(err, ENOSYS,
				 "this kernel was built without Landlock");
	if (abi == -EOPNOTSUPP)
		return error_say(err, EOPNOTSUPP,
				 "Landlock is not in this machine's list of "
				 "security modules (lsm=)");
	if (abi < 0)
		return error_set(err, -abi, "ask for Landlock");
	if (abi < LEAST_ABI)
		return error_say(err, EOPNOTSUPP,
				 "Landlock before Linux 5.19 refuses to move "
				 "files between directories");

	struct abi rights = rights_of(abi);
	struct ruleset_attr attr = {
		.handled_fs = rights.fs,
		.scoped = rights.scoped,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return error_set(err, failure(errno),
				 "make a Landlock ruleset");
	*ret_abi = abi;
	*ret = rights;
	return (int)fd; /* close-on-exec: landlock_create_ruleset(2) */
}

static int add_rule(int ruleset, int fd, uint64_t allowed)
{
	struct path_beneath_attr attr = { .allowed = allowed, .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr,
		       0) < 0
		       ? -failure(errno)
		       : 0;
}

static int add_tree(int ruleset, const struct landlock_tree *tree,
		    uint32_t handled, struct error *err)
{
	static const uint32_t access[] = {
		[LANDLOCK_READ] = FS_READ_FILE | FS_READ_DIR,
		[LANDLOCK_READ_EXECUTE] =
			FS_READ_FILE | FS_READ_DIR | FS_EXECUTE,
		[LANDLOCK_WRITE] = ~(uint32_t)(FS_EXECUTE | FS_IOCTL_DEV),
	};
	uint32_t allowed = access[tree->access] & handled;
	struct stat st;

	if (fstat(tree->fd, &st) < 0)
		return error_set(err, errno, "look at a tree for Landlock");
	if (!S_ISDIR(st.st_mode))
		allowed &= FS_OF_FILES;
	int r = add_rule(ruleset, tree->fd, allowed);
	return r < 0 ? error_set(err, -r, "add a tree to the Landlock ruleset")
		     : 0;
}

/* leave to open the file that @fd has open again, as it is open now */
static int add_open_file(int ruleset, int fd, uint32_t handled,
			 struct error *err)
{
	static const uint32_t access[] = {
		[O_RDONLY] = FS_READ_FILE | FS_IOCTL_DEV,
		[O_WRONLY] = FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
		[O_RDWR] = FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE |
			   FS_IOCTL_DEV,
	};
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "look at descriptor %d", fd);
	if (S_ISDIR(st.st_mode))
		return error_say(err, EISDIR,
				 "descriptor %d is a directory: it would open "
				 "all that is in it to the container",
				 fd);
	if (flags & O_PATH || (flags & O_ACCMODE) > O_RDWR)
		return 0; /* open for nothing */
	int r = add_rule(ruleset, fd, access[flags & O_ACCMODE] & handled);
	/* EBADFD: a pipe or a socket, which has no path that a rule looks at */
	if (r < 0 && r != -EBADFD)
		return error_set(err, -r, "let descriptor %d be opened again",
				 fd);
	return 0;
}

static int restrict_self(int ruleset, struct error *err)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		return 0;
	error_set(err, failure(errno), "enter the Landlock domain");
	if (err->code == EPERM)
		error_hint(err,
			   "without no_new_privs this takes CAP_SYS_ADMIN");
	return -err->code;
}

int landlock_confine_to_root(const int *extra_fds, size_t n, int *ret_abi,
			     struct error *err)
{
	struct abi rights;
	int abi = 0;
	scoped_fd ruleset = create_ruleset(&abi, &rights, err);

	if (ruleset < 0)
		return ruleset;
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, errno, "open /");
	int r = add_rule(ruleset, root, rights.fs);
	if (r < 0)
		return error_set(err, -r, "add / to the Landlock ruleset");
	for (size_t i = 0; i < n; i++) {
		if (extra_fds[i] < 0)
			continue;
		r = add_open_file(ruleset, extra_fds[i], rights.fs, err);
		if (r < 0)
			return r;
	}
	r = restrict_self(ruleset, err);
	if (r == 0)
		*ret_abi = abi;
	return r;
}

int landlock_confine_to(const struct landlock_tree *trees, size_t n,
			int *ret_abi, struct error *err)
{
	struct abi rights;
	int abi = 0;
	scoped_fd ruleset = create_ruleset(&abi, &rights, err);

	if (ruleset < 0)
		return ruleset;
	for (size_t i = 0; i < n; i++) {
		int r = add_tree(ruleset, &trees[i], rights.fs, err);
		if (r < 0)
			return r;
	}
	int r = restrict_self(ruleset, err);
	if (r == 0)
		*ret_abi = abi;
	return r;
}
