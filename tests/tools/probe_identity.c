/*
 * probe_identity - who is this process, and what can it become?
 *
 *   probe_identity                   ids, groups and capabilities, a line each
 *   probe_identity -s UID PROGRAM... set the user to UID, then run PROGRAM
 *   probe_identity -p TEXT           write TEXT, and wait to be killed
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void print_status(void)
{
	static const char *const wanted[] = { "Uid:", "Gid:", "Groups:",
		                              "CapInh:", "CapPrm:", "CapEff:",
		                              "CapBnd:", "CapAmb:",
		                              "NoNewPrivs:", "Seccomp:" };
	char line[4096];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
	}
	if (status)
		fclose(status);
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "-s") == 0) {
		uid_t uid = (uid_t)atoi(argv[2]);
		if (setgid(uid) < 0 || setuid(uid) < 0) {
			perror("setuid");
			return 125;
		}
		execv(argv[3], argv + 3);
		perror(argv[3]);
		return 127;
	}
	if (argc == 3 && strcmp(argv[1], "-p") == 0) {
		puts(argv[2]);
		fflush(stdout);
		for (;;)
			pause();
	}
	print_status();
	return 0;
}
