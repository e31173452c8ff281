#include "core/workload.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"

enum { PROC_LARGEST = 1 << 20 };

static char *read_proc(pid_t pid, const char *file)
{
	scoped(char) *path = xasprintf("/proc/%d/%s", (int)pid, file);
	struct error ignored;
	char *text = NULL;

	return fd_read_file(AT_FDCWD, path, PROC_LARGEST, &text, &ignored) < 0
		       ? NULL
		       : text;
}

/* the value of a line "Name:\tvalue" of /proc/PID/status */
static const char *find_line(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? line + strlen(name) : NULL;
}

/* its number in the innermost pid namespace */
static pid_t inner_number(pid_t pid)
{
	scoped(char) *status = read_proc(pid, "status");
	const char *numbers = status ? find_line(status, "\nNSpid:") : NULL;
	pid_t last = 0;

	while (numbers && *numbers == '\t') {
		char *end;
		last = (pid_t)strtol(numbers, &end, 10);
		numbers = end;
	}
	return last;
}

pid_t workload_find(pid_t init_pid, pid_t inner_pid)
{
	scoped(char) *file = xasprintf("task/%d/children", (int)init_pid);
	scoped(char) *children = read_proc(init_pid, file);
	char *next = children;

	while (next && *next) {
		char *end;
		pid_t child = (pid_t)strtol(next, &end, 10);
		if (end == next)
			return 0;
		if (inner_number(child) == inner_pid)
			return child;
		next = end;
	}
	return 0;
}

static bool mask_has(const char *status, const char *name, int number)
{
	const char *mask = find_line(status, name);

	return mask && strtoull(mask, NULL, 16) >> (number - 1) & 1;
}

bool workload_ignores(pid_t init_pid, pid_t inner_pid, bool is_pid1, int number)
{
	pid_t pid = is_pid1 ? init_pid : workload_find(init_pid, inner_pid);
	scoped(char) *status = pid > 0 ? read_proc(pid, "status") : NULL;

	if (!status || number == 9)
		return false;
	if (mask_has(status, "\nSigIgn:", number))
		return true;
	return is_pid1 && !mask_has(status, "\nSigCgt:", number) &&
	       !mask_has(status, "\nSigBlk:", number);
}

uint64_t workload_oom_kills(void)
{
	struct error ignored;
	scoped(char) *text = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/vmstat", PROC_LARGEST, &text,
			 &ignored) < 0)
		return 0;
	const char *value = find_line(text, "\noom_kill ");
	return value ? strtoull(value, NULL, 10) : 0;
}
