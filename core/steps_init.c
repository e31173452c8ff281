/*
 * core/steps_init.c - PID 1: from the outer user namespace into the inner one,
 * into the root, and into its confinement
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/keyctl.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/mountfd.h"
#include "base/path.h"
#include "core/confine/capabilities.h"
#include "core/confine/seccomp.h"
#include "core/init.h"
#include "core/steps.h"

int step_new_namespaces(struct launch *l, struct error *err)
{
	int flags = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	if (l->spec->network == NETWORK_NONE)
		flags |= CLONE_NEWNET;
	if (unshare(flags) < 0)
		return error_set(err, errno, "create namespaces");
	return 0;
}

/* Settings that a network namespace has to itself, and that cost nothing. */
static int set_network_options(struct error *err)
{
	static const struct {
		const char *file, *value;
	} settings[] = {
		/* ports below 1024 for everybody: they are only its own */
		{ "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0" },
		/* ping(8) without CAP_NET_RAW, for all groups there are */
		{ "/proc/sys/net/ipv4/ping_group_range", "0 65535" },
	};
	struct error why;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (fd_write_file(AT_FDCWD, settings[i].file, settings[i].value,
				  &why) < 0 &&
		    why.code != EINVAL && why.code != ENOENT)
			return *err = why, -err->code;
	return 0;
}

int step_set_up_network(struct launch *l, struct error *err)
{
	struct ifreq request = { .ifr_name = "lo" };
	scoped_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)l;
	if (fd < 0)
		return error_set(err, errno, "open a socket");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(err, errno, "bring up the loopback interface");
	return set_network_options(err);
}

int step_set_hostname(struct launch *l, struct error *err)
{
	if (sethostname(l->spec->hostname, strlen(l->spec->hostname)) < 0)
		return error_set(err, errno, "set the host name to %s",
				 l->spec->hostname);
	return 0;
}

int step_find_user(struct launch *l, struct error *err)
{
	int r = user_lookup(l->root_fd, l->spec->user.text,
			    &l->spec->user.groups, &l->user, err);

	if (r < 0)
		return r;
	if (idmap_to_outside(&l->spec->inner_uids, l->user.uid) != ID_NONE &&
	    idmap_to_outside(&l->spec->inner_gids, l->user.gid) != ID_NONE)
		return 0;
	error_say(err, ERANGE,
		  "user %u, group %u: the container has no such id",
		  l->user.uid, l->user.gid);
	return error_hint(
		err,
		"it has the ids 0 to %u; a larger range in /etc/subuid "
		"and /etc/subgid gives more",
		idmap_size(&l->spec->inner_uids) - 1);
}

int step_hand_over_streams(struct launch *l, struct error *err)
{
	uid_t uid = idmap_to_outside(&l->spec->inner_uids, l->user.uid);
	gid_t gid = idmap_to_outside(&l->spec->inner_gids, l->user.gid);

	for (int i = 0; i < 3; i++) {
		/* what is passed on as it is belongs to the host */
		if (i == 0 && l->stream[i].outside < 0)
			continue;
		if (fchown(l->stream[i].inside, uid, gid) < 0)
			return error_set(err, errno,
					 "give stream %d to user %u", i,
					 l->user.uid);
	}
	return 0;
}

/* /dev/console is the terminal, as programs of a boot expect it */
static int bind_console(struct launch *l, struct error *err)
{
	struct fd_path terminal = fd_link(l->stream[0].inside);
	scoped_fd target = open(
		"/dev/console",
		O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (target < 0)
		return error_set(err, errno, "make /dev/console");
	scoped_fd node = mountfd_clone(AT_FDCWD, terminal.text, 0, err);
	return node < 0 ? node : mountfd_attach(node, target, err);
}

/*
 * The terminal lies in the container's own devpts.  It is opened after the
 * root was entered, so that its path is one of the container's: programs open
 * their terminal again by it.
 */
int step_open_terminal(struct launch *l, struct error *err)
{
	int unlock = 0;
	scoped_fd master = open("/dev/pts/ptmx",
				O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);

	if (master < 0)
		return error_set(err, errno, "open /dev/pts/ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return error_set(err, errno, "unlock the terminal");
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_set(err, errno, "open the terminal");
	l->stream[0].inside = slave;
	l->stream[1].inside = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	l->stream[2].inside = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	if (l->stream[1].inside < 0 || l->stream[2].inside < 0)
		return error_set(err, errno, "copy a descriptor");
	if (fchown(slave, l->user.uid, (gid_t)-1) < 0)
		return error_set(err, errno, "give the terminal to user %u",
				 l->user.uid);
	int r = bind_console(l, err);
	return r < 0 ? r : fd_send(l->terminal_socket[1], master, err);
}

int step_enter_inner(struct launch *l, struct error *err)
{
	/* /proc/PID/uid_map can be opened only while this is so */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "become dumpable");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return error_set(err, errno, "create a user namespace");
	/* the same directory, in the new mount namespace */
	fd_close(&l->root_fd);
	fd_close(&l->null_fd);
	l->root_fd = open(STATE_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (l->root_fd < 0 || l->null_fd < 0)
		return error_set(err, errno, "open the root file system");
	return 0;
}

int step_become_inner_root(struct launch *l, struct error *err)
{
	struct outer_ids ids = { .single = l->spec->userns == USERNS_SINGLE };
	int r = outer_become_root(&ids, err);

	if (r < 0)
		return r;
	/* nobody looks into PID 1, which came from outside (R6) */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "become non-dumpable");
	return 0;
}

/* for who copies files from or to the container */
static int hand_over_root(struct launch *l, int root_fd, int userns_fd,
			  struct error *err)
{
	const int fds[] = { root_fd, userns_fd };

	return fd_send_message(l->root_socket[1], "", 1, fds, ARRAY_SIZE(fds),
			       err);
}

int step_hand_over_root(struct launch *l, struct error *err)
{
	scoped_fd userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	if (userns < 0)
		return error_set(err, errno, "open /proc/self/ns/user");
	return hand_over_root(l, l->root_fd, userns, err);
}

int step_enter_root(struct launch *l, struct error *err)
{
	scoped_fd userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	if (userns < 0)
		return error_set(err, errno, "open /proc/self/ns/user");
	/* a copy, since a mount that is locked cannot become the root; the
	 * mounts in it stay locked */
	scoped_fd tree = mountfd_clone(l->root_fd, "",
				       AT_EMPTY_PATH | AT_RECURSIVE, err);
	if (tree < 0)
		return tree;
	int r = mountfd_attach(tree, l->root_fd, err);
	if (r < 0)
		return r;
	if (fchdir(tree) < 0)
		return error_set(err, errno, "enter the root");
	/* pivot_root(2), "pivot_root(".", ".")": the old root lands on top */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return error_set(err, errno, "make it the root");
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(err, errno, "leave the root of the host");
	if (chdir("/") < 0)
		return error_set(err, errno, "enter the root");
	fd_close(&l->root_fd);
	return hand_over_root(l, tree, userns, err);
}

/* what a container with all rights over its namespaces needs of the kernel */
static enum seccomp_profile profile_for(const struct spec *spec)
{
	return spec->capabilities & 1ull << CAP_SYS_ADMIN
		       ? SECCOMP_PROFILE_NESTED
		       : SECCOMP_PROFILE_DEFAULT;
}

int step_confine(struct launch *l, struct error *err)
{
	const struct spec *spec = l->spec;
	int r = 0;

	/* of the caller's keys none is reachable (R27, keyrings(7)) */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS && errno != EPERM && errno != EDQUOT)
		return error_set(err, errno, "create a session keyring");
	if (spec->landlock) {
		/* a file of the host as input may be opened again */
		bool is_file = spec->interactive && !spec->tty;
		r = landlock_confine_to_root(&l->stream[0].inside, is_file,
					     &l->board->landlock_abi, err);
		/* the user was told of a kernel without, or this is none */
		if ((r == -ENOSYS || r == -EOPNOTSUPP) &&
		    landlock_missing(l->landlock_abi)) {
			l->board->landlock_abi = -1;
			r = 0;
		}
	}
	if (r == 0 && spec->no_new_privileges &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = error_set(err, errno, "set no_new_privs");
	if (r == 0 && spec->seccomp != SECCOMP_OFF)
		/* not the program for PID 1, which forbids the parent-death
		 * signal that init_become_workload() has yet to set */
		r = seccomp_install(profile_for(spec), false, err);
	return r;
}

int step_start_command(struct launch *l, struct error *err)
{
	pid_t pid = init_start(l, err);

	if (pid < 0)
		return pid;
	l->workload = pid;
	return 0;
}

int step_settle(struct launch *l, struct error *err)
{
	return init_settle(l, err);
}

int step_become_command(struct launch *l, struct error *err)
{
	return init_become_workload(l, err);
}
