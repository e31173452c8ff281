/*
 * probe_program - open the executables of all processes there are, and then
 * again for writing; until "SECONDS" are over, or once
 *
 *   probe_program ROUNDS
 *
 * Says "opened PATH" and "WRITABLE PATH" for each of another program's.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void try_one(const char *pid, const char *self)
{
	char path[64], again[64], target[512];

	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(again, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	if (strcmp(target, self) != 0) {
		printf("opened %s\n", target);
		int writable = open(again, O_WRONLY | O_CLOEXEC);
		if (writable >= 0)
			printf("WRITABLE %s\n", target);
		close(writable);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	char self[512] = "";
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		perror("/proc/self/exe");
	for (int i = 0; i < rounds; i++) {
		DIR *list = opendir("/proc");
		for (struct dirent *entry; list && (entry = readdir(list));)
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
				try_one(entry->d_name, self);
		if (list)
			closedir(list);
	}
	return 0;
}
