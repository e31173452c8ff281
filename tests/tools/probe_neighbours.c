/*
 * probe_neighbours - what can be seen of PID 1, and done to it?
 * One line "WHAT ERRNO" each.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "succeeded");
}

int main(void)
{
	static const char *const files[] = {
		"exe",     "root", "cwd",       "mem",      "maps",
		"environ", "fd",   "fdinfo",    "ns/mnt",   "ns/user",
		"stack",   "auxv", "map_files", "root/etc", "cwd/etc",
	};
	char path[64], byte;
	struct iovec local = { &byte, 1 }, remote = { &byte, 1 };
	char link[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/1/%s", files[i]);
		say(files[i], open(path, O_RDONLY | O_NONBLOCK));
	}
	say("mem-rw", open("/proc/1/mem", O_RDWR));
	say("readlink-exe", readlink("/proc/1/exe", link, sizeof(link)));
	say("readlink-root", readlink("/proc/1/root", link, sizeof(link)));
	say("attach", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	say("seize", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
	say("readv", process_vm_readv(1, &local, 1, &remote, 1, 0));
	say("writev", process_vm_writev(1, &local, 1, &remote, 1, 0));
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
	say("getfd", syscall(SYS_pidfd_getfd, pidfd, 3, 0));
	return 0;
}
