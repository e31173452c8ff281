/*
 * outlived - does anything outlive a program that is killed?
 *
 *   outlived [-t] [-g] [-u MICROSECONDS | -l LINE] [-n] PROGRAM [ARGUMENT...]
 *
 * Starts PROGRAM, kills it with SIGKILL (-t: SIGTERM) so many microseconds
 * later, or when it has written LINE; with -n not at all, with -g all of its
 * process group.  Whatever it started
 * becomes a child of this process when it loses its parent
 * (PR_SET_CHILD_SUBREAPER), so the end of each is an event, not a guess: ten
 * seconds for all of them together.
 *
 * The exit status is 0 when nothing is left, else 1 with one line for each.
 * "status N" goes to the standard output: of PROGRAM, as a shell has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

/* copy the output until @line was in it */
static void await_line(int from, const char *line)
{
	char text[65536];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		ssize_t got = read(from, text + n, sizeof(text) - 1 - n);
		if (got <= 0) {
			fprintf(stderr, "it ended before it said %s\n", line);
			return;
		}
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, line))
			return;
	}
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void list_children(void)
{
	char path[64], line[1024];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	FILE *list = fopen(path, "re");
	int pid;
	while (list && fscanf(list, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		FILE *file = fopen(path, "re");
		size_t n = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
		for (size_t i = 0; i < n; i++)
			line[i] = line[i] ? line[i] : ' ';
		line[n] = '\0';
		printf("left: %d %s\n", pid, line);
		if (file)
			fclose(file);
		kill(pid, SIGKILL);
	}
	if (list)
		fclose(list);
}

/* Return: true when there is no child any more */
static bool reap(pid_t first, int *ret_status)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
		if (pid < 0)
			return errno == ECHILD;
		if (pid == 0)
			return false;
		if (pid == first)
			*ret_status = status;
	}
}

static bool await_end(int signals, pid_t first, int *ret_status)
{
	long long deadline = now_ms() + PATIENCE_MS;
	struct signalfd_siginfo info;

	while (!reap(first, ret_status)) {
		struct pollfd fd = { signals, POLLIN, 0 };
		long long left = deadline - now_ms();
		if (left <= 0)
			return false;
		if (poll(&fd, 1, (int)left) > 0 &&
		    read(signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
			fail("read");
	}
	return true;
}

int main(int argc, char **argv)
{
	const char *line = NULL;
	bool kills = true, group = false;
	long delay_us = 0;
	int number = SIGKILL, out[2], status = 0;
	sigset_t mask, old;

	for (int c; (c = getopt(argc, argv, "+gtnu:l:")) != -1;) {
		switch (c) {
		case 'g':
			group = true;
			break;
		case 't':
			number = SIGTERM;
			break;
		case 'n':
			kills = false;
			break;
		case 'u':
			delay_us = atol(optarg);
			break;
		case 'l':
			line = optarg;
			break;
		default:
			return 125;
		}
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0)
		fail("prepare");
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &old);
	int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		if (line)
			dup2(out[1], STDOUT_FILENO);
		if (group)
			setpgid(0, 0);
		execvp(argv[optind], argv + optind);
		fail(argv[optind]);
	}
	close(out[1]);
	if (line)
		await_line(out[0], line);
	else if (delay_us)
		nanosleep(&(struct timespec){ delay_us / 1000000,
					      delay_us % 1000000 * 1000 },
			  NULL);
	if (kills)
		kill(group ? -pid : pid, number);
	bool clean = await_end(signals, pid, &status);
	printf("status %d\n", shell_status(status));
	if (!clean)
		list_children();
	return clean ? 0 : 1;
}
