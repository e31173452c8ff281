/*
 * tests/hostile/copy_one.c - copy what is in one archive, as "wolffia cp" does
 * with what comes out of a container, and say how it went
 *
 *   copy_one host|root ARCHIVE TARGET [NAME]
 *
 * "host": TARGET is a path of this machine.  "root": it is the root directory,
 * and the archive goes to its "/".  With NAME everything in the archive has to
 * be in that; without it is a user's own tar.
 * Prints one line: the errno's name or "ok", a tab, the message.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "storage/copy/copy_receive.h"
#include "storage/unpack/unpack_stages.h"

struct result {
	int result;
	struct error err;
	struct copy_counts counts;
};

static void receive(struct result *result, char **argv, int records_fd)
{
	struct copy_target target = { .path = argv[3], .archive = true };
	const struct copy_from from = { .name = argv[4], .stream = !argv[4] };

	if (strcmp(argv[1], "root") == 0) {
		if (chroot(argv[3]) < 0 || chdir("/") < 0)
			_exit(2);
		target.path = "/";
		target.inside = true;
	}
	result->result = copy_receive(&target, &from, records_fd,
				      &result->counts, &result->err);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct unpack_stages stages;
	struct error err = { 0 };
	uint8_t no_digest[32];
	int status = 0;

	if (argc < 4)
		return 2;
	struct result *result =
		mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int tar = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (result == MAP_FAILED || tar < 0 ||
	    unpack_stages_start(&stages, tar,
				1u << UNPACK_INFLATE | 1u << UNPACK_PARSE,
				UINT64_MAX, &err) < 0) {
		perror(argv[2]);
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0)
		receive(result, argv, stages.records_fd);
	fd_close(&stages.records_fd);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "the receiver ended with %#x\n", status);
		return 2;
	}
	int r = unpack_stages_finish(&stages, no_digest, &err);
	/* that the parser has died is what the receiver says by EPIPE */
	if (result->result < 0 && (result->result != -EPIPE || r == 0)) {
		r = result->result;
		err = result->err;
	}
	printf("%s\t%s\n", r == 0 ? "ok" : strerrorname_np(-r), err.text);
	return 0;
}
