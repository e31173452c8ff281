#include "core/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/memory.h"

enum { CHILDREN_LARGEST = 1 << 20 };

static void add(struct processes *processes, pid_t pid)
{
	/* the room is a power of two */
	if ((processes->n & (processes->n - 1)) == 0)
		processes->pids = xreallocarray(
			processes->pids, processes->n ? 2 * processes->n : 1,
			sizeof(*processes->pids));
	processes->pids[processes->n++] = pid;
}

/* "12 345 " */
static void add_list(struct processes *processes, const char *text)
{
	char *end;

	for (;;) {
		long pid = strtol(text, &end, 10);
		if (end == text || pid <= 0)
			return;
		add(processes, (pid_t)pid);
		text = end;
	}
}

/* each thread has children of its own */
static int add_children(struct processes *processes, pid_t pid,
			struct error *err)
{
	scoped(char) *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);

	if (!threads)
		return error_set(err, errno, "open %s", path);
	for (struct dirent *entry; (entry = readdir(threads));) {
		if (entry->d_name[0] == '.')
			continue;
		scoped(char) *file = xasprintf("%s/children", entry->d_name);
		scoped(char) *text = NULL;
		struct error ignored;
		/* a thread may end in between */
		if (fd_read_file(dirfd(threads), file, CHILDREN_LARGEST, &text,
				 &ignored) >= 0)
			add_list(processes, text);
	}
	closedir(threads);
	return 0;
}

int processes_find(pid_t init_pid, struct processes *ret, struct error *err)
{
	struct processes all = { 0 };
	struct error ignored;

	add(&all, init_pid);
	int r = add_children(&all, init_pid, err);
	if (r < 0) {
		processes_free(&all);
		return r == -ENOENT ? error_set(err, ESRCH, "process %d",
						(int)init_pid)
				    : r;
	}
	/* the list grows while it is walked: a tree by levels */
	for (size_t i = 1; i < all.n; i++)
		add_children(&all, all.pids[i], &ignored);
	*ret = all;
	return 0;
}

void processes_free(struct processes *processes)
{
	free(processes->pids);
	*processes = (struct processes){ 0 };
}

bool processes_contain(const struct processes *processes, pid_t pid)
{
	for (size_t i = 0; i < processes->n; i++)
		if (processes->pids[i] == pid)
			return true;
	return false;
}
