/*
 * watch_opens - run a program and say which files were opened meanwhile
 *
 *   watch_opens PATH... -- PROGRAM [ARG...]
 *
 * By anybody.  Of a PATH that is a directory, what lies in it is watched too.
 * "opened PATH" is a line of the standard error; the exit status is the
 * program's, as a shell has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("run");
		exit(124);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* a watch has the number of its path: they are made in order, from 1 on */
static void say_opened(int fd, char **paths)
{
	char events[65536]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(fd, events, sizeof(events))) > 0)
		for (char *at = events; at < events + n;) {
			const struct inotify_event *event = (void *)at;
			if (event->mask & IN_Q_OVERFLOW)
				fprintf(stderr, "opened too much\n");
			else
				fprintf(stderr, "opened %s%s%s\n",
					paths[event->wd - 1],
					event->len ? "/" : "",
					event->len ? event->name : "");
			at += sizeof(*event) + event->len;
		}
}

int main(int argc, char **argv)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int i = 1;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (inotify_add_watch(fd, argv[i], IN_OPEN | IN_ACCESS) != i) {
			perror(argv[i]);
			return 124;
		}
	if (i + 1 >= argc)
		return 2;
	int status = run(argv + i + 1);
	say_opened(fd, argv + 1);
	return status;
}
