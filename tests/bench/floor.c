/*
 * tests/bench/floor.c - what the kernel charges for a container
 *
 *     floor --stack fuse|overlay|none [--single] [--dir DIR] ROOTFS CMD ...
 *
 * The yardstick of tests/bench/start: one file, with nothing of wolffia in it,
 * that makes the system calls of core/plan.c one after the other.  The same
 * processes (launcher, root of the outer user namespace, PID 1, workload,
 * newuidmap, newgidmap, fuse-overlayfs), the same namespaces, mounts, masks and
 * confinement, the same removal at the end.  What differs is what is measured:
 *
 *   - nothing is read that a user may have written: no options, no store, no
 *     name, no passwd file of the image;
 *   - nothing overlaps: newgidmap starts when newuidmap has ended, and
 *     fuse-overlayfs has to answer before anything else is done;
 *   - nothing is checked twice, and no error is explained.
 *
 * tests/bench/syscalls.sh compares the system calls of both, by name.
 *
 * Stacks: "fuse" is fuse-overlayfs, read-only and translating, below a kernel
 * overlay; "overlay" the kernel's overlay alone; "none" ROOTFS itself, written
 * in place.  --single maps the caller's id and no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* the shape of our own filter, if the build gives it; else one of its size */
#ifdef FLOOR_SECCOMP
#include FLOOR_SECCOMP
#endif

enum stack { STACK_FUSE, STACK_OVERLAY, STACK_NONE };

static struct {
	enum stack stack;
	bool single;
	const char *dir; /* in it the container's directory is made */
	const char *rootfs;
	char **argv;

	unsigned first_uid, first_gid, n_uids, n_gids; /* subordinate */
	char home[512];                                /* of the container */
	pid_t outer, init, server;
	int to_outer[2], to_init[2], outer_init[2]; /* sockets */
	int out[2], err[2], server_log[2];          /* pipes */
	int null, signals, parent, userns;
	int stage, root;
} f;

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Return: @r, which is no error */
static long must(long r, const char *what)
{
	if (r >= 0)
		return r;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

#define MUST(call) must((call), #call)

static void say(int socket)
{
	MUST(send(socket, "12345678", 8, MSG_NOSIGNAL));
}

static void hear(int socket)
{
	char token[1032];

	if (recv(socket, token, sizeof(token), 0) <= 0)
		_exit(125);
}

static void write_file(int dirfd, const char *path, const char *text)
{
	int fd = (int)must(openat(dirfd, path, O_WRONLY | O_NOCTTY | O_CLOEXEC),
			   path);

	must(write(fd, text, strlen(text)), path);
	close(fd);
}

/* ---- mounts ---- */

static int open_in(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

enum { SYSTEM = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

/* @options: "key", "value", ..., NULL; an empty value makes it a flag */
static int new_mount(const char *type, const char *const *options,
		     unsigned attributes)
{
	int fs = (int)must(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type);

	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", type, 0);
	for (; options && *options; options += 2)
		must(syscall(SYS_fsconfig, fs,
			     *options[1] ? FSCONFIG_SET_STRING
					 : FSCONFIG_SET_FLAG,
			     options[0], *options[1] ? options[1] : NULL, 0),
		     options[0]);
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0),
	     type);
	int fd = (int)must(
		syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes), type);
	close(fs);
	return fd;
}

static int clone_mount(int dirfd, const char *path, unsigned flags)
{
	return (int)must(syscall(SYS_open_tree, dirfd, path,
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags),
			 path);
}

static void set_mount(int fd, uint64_t attributes, unsigned flags)
{
	struct mount_attr attr = { .attr_set = attributes,
				   .propagation = MS_PRIVATE };

	MUST(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr,
		     sizeof(attr)));
}

static void attach(int mount, int target)
{
	MUST(syscall(SYS_move_mount, mount, "", target, "",
		     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static void mount_on_stage(const char *path, const char *type,
			   const char *const *options, unsigned attributes)
{
	int target =
		(int)must(open_in(f.stage, path, O_PATH | O_DIRECTORY), path);
	int mount = new_mount(type, options, attributes);

	attach(mount, target);
	close(mount);
	close(target);
}

static void hide(const char *path, int *empty)
{
	int target = open_in(f.stage, path, O_PATH);
	char null[32];
	struct stat st;
	int cover;

	if (target < 0)
		return;
	must(fstat(target, &st), path);
	if (S_ISDIR(st.st_mode)) {
		if (*empty < 0)
			*empty = new_mount("tmpfs", NULL,
					   SYSTEM | MOUNT_ATTR_RDONLY);
		cover = clone_mount(*empty, "", AT_EMPTY_PATH);
	} else {
		snprintf(null, sizeof(null), "/proc/self/fd/%d", f.null);
		cover = clone_mount(AT_FDCWD, null, 0);
		set_mount(cover,
			  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
				  MOUNT_ATTR_RDONLY,
			  0);
	}
	attach(cover, target);
	close(cover);
	close(target);
}

static void freeze(const char *path)
{
	int target = open_in(f.stage, path, O_PATH);

	if (target < 0)
		return;
	int copy = clone_mount(target, "", AT_EMPTY_PATH | AT_RECURSIVE);
	set_mount(copy, MOUNT_ATTR_RDONLY | SYSTEM, AT_RECURSIVE);
	attach(copy, target);
	close(copy);
	close(target);
}

static void make_stage(void)
{
	static const char *const options[] = { "mode", "0755", "size", "1m",
					       NULL };
	struct stat st;
	int target = (int)MUST(open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));

	f.stage = new_mount("tmpfs", options, SYSTEM);
	attach(f.stage, target);
	close(target);
	MUST(mkdirat(f.stage, "proc", 0755));
	MUST(mkdirat(f.stage, "dev", 0755));
	MUST(mkdirat(f.stage, "sys", 0755));
	f.null = (int)MUST(open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW));
	MUST(fstat(f.null, &st));
}

static void make_proc(void)
{
	/* core/confine/masks.c */
	static const char *const read_only[] = { "bus", "fs", "irq", "sys",
						 "sysrq-trigger" };
	static const char *const hidden[] = {
		"acpi",       "asound",      "scsi",        "kcore",
		"keys",       "key-users",   "interrupts",  "latency_stats",
		"timer_list", "timer_stats", "sched_debug", "pressure",
		"kallsyms",   "modules",     "config.gz",   "version_signature",
		"cmdline",    "bootconfig",
	};
	char path[64];
	int empty = -1;

	mount_on_stage("proc", "proc", NULL, SYSTEM);
	for (size_t i = 0; i < SIZE(read_only); i++) {
		snprintf(path, sizeof(path), "proc/%s", read_only[i]);
		freeze(path);
	}
	for (size_t i = 0; i < SIZE(hidden); i++) {
		snprintf(path, sizeof(path), "proc/%s", hidden[i]);
		hide(path, &empty);
	}
	close(empty);
}

/* the container's root, in the outer user namespace */
static unsigned root_id(void)
{
	return f.stack == STACK_FUSE && !f.single ? 1 : 0;
}

static void bind_device(const char *name)
{
	char host[32], path[32];
	struct stat st;

	snprintf(host, sizeof(host), "/dev/%s", name);
	snprintf(path, sizeof(path), "dev/%s", name);
	int source =
		(int)must(open(host, O_PATH | O_CLOEXEC | O_NOFOLLOW), host);
	must(fstat(source, &st), host);
	int target =
		(int)must(openat(f.stage, path,
				 O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666),
			  path);
	int node = clone_mount(source, "", AT_EMPTY_PATH);
	attach(node, target);
	close(node);
	close(target);
	close(source);
}

static void make_dev(void)
{
	static const char *const devices[] = { "null",   "zero",    "full",
					       "random", "urandom", "tty" };
	static const char *const shm[] = { "mode", "1777", "size", "67108864",
					   NULL };
	char id[16], tty[16];

	snprintf(id, sizeof(id), "%u", root_id());
	snprintf(tty, sizeof(tty), "%u", 5 + root_id());
	const char *const dev[] = { "mode", "0755", "size", "64k", "uid",
				    id,     "gid",  id,     NULL };
	const char *const pts[] = { "newinstance",
				    "",
				    "ptmxmode",
				    "0666",
				    "mode",
				    "0620",
				    f.single ? NULL : "gid",
				    tty,
				    NULL };
	mount_on_stage("dev", "tmpfs", dev,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; i < SIZE(devices); i++)
		bind_device(devices[i]);
	MUST(symlinkat("/proc/self/fd", f.stage, "dev/fd"));
	MUST(symlinkat("/proc/self/fd/0", f.stage, "dev/stdin"));
	MUST(symlinkat("/proc/self/fd/1", f.stage, "dev/stdout"));
	MUST(symlinkat("/proc/self/fd/2", f.stage, "dev/stderr"));
	MUST(symlinkat("pts/ptmx", f.stage, "dev/ptmx"));
	MUST(mkdirat(f.stage, "dev/pts", 0755));
	mount_on_stage("dev/pts", "devpts", pts,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	MUST(mkdirat(f.stage, "dev/shm", 0755));
	mount_on_stage("dev/shm", "tmpfs", shm, SYSTEM);
	MUST(mkdirat(f.stage, "dev/mqueue", 0755));
	mount_on_stage("dev/mqueue", "mqueue", NULL, SYSTEM);
}

static void make_sys(void)
{
	static const char *const hidden[] = { "sys/kernel/notes", "sys/module",
					      "sys/firmware",
					      "sys/devices/virtual/powercap",
					      "sys/dev" };
	int empty = -1;

	mount_on_stage("sys", "sysfs", NULL, SYSTEM);
	/* a machine may have none: then wolffia's has none either */
	int target = open_in(f.stage, "sys/fs/cgroup", O_PATH | O_DIRECTORY);
	if (target >= 0) {
		int mount =
			new_mount("cgroup2", NULL, SYSTEM | MOUNT_ATTR_RDONLY);
		attach(mount, target);
		close(mount);
		close(target);
	}
	for (size_t i = 0; i < SIZE(hidden); i++)
		hide(hidden[i], &empty);
	close(empty);
	freeze("sys");
}

static const char *const files[] = { "hosts", "resolv.conf", "hostname" };

static void write_files(void)
{
	for (size_t i = 0; i < SIZE(files); i++) {
		int fd = (int)must(
			openat(f.stage, files[i],
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644),
			files[i]);
		MUST(fchown(fd, root_id(), root_id()));
		MUST(write(fd, "127.0.0.1\tlocalhost\n", 20));
		close(fd);
	}
}

static void mount_root(void)
{
	char options[128];

	if (f.stack == STACK_NONE) {
		int target = (int)MUST(
			open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
		int tree = clone_mount(AT_FDCWD, f.rootfs, AT_RECURSIVE);
		set_mount(tree, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID,
			  AT_RECURSIVE);
		attach(tree, target);
		close(tree);
		close(target);
	} else {
		int lower = (int)MUST(
			open(f.stack == STACK_FUSE ? "lower" : f.rootfs,
			     O_PATH | O_DIRECTORY | O_CLOEXEC));
		snprintf(options, sizeof(options),
			 "lowerdir=/proc/self/fd/%d,upperdir=upper,"
			 "workdir=work,userxattr,volatile",
			 lower);
		MUST(mount("overlay", "root", "overlay", MS_NODEV | MS_NOSUID,
			   options));
		close(lower);
	}
	f.root = (int)MUST(open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* an open path below the root, made if it is missing */
static int target_for(int dirfd, const char *name, bool directory)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (directory)
			must(mkdirat(dirfd, name, 0755), name);
		else
			close((int)must(openat(dirfd, name,
					       O_RDONLY | O_CREAT | O_EXCL |
						       O_CLOEXEC | O_NOFOLLOW,
					       0644),
					name));
	}
	return (int)must(open_in(dirfd, name, O_PATH), name);
}

static void fill_root(void)
{
	static const char *const tops[] = { "proc", "dev", "sys" };
	int etc = target_for(f.root, "etc", true);

	for (size_t i = 0; i < SIZE(files); i++) {
		int target = target_for(etc, files[i], false);
		int file = clone_mount(f.stage, files[i], 0);
		attach(file, target);
		close(file);
		close(target);
	}
	close(etc);
	for (size_t i = 0; i < SIZE(tops); i++) {
		int target = target_for(f.root, tops[i], true);
		int ready = (int)must(
			open_in(f.stage, tops[i], O_PATH | O_DIRECTORY),
			tops[i]);
		attach(ready, target);
		close(ready);
		close(target);
	}
	close(f.stage);
}

/* ---- PID 1 and the workload ---- */

static void set_up_network(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	MUST(ioctl(fd, SIOCSIFFLAGS, &request));
	write_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start",
		   "0");
	write_file(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range",
		   f.single ? "0 0" : "0 65535");
	close(fd);
}

static void become_root(void)
{
	if (!f.single)
		MUST(syscall(SYS_setgroups, 0, NULL));
	MUST(syscall(SYS_setresgid, 0, 0, 0));
	MUST(syscall(SYS_setresuid, 0, 0, 0));
}

static void enter_root(void)
{
	int tree = clone_mount(f.root, "", AT_EMPTY_PATH | AT_RECURSIVE);

	attach(tree, f.root);
	MUST(fchdir(tree));
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
	close(f.root);
	close(tree);
}

/* leave for nothing but what is beneath @paths, ended by NULL */
static void confine_files(const char *const *paths)
{
	struct {
		uint64_t fs, net, scoped;
	} attr = { (1 << 16) - 1, 0, 3 };
	struct {
		uint64_t allowed;
		int32_t fd;
	} __attribute__((packed)) rule;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	if (abi < 2)
		return;
	if (abi < 6)
		attr.scoped = 0;
	if (abi < 5)
		attr.fs = abi < 3 ? (1 << 14) - 1 : (1 << 15) - 1;
	int set = (int)MUST(
		syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0));
	for (; *paths; paths++) {
		struct stat st;
		rule.fd = open(*paths, O_PATH | O_CLOEXEC);
		if (rule.fd < 0)
			continue;
		must(fstat(rule.fd, &st), *paths);
		/* of what is no directory: execute, write, read, truncate */
		rule.allowed =
			S_ISDIR(st.st_mode) ? attr.fs : attr.fs & (1 << 14 | 7);
		must(syscall(SYS_landlock_add_rule, set, 1, &rule, 0), *paths);
		close(rule.fd);
	}
	MUST(syscall(SYS_landlock_restrict_self, set, 0));
	close(set);
}

static void filter_calls(void)
{
#ifdef FLOOR_SECCOMP
	struct sock_fprog program = {
		.len = SIZE(program_default),
		.filter = (struct sock_filter *)program_default,
	};
#else
	struct sock_filter code[168];
	struct sock_fprog program = { SIZE(code), code };

	code[0] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 1; i < SIZE(code) - 1; i++)
		code[i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, 100000 + (unsigned)i,
			(unsigned char)(SIZE(code) - 2 - i), 0);
	code[SIZE(code) - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							    SECCOMP_RET_ALLOW);
#endif
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void confine(void)
{
	static const char *const root[] = { "/", NULL };
	struct rlimit none = { 0, 0 }, open_files;

	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	getrlimit(RLIMIT_NOFILE, &open_files);
	open_files.rlim_cur = 1024;
	MUST(setrlimit(RLIMIT_CORE, &none));
	MUST(setrlimit(RLIMIT_NOFILE, &open_files));
	confine_files(root);
	filter_calls();
}

static void drop_bounding(uint64_t keep)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(keep & 1ull << i))
			MUST(prctl(PR_CAPBSET_DROP, i, 0, 0, 0));
}

static void set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)keep, (uint32_t)keep, 0 },
		{ (uint32_t)(keep >> 32), (uint32_t)(keep >> 32), 0 },
	};

	drop_bounding(keep);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	MUST(syscall(SYS_capset, &header, data));
}

/* CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID SYS_CHROOT SETFCAP */
static const uint64_t default_capabilities =
	1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER |
	1ull << CAP_KILL | 1ull << CAP_SETGID | 1ull << CAP_SETUID |
	1ull << CAP_SYS_CHROOT | 1ull << CAP_SETFCAP;

/* CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID MKNOD SETFCAP */
static const uint64_t server_capabilities =
	1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE |
	1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_FOWNER | 1ull << CAP_FSETID |
	1ull << CAP_MKNOD | 1ull << CAP_SETFCAP;

static void reset_signals(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_workload(void)
{
	static const gid_t groups[] = { 0 };
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
		"/bin",
		"HOME=/", "HOSTNAME=floor", NULL
	};

	setsid();
	MUST(dup2(f.null, 0));
	MUST(dup2(f.out[1], 1));
	MUST(dup2(f.err[1], 2));
	if (!f.single)
		MUST(syscall(SYS_setgroups, 1, groups));
	MUST(syscall(SYS_setresgid, 0, 0, 0));
	MUST(syscall(SYS_setresuid, 0, 0, 0));
	set_capabilities(default_capabilities);
	MUST(chdir("/"));
	umask(0022);
	reset_signals();
	MUST(syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
	execve(f.argv[0], f.argv, (char *const *)env);
	must(-1, f.argv[0]);
}

static pid_t start_workload(void)
{
	int report[2];
	char byte;

	MUST(pipe2(report, O_CLOEXEC));
	pid_t pid = (pid_t)MUST(fork());
	if (pid == 0)
		become_workload();
	close(report[1]);
	close(f.out[1]);
	close(f.err[1]);
	MUST(read(report[0], &byte, 1));
	close(report[0]);
	return pid;
}

static void serve(pid_t workload)
{
	struct signalfd_siginfo info;
	sigset_t mask;
	int status = 0, keep = f.to_init[1];

	syscall(SYS_close_range, 3, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0u, 0);
	set_capabilities(default_capabilities | 1ull << CAP_SETPCAP);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	int signals =
		(int)MUST(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
	struct pollfd fds[] = { { keep, POLLIN, 0 }, { signals, POLLIN, 0 } };

	while (waitpid(-1, &status, WNOHANG | __WALL) != workload) {
		MUST(poll(fds, 2, -1));
		if (fds[0].revents)
			_exit(125);
		if (read(signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
			_exit(125);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static void run_init(void)
{
	MUST(unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
		     CLONE_NEWNET));
	set_up_network();
	MUST(sethostname("floor", 5));
	make_stage();
	make_proc();
	make_dev();
	make_sys();
	write_files();
	mount_root();
	fill_root();
	MUST(fchown(f.out[1], root_id(), root_id()));
	MUST(fchown(f.err[1], root_id(), root_id()));
	say(f.outer_init[1]);
	hear(f.outer_init[1]);
	MUST(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	MUST(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	close(f.root);
	f.root = (int)MUST(open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
	say(f.outer_init[1]);
	hear(f.outer_init[1]);
	become_root();
	MUST(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	enter_root();
	confine();
	pid_t workload = start_workload();
	say(f.to_init[1]);
	serve(workload);
}

/* ---- root of the outer user namespace ---- */

static int mount_fuse(void)
{
	char options[128];
	int fd = (int)MUST(open("/dev/fuse", O_RDWR | O_CLOEXEC));

	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40755,user_id=0,group_id=0,"
		 "default_permissions,allow_other",
		 fd);
	MUST(mount("fuse-overlayfs", "lower", "fuse.fuse-overlayfs",
		   MS_NODEV | MS_NOATIME | MS_NOSUID | MS_RDONLY, options));
	return fd;
}

static void become_server(int connection)
{
	const char *const paths[] = { "/usr",  "/lib",      "/lib64", "/etc",
				      "/proc", "/dev/null", f.rootfs, NULL };
	struct rlimit limit;
	char options[1024], target[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	MUST(unshare(CLONE_NEWNS));
	MUST(setsid());
	MUST(chdir(f.dir));
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	MUST(dup2(f.null, 0));
	MUST(dup2(f.server_log[1], 1));
	MUST(dup2(f.server_log[1], 2));
	MUST(fcntl(connection, F_SETFD, 0));
	syscall(SYS_close_range, 3, connection - 1, 0);
	syscall(SYS_close_range, connection + 1, ~0u, 0);
	confine_files(paths);
	drop_bounding(server_capabilities);
	filter_calls();
	reset_signals();
	snprintf(options, sizeof(options),
		 "lowerdir=%s,timeout=31536000,static_nlink,noacl,uidmapping=0:"
		 "1:%u,"
		 "gidmapping=0:1:%u",
		 f.rootfs, f.n_uids, f.n_gids);
	snprintf(target, sizeof(target), "/dev/fd/%d", connection);
	execlp("fuse-overlayfs", "fuse-overlayfs", "-f", "-o", options, target,
	       NULL);
	must(-1, "fuse-overlayfs");
}

/* and wait until it answers: the first request is held until FUSE_INIT */
static void start_server(void)
{
	struct stat st;
	int connection = mount_fuse();
	long pid = MUST(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL,
				NULL, NULL));

	if (pid == 0)
		become_server(connection);
	f.server = (pid_t)pid;
	close(connection);
	MUST(stat("lower/.", &st));
}

static void map_inner(void)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)f.init);
	int proc =
		(int)must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
	if (f.single)
		write_file(proc, "setgroups", "deny");
	for (int i = 0; i < 2; i++) {
		unsigned n = i ? f.n_gids : f.n_uids;
		if (f.single)
			snprintf(text, sizeof(text), "0 0 1\n");
		else if (root_id() == 0)
			snprintf(text, sizeof(text), "0 0 1\n1 1 %u\n", n);
		else
			snprintf(text, sizeof(text), "0 1 %u\n", n);
		write_file(proc, i ? "gid_map" : "uid_map", text);
	}
	close(proc);
}

static void fork_init(void)
{
	long pid =
		MUST(syscall(SYS_clone, CLONE_PARENT | CLONE_NEWPID | SIGCHLD,
			     NULL, NULL, NULL, NULL));

	if (pid == 0) {
		close(f.to_outer[1]);
		close(f.outer_init[0]);
		run_init();
	}
	f.init = (pid_t)pid;
	close(f.outer_init[1]);
	close(f.to_init[1]);
}

static void run_outer(void)
{
	struct rlimit processes = { 2048, 2048 };
	pid_t pids[2];

	close(f.to_outer[0]);
	close(f.to_init[0]);
	MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	hear(f.to_outer[1]);
	become_root();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	must(chdir(f.home), f.home);
	umask(0022);
	MUST(setrlimit(RLIMIT_NPROC, &processes));
	if (f.stack != STACK_NONE) {
		MUST(mkdir("upper", 0755));
		MUST(mkdir("work", 0755));
	}
	if (f.stack != STACK_NONE && root_id())
		MUST(chown("upper", root_id(), root_id()));
	if (f.stack == STACK_FUSE)
		start_server();
	fork_init();
	pids[0] = f.init;
	pids[1] = f.server;
	MUST(send(f.to_outer[1], pids, sizeof(pids), MSG_NOSIGNAL));
	hear(f.outer_init[0]);
	write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "1");
	say(f.outer_init[0]);
	hear(f.outer_init[0]);
	map_inner();
	say(f.outer_init[0]);
	_exit(0);
}

/* ---- the launcher ---- */

static void find_ids(const char *file, const char *name, unsigned *ret_first,
		     unsigned *ret_n)
{
	char line[256], user[64];
	FILE *list = fopen(file, "re");

	while (list && fgets(line, sizeof(line), list))
		if (sscanf(line, "%63[^:]:%u:%u", user, ret_first, ret_n) ==
			    3 &&
		    strcmp(user, name) == 0)
			break;
	if (!list || *ret_n == 0)
		must(-1, file);
	if (*ret_n > 65536)
		*ret_n = 65536;
	fclose(list);
}

static void map_with(const char *program, unsigned self, unsigned first,
		     unsigned n)
{
	char text[5][16];
	char output[4096];
	int pipe[2], status;

	snprintf(text[0], 16, "%d", (int)f.outer);
	snprintf(text[1], 16, "%u", self);
	snprintf(text[2], 16, "%u", first);
	snprintf(text[3], 16, "%u", n);
	MUST(pipe2(pipe, O_CLOEXEC));
	pid_t pid = vfork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		dup2(f.null, 0);
		dup2(pipe[1], 1);
		dup2(pipe[1], 2);
		syscall(SYS_close_range, 3, ~0u, 0);
		reset_signals();
		execlp(program, program, text[0], "0", text[1], "1", "1",
		       text[2], text[3], NULL);
		_exit(127);
	}
	close(pipe[1]);
	while (read(pipe[0], output, sizeof(output)) > 0)
		;
	close(pipe[0]);
	must(waitpid(pid, &status, 0), program);
	must(status == 0 ? 0 : -1, program);
}

static void map_single(void)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)f.outer);
	int proc =
		(int)must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
	write_file(proc, "setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1\n", geteuid());
	write_file(proc, "uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1\n", getegid());
	write_file(proc, "gid_map", text);
	close(proc);
}

static void prepare(void)
{
	sigset_t mask;

	sigfillset(&mask);
	sigdelset(&mask, SIGALRM);
	MUST(sigprocmask(SIG_BLOCK, &mask, NULL));
	f.signals = (int)MUST(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
	f.parent = (int)MUST(syscall(SYS_pidfd_open, getppid(), 0));
	f.null = (int)MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	MUST(pipe2(f.out, O_CLOEXEC));
	MUST(pipe2(f.err, O_CLOEXEC));
	MUST(pipe2(f.server_log, O_CLOEXEC));
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
	MUST(socketpair(AF_UNIX, type, 0, f.to_outer));
	MUST(socketpair(AF_UNIX, type, 0, f.to_init));
	MUST(socketpair(AF_UNIX, type, 0, f.outer_init));
}

static int home_file(const char *name, int flags)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", f.home, name);
	return (int)must(open(path, flags | O_CLOEXEC, 0600), path);
}

static void make_home(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[600];

	if (mkdir(f.dir, 0700) < 0 && errno != EEXIST)
		must(-1, f.dir);
	snprintf(f.home, sizeof(f.home), "%s/%d", f.dir, (int)getpid());
	must(mkdir(f.home, 0700), f.home);
	int fd = home_file("lock", O_RDWR | O_CREAT);
	MUST(fcntl(fd, F_OFD_SETLK, &lock));
	snprintf(path, sizeof(path), "%s/lower", f.home);
	must(mkdir(path, 0700), path);
	snprintf(path, sizeof(path), "%s/root", f.home);
	must(mkdir(path, 0700), path);
	snprintf(path, sizeof(path), "%s.name", f.home);
	must(symlink(f.home, path), path);
}

/* ids of the container own these: removed by id 0 of the outer namespace */
static void remove_tree(int dirfd, const char *name)
{
	char buffer[4096];

	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return;
	int fd = (int)must(
		openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), name);
	for (long n;
	     (n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0;) {
		for (long at = 0; at < n;) {
			unsigned short size;
			const char *entry = buffer + at + 19;
			memcpy(&size, buffer + at + 16, sizeof(size));
			at += size;
			if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0)
				continue;
			if (unlinkat(fd, entry, 0) < 0)
				remove_tree(fd, entry);
		}
	}
	close(fd);
	must(unlinkat(dirfd, name, AT_REMOVEDIR), name);
}

static void remove_home(void)
{
	char path[600];
	int home = (int)must(open(f.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			     f.home);

	/* of the mount option "volatile" */
	static const char *const closed[] = {
		"work/work",
		"work/work/incompat",
		"work/work/incompat/volatile",
	};
	for (int i = 0; i < 3; i++)
		if (fchmodat(home, closed[i], 0700, 0) < 0)
			break;
	unlinkat(home, "work/work/incompat/volatile/dirty", 0);
	unlinkat(home, "work/work/incompat/volatile", AT_REMOVEDIR);
	unlinkat(home, "work/work/incompat", AT_REMOVEDIR);
	if ((unlinkat(home, "work/work", AT_REMOVEDIR) < 0 &&
	     errno != ENOENT) ||
	    (unlinkat(home, "work", AT_REMOVEDIR) < 0 && errno != ENOENT) ||
	    (unlinkat(home, "upper", AT_REMOVEDIR) < 0 && errno != ENOENT)) {
		pid_t pid = (pid_t)MUST(fork());
		if (pid == 0) {
			MUST(setns(f.userns, CLONE_NEWUSER));
			remove_tree(home, "upper");
			_exit(0);
		}
		MUST(waitpid(pid, NULL, 0));
	}
	MUST(unlinkat(home, "lower", AT_REMOVEDIR));
	MUST(unlinkat(home, "root", AT_REMOVEDIR));
	snprintf(path, sizeof(path), "%s.name", f.home);
	MUST(unlink(path));
	MUST(unlinkat(home, "lock", 0));
	close(home);
	must(rmdir(f.home), f.home);
}

/* Return: the workload's exit status */
static int wait_for_end(void)
{
	struct pollfd fds[] = { { f.out[0], POLLIN, 0 },
				{ f.err[0], POLLIN, 0 },
				{ f.signals, POLLIN, 0 },
				{ f.parent, POLLIN, 0 } };
	struct signalfd_siginfo info;
	char buffer[4096];
	int status, result = -1;

	while (result < 0) {
		MUST(poll(fds, 4, -1));
		for (int i = 0; i < 2; i++) {
			if (!fds[i].revents)
				continue;
			ssize_t n = read(fds[i].fd, buffer, sizeof(buffer));
			if (n > 0 && write(1 + i, buffer, (size_t)n) < 0)
				n = 0;
			if (n <= 0) {
				close(fds[i].fd);
				fds[i].fd = -1;
			}
		}
		if (fds[2].revents &&
		    read(f.signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
			must(-1, "signalfd");
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
			if (pid == f.init)
				result = WIFEXITED(status) ? WEXITSTATUS(status)
							   : 125;
	}
	return result;
}

static int launch(void)
{
	pid_t pids[2];
	char path[64];

	prepare();
	make_home();
	f.outer = (pid_t)MUST(syscall(SYS_clone,
				      CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD,
				      NULL, NULL, NULL, NULL));
	if (f.outer == 0)
		run_outer();
	close(f.to_outer[1]);
	close(f.to_init[1]);
	close(f.outer_init[0]);
	close(f.outer_init[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)f.outer);
	f.userns = (int)must(open(path, O_RDONLY | O_CLOEXEC), path);
	if (f.single) {
		map_single();
	} else {
		map_with("newuidmap", geteuid(), f.first_uid, f.n_uids);
		map_with("newgidmap", getegid(), f.first_gid, f.n_gids);
	}
	say(f.to_outer[0]);
	if (recv(f.to_outer[0], pids, sizeof(pids), 0) != sizeof(pids))
		return 125;
	f.init = pids[0];
	f.server = pids[1];
	hear(f.to_init[0]);
	close(f.out[1]);
	close(f.err[1]);
	close(f.server_log[1]);
	int status = wait_for_end();
	if (f.server > 0) {
		kill(f.server, SIGKILL);
		waitpid(f.server, NULL, 0);
	}
	remove_home();
	return status;
}

static void parse(int argc, char **argv)
{
	static const char *const stacks[] = { "fuse", "overlay", "none" };
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--single") == 0) {
			f.single = true;
		} else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc) {
			f.dir = argv[++i];
		} else if (strcmp(argv[i], "--stack") == 0 && i + 1 < argc) {
			size_t n = 0;
			while (n < SIZE(stacks) &&
			       strcmp(stacks[n], argv[i + 1]) != 0)
				n++;
			if (n == SIZE(stacks))
				break;
			f.stack = (enum stack)n;
			i++;
		} else {
			break;
		}
	}
	if (argc - i < 2 || argv[i][0] != '/') {
		fprintf(stderr,
			"usage: floor --stack fuse|overlay|none "
			"[--single] [--dir DIR] /ROOTFS CMD [ARG...]\n");
		exit(125);
	}
	f.rootfs = argv[i];
	f.argv = argv + i + 1;
}

int main(int argc, char **argv)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "/tmp/floor-%u", getuid());
	f.dir = dir;
	parse(argc, argv);
	if (getuid() == 0) {
		fprintf(stderr, "floor: not as root\n");
		return 125;
	}
	if (!f.single) {
		struct passwd *me = getpwuid(getuid());
		must(me ? 0 : -1, "getpwuid");
		find_ids("/etc/subuid", me->pw_name, &f.first_uid, &f.n_uids);
		find_ids("/etc/subgid", me->pw_name, &f.first_gid, &f.n_gids);
	}
	return launch();
}
