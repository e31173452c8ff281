/*
 * probe_moving - files that do not stay as they are while others look at them
 *
 *   probe_moving swap A B ...   exchange the names A and B (and the next pair)
 *                               for ever
 *   probe_moving resize FILE    make it longer and shorter for ever
 *   probe_moving socket PATH    make a socket, once
 *
 * Says "moving" when it has begun.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int swap(char **names, int n)
{
	for (;;) {
		for (int i = 0; i + 1 < n; i += 2)
			if (syscall(SYS_renameat2, AT_FDCWD, names[i], AT_FDCWD,
				    names[i + 1], RENAME_EXCHANGE) < 0) {
				perror(names[i]);
				return 1;
			}
	}
}

static int resize(const char *path)
{
	static char data[100000];
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	memset(data, 'x', sizeof(data));
	for (;;) {
		for (int i = 0; i < 20; i++)
			if (pwrite(fd, data, sizeof(data),
				   i * (off_t)sizeof(data)) < 0) {
				perror(path);
				return 1;
			}
		if (ftruncate(fd, 1) < 0) {
			perror(path);
			return 1;
		}
	}
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	puts("moving");
	fflush(stdout);
	if (strcmp(argv[1], "swap") == 0)
		return swap(argv + 2, argc - 2);
	if (strcmp(argv[1], "resize") == 0)
		return resize(argv[2]);
	return make_socket(argv[2]);
}
