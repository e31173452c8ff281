/*
 * probe_identity - who is this process, and what can it become?
 *
 *   probe_identity                   ids, groups and capabilities, a line each
 *   probe_identity -s UID PROGRAM... set the user to UID, then run PROGRAM
 *   probe_identity -p TEXT           write TEXT, and wait to be killed
 *   probe_identity -c FILE           give FILE all capabilities
 *   probe_identity -k                the number of the session keyring
 *   probe_identity -j PROGRAM...     begin a session keyring, say its number,
 *                                    and run PROGRAM
 */
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static void print_status(void)
{
	static const char *const wanted[] = {
		"Uid:",    "Gid:",    "Groups:", "CapInh:",     "CapPrm:",
		"CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:"
	};
	char line[4096];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
	}
	if (status)
		fclose(status);
}

/* as setcap(8) does it: effective, and permitted all of them */
static int give_capabilities(const char *path)
{
	struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = ~0u }, { .permitted = 0x1ff } },
	};

	if (setxattr(path, "security.capability", &data, sizeof(data), 0) < 0) {
		perror(path);
		return 125;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "-s") == 0) {
		uid_t uid = (uid_t)atoi(argv[2]);
		if (setgid(uid) < 0 || setuid(uid) < 0) {
			perror("setuid");
			return 125;
		}
		execv(argv[3], argv + 3);
		perror(argv[3]);
		return 127;
	}
	if (argc == 3 && strcmp(argv[1], "-p") == 0) {
		puts(argv[2]);
		fflush(stdout);
		for (;;)
			pause();
	}
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return give_capabilities(argv[2]);
	if (argc == 2 && strcmp(argv[1], "-k") == 0) {
		printf("keyring %ld\n",
		       syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			       KEY_SPEC_SESSION_KEYRING, 0));
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "-j") == 0) {
		printf("outside %ld\n",
		       syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
		fflush(stdout);
		execv(argv[2], argv + 2);
		perror(argv[2]);
		return 127;
	}
	print_status();
	return 0;
}
