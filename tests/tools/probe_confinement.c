/*
 * probe_confinement - all that keeps this process in, as far as it can see
 *
 * Two containers that were started alike say the same, but for the numbers of
 * their namespaces.  That Landlock holds is seen on the standard input: a file
 * of the host that anybody may write, open for reading.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static void heading(const char *text)
{
	printf("[%s]\n", text);
}

static void say(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "succeeded");
}

static void print_status(const char *path)
{
	static const char *const wanted[] = {
		"Uid:",     "Gid:",
		"Groups:",  "SigBlk:",
		"SigIgn:",  "CapInh:",
		"CapPrm:",  "CapEff:",
		"CapBnd:",  "CapAmb:",
		"Umask:",   "NoNewPrivs:",
		"Seccomp:", "Seccomp_filters:",
	};
	char line[4096];
	FILE *status = fopen(path, "re");

	heading(path);
	while (status && fgets(line, sizeof(line), status))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
	if (status)
		fclose(status);
}

static void print_file(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "re");

	heading(path);
	if (!file)
		say("open", -1);
	while (file && fgets(text, sizeof(text), file))
		fputs(text, stdout);
	if (file)
		fclose(file);
}

/* mount point, options and type; the numbers and sources are chance */
static void print_mounts(void)
{
	char line[8192], point[4096], options[1024], type[64];
	FILE *file = fopen("/proc/self/mountinfo", "re");

	heading("mounts");
	while (file && fgets(line, sizeof(line), file)) {
		char *rest = strstr(line, " - ");
		if (rest &&
		    sscanf(line, "%*d %*d %*s %*s %4095s %1023s", point,
			   options) == 2 &&
		    sscanf(rest, " - %63s", type) == 1)
			printf("%s %s %s\n", point, options, type);
	}
	if (file)
		fclose(file);
}

static void print_links(const char *directory)
{
	char path[512], target[512];
	struct dirent *entry;
	DIR *list = opendir(directory);

	heading(directory);
	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] == '.' ||
		    (list && dirfd(list) == atoi(entry->d_name)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("%s %s\n", entry->d_name, target);
	}
	if (list)
		closedir(list);
}

static void print_interfaces(void)
{
	struct if_nameindex *list = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	heading("interfaces");
	for (size_t i = 0; list && list[i].if_name; i++) {
		struct ifreq request = { 0 };
		strncpy(request.ifr_name, list[i].if_name, IFNAMSIZ - 1);
		ioctl(fd, SIOCGIFFLAGS, &request);
		printf("%s %s\n", list[i].if_name,
		       request.ifr_flags & IFF_UP ? "up" : "down");
	}
	close(fd);
}

static void try_calls(void)
{
	heading("calls");
	say("unshare-user", unshare(CLONE_NEWUSER));
	say("unshare-mount", unshare(CLONE_NEWNS));
	say("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say("umount", umount("/proc/sys"));
	say("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			      KEY_SPEC_SESSION_KEYRING, 0));
	say("alg-socket", socket(38, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	say("write-hostname", sethostname("x", 1));
	say("look-into-init", open("/proc/1/root/etc", O_RDONLY | O_CLOEXEC));
	say("write-input", open("/proc/self/fd/0", O_WRONLY | O_CLOEXEC));
	say("write-root", open("/probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void print_self(void)
{
	struct utsname name;
	char directory[4096];

	heading("self");
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("session %s\n", getsid(0) == getpid() ? "its own" : "another's");
	printf("parent %d\n", (int)getppid());
	if (getcwd(directory, sizeof(directory)))
		printf("in %s\n", directory);
	if (uname(&name) == 0)
		printf("host %s\n", name.nodename);
}

/* PID 1 gives up rights while we begin: it is done when it waits for its
 * children, with no signal but SIGCHLD blocked */
static void await_init(void)
{
	char line[256];
	bool ready = getpid() == 1;

	for (int tries = 0; !ready && tries < 5000; tries++) {
		FILE *status = fopen("/proc/1/status", "re");
		while (status && fgets(line, sizeof(line), status))
			ready |= strcmp(line, "SigBlk:\t0000000000010000\n") ==
				 0;
		if (status)
			fclose(status);
		usleep(ready ? 0 : 1000);
	}
}

int main(void)
{
	await_init();
	print_status("/proc/self/status");
	print_status("/proc/1/status");
	print_self();
	print_file("/proc/self/uid_map");
	print_file("/proc/self/gid_map");
	print_file("/proc/self/setgroups");
	print_file("/proc/self/limits");
	print_file("/proc/self/cgroup");
	print_file("/proc/self/oom_score_adj");
	print_file("/proc/sys/user/max_user_namespaces");
	print_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
	print_file("/etc/hosts");
	print_links("/proc/self/fd");
	print_links("/proc/self/ns");
	print_interfaces();
	print_mounts();
	try_calls();
	heading("end");
	return 0;
}
