#include "cmd/image/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/registry/http.h"

enum { LINE_SIZE = 4096 }; /* of the terminal's, termios(3) */

/* Return: bytes, 0 at the end, -errno */
static ssize_t read_some(int cancel_fd, char *to, size_t size,
			 struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN },
	};
	ssize_t n;

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for an answer");
	if (fds[1].revents)
		return error_say(err, ECANCELED, "interrupted");
	do
		n = read(STDIN_FILENO, to, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_set(err, errno, "read standard input") : n;
}

static int read_line(int cancel_fd, char **ret, struct error *err)
{
	char line[LINE_SIZE];
	size_t n = 0;
	int r = 0;

	for (;;) {
		ssize_t more = read_some(cancel_fd, line + n,
					 sizeof(line) - 1 - n, err);
		if (more < 0)
			r = (int)more;
		else if (more == 0)
			r = error_say(err, ENODATA, "there was no answer");
		else
			n += (size_t)more;
		if (r < 0 || line[n - 1] == '\n')
			break;
		if (n == sizeof(line) - 1)
			r = error_say(err, EFBIG, "the line is too long");
	}
	if (r == 0) {
		line[n - 1] = '\0';
		*ret = xstrdup(line);
	}
	explicit_bzero(line, sizeof(line));
	return r;
}

int ask(const char *prompt, bool secret, int cancel_fd, char **ret,
	struct error *err)
{
	struct termios before, quiet;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return error_say(err, ENOTTY, "there is no terminal to ask on");
	quiet = before;
	if (secret) {
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		quiet.c_lflag |= ECHONL;
	}
	/* and what was typed ahead is not the answer */
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
		return error_set(err, errno, "hide what is typed");
	fprintf(stderr, "%s", prompt);
	fflush(stderr);
	int r = read_line(cancel_fd, ret, err);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	if (r < 0)
		fputc('\n', stderr);
	return r;
}

int ask_stdin(int cancel_fd, char **ret, struct error *err)
{
	enum { MAX = 64 * 1024 };
	scoped_secret *text = xcalloc(1, MAX + 1);
	ssize_t more = 1;
	size_t n = 0;
	int r = 0;

	while (more > 0 && n < MAX) {
		more = read_some(cancel_fd, text + n, MAX - n, err);
		n += more > 0 ? (size_t)more : 0;
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = '\0';
	if (more < 0)
		r = (int)more;
	else if (more > 0)
		r = error_say(err, EFBIG, "it has more than %d bytes", MAX);
	else if (n == 0 || strlen(text) != n)
		r = error_say(err, EINVAL, "standard input is not a password");
	if (r < 0) {
		explicit_bzero(text, MAX);
		return r;
	}
	*ret = xstrdup(text);
	return 0;
}
