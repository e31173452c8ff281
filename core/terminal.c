#include "core/terminal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

void terminal_set_raw(struct terminal *terminal)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->cooked) < 0)
		return;
	raw = terminal->cooked;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void terminal_set_cooked(struct terminal *terminal)
{
	if (terminal->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal->cooked);
	terminal->raw = false;
}

bool terminal_was_left(int fd, int error)
{
	return error == EIO && isatty(fd);
}

bool terminal_size(struct winsize *ret)
{
	return ioctl(STDIN_FILENO, TIOCGWINSZ, ret) == 0 ||
	       ioctl(STDOUT_FILENO, TIOCGWINSZ, ret) == 0;
}

void terminal_type_end(int master_fd, char last)
{
	struct termios modes;
	char end[2];

	if (tcgetattr(master_fd, &modes) < 0)
		return;
	end[0] = end[1] = (char)modes.c_cc[VEOF];
	bool line_is_open = last && last != '\n';
	ssize_t ignored = write(master_fd, end, line_is_open ? 2 : 1);
	(void)ignored;
}

bool terminal_outputs_are_one(void)
{
	struct stat x, y;

	return fstat(STDOUT_FILENO, &x) == 0 && fstat(STDERR_FILENO, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
