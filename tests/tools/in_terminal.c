/*
 * in_terminal - run a program in a new terminal, and play its user
 *
 *   in_terminal [-r ROWS] [-c COLUMNS] [-w TEXT -s TEXT]... PROGRAM [ARG...]
 *
 * Waits until the output contains the text of the next -w, types the text of
 * the -s behind it, and so on; "\003" and the like are as in printf(3), octal.
 * "-s @R,C" changes the window size instead of typing; "-s !N" sends signal N
 * to the foreground process group; "-s ~" hangs up.
 * The terminal's output goes to the standard output; the exit status is the
 * program's, as a shell has it, or 124 when ten seconds brought nothing.
 * "modes kept" or "modes changed" is the last line of the standard error: are
 * the terminal's modes what they were at the start?
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, MAX_SCRIPT = 32, ROOM = 1 << 20 };

static struct {
	const char *await, *type;
} script[MAX_SCRIPT];
static size_t n_script;
static char output[ROOM];
static size_t seen, searched;

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static void type_text(int master, const char *text)
{
	for (const char *c = text; *c; c++) {
		char byte = *c;
		if (*c == '\\' && c[1] >= '0' && c[1] <= '7') {
			int value = 0;
			for (int i = 0; i < 3 && c[1] >= '0' && c[1] <= '7';
			     i++)
				value = value * 8 + *++c - '0';
			byte = (char)value;
		}
		if (write(master, &byte, 1) != 1)
			fail("type");
	}
}

static void act(int master, const char *what)
{
	struct winsize size = { 0 };
	pid_t group = tcgetpgrp(master);

	if (*what == '@') {
		sscanf(what + 1, "%hu,%hu", &size.ws_row, &size.ws_col);
		ioctl(master, TIOCSWINSZ, &size);
	} else if (*what == '!') {
		kill(-group, atoi(what + 1));
	} else {
		type_text(master, what);
	}
}

/* the terminal is gone, as when its window is closed */
static int hang_up(int master, int pidfd)
{
	struct pollfd ended = { pidfd, POLLIN, 0 };

	close(master);
	return poll(&ended, 1, PATIENCE_MS) == 1 ? 0 : -1;
}

/* all steps of the script whose text has come; Return: false: hang up */
static bool play(int master)
{
	static size_t next;

	while (next < n_script) {
		char *found =
			memmem(output + searched, seen - searched,
			       script[next].await, strlen(script[next].await));
		if (!found)
			return true;
		searched =
			(size_t)(found - output) + strlen(script[next].await);
		if (strcmp(script[next].type, "~") == 0)
			return false;
		act(master, script[next++].type);
	}
	return true;
}

/* Return: 0 the program has ended; -1 nothing came for too long */
static int relay(int master, int pidfd)
{
	for (;;) {
		struct pollfd fds[] = { { master, POLLIN, 0 },
					{ pidfd, POLLIN, 0 } };
		if (poll(fds, 2, PATIENCE_MS) == 0)
			return -1;
		if (!(fds[0].revents & POLLIN))
			return 0;
		ssize_t got = read(master, output + seen, ROOM - seen);
		if (got <= 0 ||
		    write(STDOUT_FILENO, output + seen, (size_t)got) < 0)
			return 0;
		seen += (size_t)got;
		if (!play(master))
			return hang_up(master, pidfd);
	}
}

static pid_t start(int slave, char **argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
	execvp(argv[0], argv);
	fail(argv[0]);
	return -1;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct termios before = { 0 }, after = { 0 };
	int status = 0;

	for (int c; (c = getopt(argc, argv, "+r:c:w:s:")) != -1;) {
		switch (c) {
		case 'r':
			size.ws_row = (unsigned short)atoi(optarg);
			break;
		case 'c':
			size.ws_col = (unsigned short)atoi(optarg);
			break;
		case 'w':
			script[n_script].await = optarg;
			break;
		case 's':
			script[n_script++].type = optarg;
			break;
		default:
			return 125;
		}
	}
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		fail("make a terminal");
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || ioctl(master, TIOCSWINSZ, &size) < 0 ||
	    tcgetattr(slave, &before) < 0)
		fail("open the terminal");
	pid_t pid = start(slave, argv + optind);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		fail("pidfd_open");
	/* the slave stays open here: its modes outlive the program */
	int relayed = relay(master, pidfd);
	if (relayed < 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tcgetattr(slave, &after);
	fprintf(stderr, "modes %s\n",
		memcmp(&before, &after, sizeof(before)) == 0 ? "kept"
							     : "changed");
	if (relayed < 0)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
