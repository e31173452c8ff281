/*
 * probe_mounts - can the mounts that a container starts with be taken away?
 *
 * Tries to unmount, to make writable, and to move each line of
 * /proc/self/mountinfo below the paths that are given (none: all).  Says
 * "unmounted PATH", "remounted PATH", "moved PATH" for what succeeded, and
 * "tried N" at the end.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attributes {
	unsigned long long set, clear, propagation, userns_fd;
};

static int n_tried;

static int is_read_only(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

static void try_mount(const char *path)
{
	struct attributes writable = { .clear = 1 }; /* MOUNT_ATTR_RDONLY */
	unsigned flags = MS_REMOUNT | MS_BIND;

	n_tried++;
	if (is_read_only(path)) {
		mount(NULL, path, NULL, flags, NULL);
		syscall(SYS_mount_setattr, -100, path, 0, &writable,
			sizeof(writable));
		if (!is_read_only(path))
			printf("remounted %s\n", path);
	}
	mkdir("/tmp/moved", 0700);
	if (mount(path, "/tmp/moved", NULL, MS_MOVE, NULL) == 0)
		printf("moved %s\n", path);
	if (umount2(path, 0) == 0 || umount2(path, MNT_DETACH) == 0)
		printf("unmounted %s\n", path);
}

static int is_asked_for(const char *path, int argc, char **argv)
{
	if (argc == 1)
		return 1;
	for (int i = 1; i < argc; i++)
		if (strncmp(path, argv[i], strlen(argv[i])) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	static char paths[512][256];
	char line[8192];
	int n = 0;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");

	while (mounts && n < 512 && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*d %*d %*s %*s %255s", paths[n]) == 1)
			n += is_asked_for(paths[n], argc, argv);
	if (mounts)
		fclose(mounts);
	/* the last one first: it may lie on others */
	for (int i = n - 1; i >= 0; i--)
		try_mount(paths[i]);
	printf("tried %d\n", n_tried);
	return 0;
}
