#include "tests/unit/confine/child.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"

int child_run(int (*function)(const void *argument), const void *argument)
{
	struct error err;

	fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(function(argument));
	int status = process_wait(pid, &err);
	ck_assert_msg(status >= 0, "%s", err.text);
	return process_exit_status(status);
}

bool child_make_root(void)
{
	struct error err;
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER) == 0 &&
	       fd_write_file(-1, "/proc/self/uid_map", uids, &err) == 0 &&
	       fd_write_file(-1, "/proc/self/setgroups", "deny", &err) == 0 &&
	       fd_write_file(-1, "/proc/self/gid_map", gids, &err) == 0;
}

bool child_skip(const char *reason)
{
	const char *must = getenv("TESTS_MUST_RUN");

	ck_assert_msg(!must || strcmp(must, "1") != 0, "not run: %s", reason);
	printf("skipped: %s\n", reason);
	return true;
}
