/*
 * probe_window - a hostile neighbour of the commands that "exec" starts
 *
 *   probe_window [SENTINEL]   look into every process that appears
 *   probe_window -d           disturb every process that appears
 *   probe_window -l RESOURCE  set this limit of PID 1 to nothing (a number of
 *                             setrlimit(2)), and say what came of it
 *
 * A session is a process of wolffia's own until its execve(2): it may hold
 * what the container must not have (CVE-2016-9962).  For each new one this
 * tries all ways to look into it and to take something out of it, until it is
 * a program of the container's.  SENTINEL is a path on the host.
 *
 * Says "ready"; at SIGTERM one line for each kind of success, "seen N tried M"
 * and an exit status of 1 if there was any.  With -d it kills, stops for a
 * moment, and limits them instead, and its exit status is 0.
 *
 * Whose a process is, is asked after each success: of a process of ours
 * /proc/PID/exe either cannot be read or is wolffia; a program of the
 * container's is a path in the container.  (At its execve(2) a process can be
 * looked into a moment before its name has changed.)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PIDS = 1 << 22, KINDS = 64 };

static struct {
	const char *what;
	int n;
} successes[KINDS];
static const char *sentinel;
static long seen, tried;
static volatile sig_atomic_t ended;
static struct stat own_root;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static void note(const char *what)
{
	int i = 0;

	while (i < KINDS - 1 && successes[i].what &&
	       strcmp(successes[i].what, what) != 0)
		i++;
	successes[i].what = what;
	successes[i].n++;
}

static bool read_link(pid_t pid, const char *name, char *to, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	ssize_t n = readlink(path, to, size - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	return true;
}

/* a program of the container's, or nothing any more */
static bool is_theirs(pid_t pid)
{
	char exe[4096], path[64];

	if (read_link(pid, "exe", exe, sizeof(exe)))
		return strncmp(exe, "/bin/", 5) == 0;
	if (errno == ENOENT || errno == ESRCH)
		return true;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return access(path, F_OK) < 0;
}

/* @result: 0 or more is a success, of which nothing may come */
static void judge(pid_t pid, const char *what, long result)
{
	tried++;
	if (result >= 0 && !is_theirs(pid))
		note(what);
}

/* what a descriptor that was taken leads to; the container's own is fine */
static void follow(const char *what, int dirfd)
{
	struct stat st;
	char byte;

	if (fstat(dirfd, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	if (st.st_dev != own_root.st_dev || st.st_ino != own_root.st_ino)
		note(what);
	int fd = sentinel ? openat(dirfd, sentinel + 1, O_RDONLY) : -1;
	if (fd >= 0 && read(fd, &byte, 1) == 1)
		note("the sentinel was read");
	if (fd >= 0)
		close(fd);
}

static void try_open(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	judge(pid, name, fd);
	if (fd < 0)
		return;
	if (strcmp(name, "root") == 0 || strcmp(name, "cwd") == 0)
		follow("a directory outside", fd);
	close(fd);
}

static void try_descriptors(pid_t pid)
{
	static const char *const names[] = {
		"fd/0",  "fd/1",  "fd/2",  "fd/3",  "fd/4",  "fd/5",  "fd/6",
		"fd/7",  "fd/8",  "fd/9",  "fd/10", "fd/11", "fd/12", "fd/13",
		"fd/14", "fd/15", "fd/16", "fd/17", "fd/18", "fd/19",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		try_open(pid, names[i], O_RDONLY);
		try_open(pid, names[i], O_RDWR);
	}
}

static void try_calls(pid_t pid)
{
	char word[8];
	struct iovec local = { word, sizeof(word) };
	struct iovec remote = { &tried, sizeof(word) };

	judge(pid, "process_vm_readv",
	      process_vm_readv(pid, &local, 1, &remote, 1, 0));
	judge(pid, "process_vm_writev",
	      process_vm_writev(pid, &local, 1, &remote, 1, 0));
	judge(pid, "kcmp", syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, 0, 0));
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int fd = 0; pidfd >= 0 && fd < 12; fd++) {
		int got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		judge(pid, "pidfd_getfd", got);
		if (got >= 0) {
			follow("a directory by pidfd_getfd", got);
			close(got);
		}
	}
	if (pidfd >= 0)
		close(pidfd);
	long r = ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	judge(pid, "PTRACE_SEIZE", r);
	if (r == 0) {
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, NULL, __WALL);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
}

static void look_into(pid_t pid)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = {
		{ "root", O_RDONLY | O_DIRECTORY },
		{ "cwd", O_RDONLY | O_DIRECTORY },
		{ "root", O_PATH },
		{ "cwd", O_PATH },
		{ "exe", O_RDONLY },
		{ "exe", O_PATH },
		{ "mem", O_RDONLY },
		{ "mem", O_RDWR },
		{ "environ", O_RDONLY },
		{ "maps", O_RDONLY },
		{ "smaps", O_RDONLY },
		{ "auxv", O_RDONLY },
		{ "stack", O_RDONLY },
		{ "fd", O_RDONLY | O_DIRECTORY },
		{ "fdinfo", O_RDONLY | O_DIRECTORY },
		{ "map_files", O_RDONLY | O_DIRECTORY },
		{ "ns/user", O_RDONLY },
		{ "ns/mnt", O_RDONLY },
		{ "ns/pid", O_RDONLY },
		{ "ns/net", O_RDONLY },
		{ "clear_refs", O_WRONLY },
		{ "uid_map", O_WRONLY },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		try_open(pid, files[i].name, files[i].flags);
	try_descriptors(pid);
	try_calls(pid);
}

static void disturb(pid_t pid)
{
	const struct rlimit none = { 0, 0 };

	switch (seen % 5) {
	case 0:
		kill(pid, SIGKILL);
		break;
	case 1:
		kill(pid, SIGSTOP);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		kill(pid, SIGCONT);
		break;
	case 2:
		syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &none, NULL);
		break;
	case 3:
		kill(pid, SIGTERM);
		break;
	case 4:
		syscall(SYS_prlimit64, pid, RLIMIT_AS, &none, NULL);
		break;
	}
}

static bool exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

/* numbers are given one after the other, so the next one is no secret */
static pid_t await_next(pid_t last)
{
	char text[64];

	while (!ended) {
		for (pid_t pid = last + 1; pid <= last + 8; pid++)
			if (exists(pid))
				return pid;
		/* some were here and have gone already */
		int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (n <= 0)
			continue;
		text[n] = '\0';
		pid_t newest = (pid_t)atoi(strrchr(text, ' ') + 1);
		if (newest > last + 8)
			last = newest - 8;
	}
	return -1;
}

int main(int argc, char **argv)
{
	bool disturbs = argc > 1 && strcmp(argv[1], "-d") == 0;
	int bad = 0;

	if (argc == 3 && strcmp(argv[1], "-l") == 0) {
		const struct rlimit none = { 0, 0 };
		long r = syscall(SYS_prlimit64, 1, atoi(argv[2]), &none, NULL);
		puts(r < 0 ? strerrorname_np(errno) : "succeeded");
		return 0;
	}
	sentinel = argc > 1 && !disturbs ? argv[1] : NULL;
	if (stat("/", &own_root) < 0)
		return 125;
	signal(SIGTERM, end);
	puts("ready");
	fflush(stdout);
	for (pid_t pid = getpid(); (pid = await_next(pid)) > 0;) {
		seen++;
		if (disturbs)
			disturb(pid);
		while (!disturbs && !ended && !is_theirs(pid))
			look_into(pid);
	}
	for (int i = 0; i < KINDS && successes[i].what; i++)
		bad += printf("%s: %d times\n", successes[i].what,
			      successes[i].n);
	printf("seen %ld tried %ld\n", seen, tried);
	return bad > 0;
}
