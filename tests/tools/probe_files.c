/*
 * probe_files - make what a launcher may have trouble to remove
 *
 *   probe_files deep N    N directories, one in the other
 *   probe_files many N    N files in one directory
 *   probe_files strange   names, modes and kinds of files that are unusual
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int deep(int n)
{
	for (int i = 0; i < n; i++)
		if (mkdir("d", 0700) < 0 || chdir("d") < 0) {
			perror("d");
			return 1;
		}
	return 0;
}

static int many(int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		int fd = open(name, O_CREAT | O_WRONLY, 0);
		if (fd < 0) {
			perror(name);
			return 1;
		}
		close(fd);
	}
	return 0;
}

static int strange(void)
{
	int r = 0;

	r |= mkdir("closed", 0700);
	r |= mkdir("closed/in it", 0700);
	close(open("closed/in it/\n\033[31m", O_CREAT | O_WRONLY, 0));
	r |= chmod("closed/in it", 0);
	r |= chmod("closed", 0);
	r |= mkfifo("fifo", 0);
	r |= symlink("/", "root");
	r |= symlink("loop", "loop");
	r |= mkdir("sticky", 01777);
	close(open("sticky/other's", O_CREAT | O_WRONLY, 0600));
	r |= chown("sticky/other's", 1234, 4321);
	r |= chown("sticky", 4321, 1234);
	return r ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "deep") == 0)
		return deep(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "many") == 0)
		return many(atoi(argv[2]));
	return strange();
}
