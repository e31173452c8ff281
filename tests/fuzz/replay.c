/*
 * A fuzz target without the fuzzer: runs it once on each file of the
 * directories that are named, so that "meson test" keeps what was once found.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int replay_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct error err = { 0 };
	int n = 0;

	if (!directory) {
		perror(path);
		return -1;
	}
	for (struct dirent *entry; (entry = readdir(directory));) {
		scoped(char) *data = NULL;
		struct stat st;

		if (fstatat(dirfd(directory), entry->d_name, &st, 0) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		ssize_t size = fd_read_file(dirfd(directory), entry->d_name,
					    16 << 20, &data, &err);
		if (size < 0) {
			fprintf(stderr, "%s: %s\n", path, err.text);
			n = -1;
			break;
		}
		printf("%s/%s\n", path, entry->d_name);
		fflush(stdout);
		LLVMFuzzerTestOneInput((unsigned char *)data, (size_t)size);
		n++;
	}
	closedir(directory);
	return n;
}

/* a corpus that is not there, or empty, tests nothing: that is a failure */
int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		if (replay_directory(argv[i]) <= 0)
			return 1;
	return argc < 2;
}
