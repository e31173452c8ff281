/*
 * probe_signals - say "ready", then "got NAME" for each signal that comes;
 * ends with status 0 at SIGUSR2.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(void)
{
	struct signalfd_siginfo info;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	int fd = signalfd(-1, &all, 0);
	puts("ready");
	fflush(stdout);
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		printf("got %s\n", sigabbrev_np((int)info.ssi_signo));
		fflush(stdout);
		if (info.ssi_signo == SIGUSR2)
			return 0;
	}
	return 1;
}
