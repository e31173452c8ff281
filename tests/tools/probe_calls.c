/*
 * probe_calls - what does the kernel answer to calls that a container has no
 * business with?  One line "NAME ERRNO" each; "succeeded" when it was done.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "succeeded");
}

static void families(void)
{
	for (int family = 0; family <= 45; family++) {
		static const int types[] = { SOCK_STREAM, SOCK_DGRAM,
					     SOCK_SEQPACKET, SOCK_RAW };
		const char *answer = NULL;
		for (int i = 0; i < 4; i++) {
			int fd = socket(family, types[i], 0);
			if (fd >= 0)
				answer = "succeeded";
			else if (!answer || errno == EAFNOSUPPORT)
				answer = answer ? answer
						: strerrorname_np(errno);
			if (fd >= 0)
				close(fd);
		}
		printf("family-%d %s\n", family, answer);
	}
	say("netlink-route", socket(AF_NETLINK, SOCK_RAW, 0));
	say("netlink-audit", socket(AF_NETLINK, SOCK_RAW, 9));
	say("netlink-generic", socket(AF_NETLINK, SOCK_RAW, 16));
}

/* in a child, so that success does no harm to what comes after it */
static void in_child(const char *name, long (*call)(unsigned long),
		     unsigned long argument)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		say(name, call(argument));
		exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s %s\n", name, sigabbrev_np(WTERMSIG(status)));
}

static long call_unshare(unsigned long flags)
{
	return syscall(SYS_unshare, flags);
}

static long call_clone(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long call_setns(unsigned long flags)
{
	return syscall(SYS_setns, open("/proc/self/ns/net", O_RDONLY), flags);
}

static void namespaces(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = {
		{ "user", CLONE_NEWUSER },
		{ "mnt", CLONE_NEWNS },
		{ "pid", CLONE_NEWPID },
		{ "net", CLONE_NEWNET },
		{ "ipc", CLONE_NEWIPC },
		{ "uts", CLONE_NEWUTS },
		{ "cgroup", CLONE_NEWCGROUP },
		/* one that is the container's to make hides another */
		{ "user-mnt", CLONE_NEWUSER | CLONE_NEWNS },
	};
	char name[64];

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		snprintf(name, sizeof(name), "unshare-%s", flags[i].name);
		in_child(name, call_unshare, flags[i].flag);
		snprintf(name, sizeof(name), "clone-%s", flags[i].name);
		in_child(name, call_clone, flags[i].flag);
		/* only the low half is an argument of the kernel's */
		snprintf(name, sizeof(name), "clone-high-%s", flags[i].name);
		in_child(name, call_clone, flags[i].flag | 1ul << 40);
	}
	in_child("setns", call_setns, 0);
}

static void others(void)
{
	struct clone_args clone3 = { .flags = CLONE_NEWUSER,
				     .exit_signal = SIGCHLD };
	union bpf_attr bpf = { .map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 4,
			       .max_entries = 1 };
	long pid = syscall(SYS_clone3, &clone3, sizeof(clone3));

	if (pid == 0)
		_exit(0);
	say("clone3", pid);
	say("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			      KEY_SPEC_SESSION_KEYRING, 1));
	say("add_key", syscall(SYS_add_key, "user", "x", "y", 1,
			       KEY_SPEC_PROCESS_KEYRING));
	say("request_key", syscall(SYS_request_key, "user", "x", NULL, 0));
	say("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &bpf, sizeof(bpf)));
	say("io_uring_setup", syscall(__NR_io_uring_setup, 1, NULL));
	say("userfaultfd", syscall(SYS_userfaultfd, 0));
	say("perf_event_open",
	    syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	say("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	say("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, NULL, 0));
	say("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	say("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	say("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 4));
	say("pivot_root", syscall(SYS_pivot_root, ".", "."));
	say("umount", umount2("/proc", MNT_DETACH));
	say("ptrace", syscall(SYS_ptrace, 16, 1, NULL, NULL)); /* ATTACH */
	say("sethostname", sethostname("x", 1));
	say("TIOCSTI", ioctl(0, TIOCSTI, "x"));
	say("TIOCSTI-high", syscall(SYS_ioctl, 0, TIOCSTI | 1ul << 32, "x"));
	say("TIOCLINUX", ioctl(0, 0x541c, "\x02"));
	say("TIOCLINUX-high",
	    syscall(SYS_ioctl, 0, 0x541cul | 1ul << 32, "\2"));
	say("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("call-1000 %s\n",
	       syscall(1000) < 0 ? strerrorname_np(errno) : "succeeded");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	families();
	namespaces();
	others();
	return 0;
}
