/*
 * probe_descriptors - what does a process find open?
 *
 *   probe_descriptors            the numbers of all descriptors, in one line
 *   probe_descriptors -r PATH N  try to use descriptor N, a directory, to
 *                                open, list, make and execute PATH below it:
 *                                one line "open EACCES" each
 *   probe_descriptors -x FIRST LAST PROGRAM...
 *                                run PROGRAM with these open, not close-on-exec
 *
 * Asks fcntl(2), not /proc, which a launcher may have changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "succeeded");
}

static int use(const char *path, int fd)
{
	char *const nothing[] = { NULL };
	char reopened[64];

	say("open", openat(fd, path, O_RDONLY));
	say("write", openat(fd, path, O_WRONLY));
	say("parent", openat(fd, "..", O_RDONLY | O_DIRECTORY));
	say("list", openat(fd, ".", O_RDONLY | O_DIRECTORY));
	say("make", openat(fd, "made-by-probe", O_WRONLY | O_CREAT, 0600));
	say("mkdir", mkdirat(fd, "dir-by-probe", 0700));
	say("unlink", unlinkat(fd, path, 0));
	say("link", symlinkat("x", fd, "link-by-probe"));
	say("execute", syscall(SYS_execveat, fd, path, nothing, nothing, 0));
	snprintf(reopened, sizeof(reopened), "/proc/self/fd/%d/%s", fd, path);
	say("reopen", open(reopened, O_RDONLY));
	say("chdir", fchdir(fd));
	say("read", open(path, O_RDONLY));
	return 0;
}

static int with(int first, int last, char **argv)
{
	for (int fd = first; fd <= last; fd++) {
		int dir = open("/", O_RDONLY | O_DIRECTORY);
		if (dir != fd) {
			dup2(dir, fd);
			close(dir);
		}
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "-r") == 0)
		return use(argv[2], atoi(argv[3]));
	if (argc > 4 && strcmp(argv[1], "-x") == 0)
		return with(atoi(argv[2]), atoi(argv[3]), argv + 4);
	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	puts("");
	return 0;
}
