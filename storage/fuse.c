#include "storage/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "storage/fuse_host.h"

static int explain_device(struct error *err)
{
	switch (err->code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return error_hint(err,
		                  "load the module (sudo modprobe fuse), or in a "
		                  "container start that one with --device "
		                  "/dev/fuse; or use the kernel's overlay alone: "
		                  "--driver overlay");
	case EACCES:
	case EPERM:
		return error_hint(err,
		                  "sudo chmod 0666 /dev/fuse, which is what udev "
		                  "sets; or use the kernel's overlay alone: "
		                  "--driver overlay");
	}
	return -err->code;
}

int fuse_mount(const char *target, unsigned long mount_flags,
               struct error *err)
{
	char options[128];
	scoped_fd fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		error_set(err, errno, "open /dev/fuse");
		return explain_device(err);
	}
	snprintf(options, sizeof(options),
	         "fd=%d,rootmode=40755,user_id=0,group_id=0,"
	         "default_permissions,allow_other",
	         fd);
	if (mount("fuse-overlayfs", target, "fuse.fuse-overlayfs",
	          MS_NODEV | MS_NOATIME | mount_flags, options) < 0)
		return error_set(err, errno, "mount a FUSE file system");
	return take_fd(fd);
}

int fuse_check_server(struct error *err)
{
	scoped(char) *program = process_find_program("fuse-overlayfs");

	if (program)
		return 0;
	error_say(err, ENOENT, "fuse-overlayfs is not installed");
	return error_hint(err, "install it: apt install fuse-overlayfs (Debian, "
	                       "Ubuntu), dnf install fuse-overlayfs (Fedora); "
	                       "or use the kernel's overlay alone: --driver "
	                       "overlay");
}

static int check_plain(const char *path, struct error *err)
{
	if (!strpbrk(path, ":,\\"))
		return 0;
	error_say(err, EINVAL,
	          "%s: fuse-overlayfs takes no path with ':', ',' or '\\'", path);
	return error_hint(err, "rename the directory");
}

/* "lowerdir=a:b,upperdir=u,workdir=w,uidmapping=..." */
static int server_options(const struct fuse_server *server, char **ret,
                          struct error *err)
{
	scoped(char) *text = xstrdup("lowerdir=");
	char *next;

	for (size_t i = 0; i < server->lower.n; i++) {
		int r = check_plain(server->lower.v[i], err);
		if (r < 0)
			return r;
		next = xasprintf("%s%s%s", text, i ? ":" : "",
		                 server->lower.v[i]);
		free(text);
		text = next;
	}
	next = server->upper ? xasprintf("%s,upperdir=%s,workdir=%s", text,
	                                 server->upper, server->work)
	                     /* what cannot change need not be asked again */
	                     : xasprintf("%s,timeout=31536000", text);
	free(text);
	text = next;
	if (server->uidmapping && server->gidmapping) {
		next = xasprintf("%s,uidmapping=%s,gidmapping=%s", text,
		                 server->uidmapping, server->gidmapping);
		free(text);
		text = next;
	}
	if (server->squash) {
		next = xasprintf("%s,squash_to_uid=%u,squash_to_gid=%u", text,
		                 server->squash_uid, server->squash_gid);
		free(text);
		text = next;
	}
	/*
	 * static_nlink: else each look at a directory reads all of it, to count
	 * its directories.  noacl: the ids in an access control list are not
	 * translated, so a list would name the wrong users.
	 */
	*ret = xasprintf("%s,static_nlink,noacl", text);
	return 0;
}

static void raise_open_files(void)
{
	struct rlimit limit;

	/* it keeps a descriptor for each open file of the container */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* the view of the machine, if that is what it serves; else the store */
static int enter_view(const struct fuse_server *server, struct error *err)
{
	struct fuse_host host = {
		.container = server->container,
		.uid = server->squash_uid,
		.gid = server->squash_gid,
	};

	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "create a mount namespace");
	if (server->host)
		return fuse_host_enter(&host, err);
	if (fchdir(server->directory_fd) < 0)
		return error_set(err, errno, "enter the store");
	return 0;
}

/* the descriptors are close-on-exec: the server starts without them */
static int confine(const struct fuse_server *server, struct error *err)
{
	int lower[512];
	size_t n = 0;
	scoped_fd writable = -1;

	for (; n < server->lower.n && n < ARRAY_SIZE(lower); n++) {
		lower[n] = open(server->lower.v[n],
		                O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (lower[n] < 0)
			return error_set(err, errno, "open %s",
			                 server->lower.v[n]);
	}
	if (server->upper) {
		scoped(char) *parent = xasprintf("%s/..", server->upper);
		writable = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (writable < 0)
			return error_set(err, errno, "open %s", parent);
	}
	return server->confine ? server->confine(lower, n, writable, err) : 0;
}

int fuse_become_server(const struct fuse_server *server, int connection,
                       int log_fd, struct error *err)
{
	scoped(char) *program = process_find_program("fuse-overlayfs");
	scoped(char) *options = NULL;
	char target[32];
	int r = server_options(server, &options, err);

	if (r < 0)
		return r;
	if (!program)
		return fuse_check_server(err);
	pid_t parent = getppid();
	r = enter_view(server, err);
	if (r < 0)
		return r;
	process_die_with_parent(parent); /* a change of ids had cleared it */
	/* out of the terminal's reach: ^C is the container's, not the server's */
	if (setsid() < 0)
		return error_set(err, errno, "start a session");
	raise_open_files();
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log_fd, 1) < 0 ||
	    dup2(log_fd, 2) < 0)
		return error_set(err, errno, "set up the standard streams");
	if (fcntl(connection, F_SETFD, 0) < 0)
		return error_set(err, errno, "pass on the FUSE connection");
	r = fd_close_above(&connection, 1, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	r = confine(server, err);
	if (r < 0)
		return r;
	process_reset_signals();
	snprintf(target, sizeof(target), "/dev/fd/%d", connection);
	execl(program, "fuse-overlayfs", "-f", "-o", options, target, NULL);
	return error_set(err, errno, "execute %s", program);
}
