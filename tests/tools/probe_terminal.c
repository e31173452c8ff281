/*
 * probe_terminal - what can be done to the terminal, if there is one?
 * One line "WHAT ERRNO" each, and its size.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s %s\n", what,
	       result < 0 ? strerrorname_np(errno) : "succeeded");
}

int main(void)
{
	struct winsize size;
	int tty = open("/dev/tty", O_RDWR);

	printf("isatty %d %d %d\n", isatty(0), isatty(1), isatty(2));
	say("/dev/tty", tty);
	for (int fd = 0; fd < 3; fd++) {
		say("TIOCSTI", ioctl(fd, TIOCSTI, "X"));
		say("TIOCSTI-high",
		    syscall(SYS_ioctl, fd, TIOCSTI | 1ul << 32, "X"));
		say("TIOCLINUX", ioctl(fd, 0x541c, "\x02"));
		say("TIOCSETD", ioctl(fd, TIOCSETD, &(int){ 0 }));
	}
	say("TIOCSCTTY", ioctl(2, TIOCSCTTY, 1));
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("size %hux%hu\n", size.ws_row, size.ws_col);
	return 0;
}
