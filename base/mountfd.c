#include "base/mountfd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

static int fs_open(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int fs_config(int fd, unsigned command, const char *key,
		     const char *value)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, 0);
}

/* What the file system has to say about an error, if anything (fsopen(2)). */
static int explain(int fs_fd, int code, const char *what, const char *type,
		   struct error *err)
{
	char said[256];
	ssize_t n = read(fs_fd, said, sizeof(said) - 1);

	if (n <= 2)
		return error_set(err, code, "%s a %s file system", what, type);
	said[n] = '\0';
	said[strcspn(said, "\n")] = '\0';
	/* "e " stands before an error */
	return error_set(err, code, "%s a %s file system: %s", what, type,
			 said[1] == ' ' ? said + 2 : said);
}

int mountfd_new(const char *type, const struct mount_option *options,
		uint64_t attributes, struct error *err)
{
	scoped_fd fs = fs_open(type);

	if (fs < 0)
		return error_set(err, errno, "open the file system type %s",
				 type);
	/* only a name, for /proc/self/mountinfo */
	fs_config(fs, FSCONFIG_SET_STRING, "source", type);
	for (; options && options->key; options++) {
		unsigned command = options->value ? FSCONFIG_SET_STRING
						  : FSCONFIG_SET_FLAG;
		if (fs_config(fs, command, options->key, options->value) < 0)
			return explain(fs, errno, "configure", type, err);
	}
	if (fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return explain(fs, errno, "create", type, err);
	int mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0)
		return explain(fs, errno, "mount", type, err);
	return mount;
}

int mountfd_clone(int dirfd, const char *path, unsigned flags,
		  struct error *err)
{
	int fd = (int)syscall(SYS_open_tree, dirfd, path,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	return fd >= 0 ? fd
		       : error_set(err, errno, "bind %s",
				   *path ? path : "a mount");
}

int mountfd_set(int mount_fd, uint64_t attributes, unsigned flags,
		struct error *err)
{
	struct mount_attr attr = {
		.attr_set = attributes,
		.propagation = MS_PRIVATE,
	};

	if (syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH | flags,
		    &attr, sizeof(attr)) < 0)
		return error_set(err, errno, "set the attributes of a mount");
	return 0;
}

int mountfd_attach(int mount_fd, int target_fd, struct error *err)
{
	if (syscall(SYS_move_mount, mount_fd, "", target_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set(err, errno, "attach a mount");
	return 0;
}
