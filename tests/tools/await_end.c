/*
 * await_end - wait until processes have ended
 *
 *   await_end PID...
 *
 * Of whatever parent they are.  The exit status is 1, with a line for each,
 * when ten seconds were not enough; a number that is nobody's has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static int await(const char *number)
{
	pid_t pid = (pid_t)atoi(number);
	struct pollfd ended = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN,
				0 };

	if (ended.fd < 0 && errno == ESRCH)
		return 0;
	if (ended.fd < 0 || poll(&ended, 1, PATIENCE_MS) != 1) {
		fprintf(stderr, "process %s has not ended\n", number);
		return 1;
	}
	close(ended.fd);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		failed |= await(argv[i]);
	return failed;
}
