/*
 * probe_forks - how many processes can be made?
 *
 *   probe_forks [UID...]   as each of these in turn (none: as it is), fork
 *                          until it fails; then say "N EAGAIN" for each, with
 *                          the earlier ones' processes still there
 *   probe_forks -l         try to raise RLIMIT_NPROC, then as above
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENOUGH = 5000 };

static int fork_all(int done)
{
	int n = 0;

	while (n < ENOUGH) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0) {
			close(done);
			for (;;)
				pause();
		}
		n++;
	}
	printf("%d %s\n", n, n < ENOUGH ? strerrorname_np(errno) : "no limit");
	fflush(stdout);
	return n;
}

/* a process of that user that holds its children until the end */
static void fork_as(uid_t uid)
{
	int done[2];
	char byte;

	if (pipe(done) < 0)
		exit(125);
	pid_t pid = fork();
	if (pid < 0) {
		printf("0 %s\n", strerrorname_np(errno));
		return;
	}
	if (pid == 0) {
		close(done[0]);
		if (setuid(uid) < 0)
			printf("setuid %s\n", strerrorname_np(errno));
		fork_all(done[1]);
		close(done[1]);
		for (;;)
			pause();
	}
	close(done[1]);
	/* end of file: it has made all that it could */
	while (read(done[0], &byte, 1) > 0)
		;
	close(done[0]);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "-l") == 0) {
		if (setrlimit(RLIMIT_NPROC, &limit) < 0)
			printf("raise %s\n", strerrorname_np(errno));
		argc--;
	}
	if (argc == 1) {
		fork_all(-1);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		fork_as((uid_t)atoi(argv[i]));
	return 0;
}
