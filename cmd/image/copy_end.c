#include "cmd/image/copy_end.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "core/containers.h"

struct copy_report {
	int result;
	struct error err;
};

int copy_end_find(struct copy_end *end, const struct store *store,
		  const char *text, struct error *err)
{
	struct container container = { 0 };

	*end = (struct copy_end){ 0 };
	int r = copy_argument_parse(text, &end->argument, err);
	if (r < 0 || !end->argument.container)
		return r;
	r = container_find(store, end->argument.container, &container, err);
	if (r == 0)
		end->id = xstrdup(container.record.id);
	else if (r == -ENOENT && !*err->hint)
		error_hint(err, "a file of this machine with a colon in its "
				"name is written ./NAME");
	container_free(&container);
	return r;
}

void copy_end_close(struct copy_end *end)
{
	struct error ignored;

	if (end->child > 0) {
		kill(end->child, SIGKILL);
		process_wait(end->child, &ignored);
	}
	visit_end(take_ptr(end->visit));
	if (end->report)
		munmap(take_ptr(end->report), sizeof(*end->report));
	free(take_ptr(end->id));
	copy_argument_free(&end->argument);
}

int copy_end_open(struct copy_end *end, const struct store *store,
		  struct error *err)
{
	struct container container = { 0 };

	if (!end->id)
		return 0;
	int r = container_find(store, end->id, &container, err);
	if (r == 0)
		r = visit_begin(store, &container, &end->visit, err);
	container_free(&container);
	return r;
}

static int start_here(struct copy_end *end,
		      int (*function)(void *, struct error *), void *argument,
		      struct error *err)
{
	pid_t parent = getpid();
	struct copy_report *report =
		mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (report == MAP_FAILED)
		return error_set(err, errno, "share memory");
	end->report = report;
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		process_die_with_parent(parent);
		report->result = function(argument, &report->err);
		_exit(0);
	}
	end->child = pid;
	return 0;
}

int copy_end_start(struct copy_end *end, bool writes, const int *fds, size_t n,
		   int (*function)(void *argument, struct error *err),
		   void *argument, struct error *err)
{
	return end->visit ? visit_start(end->visit, writes, fds, n, function,
					argument, err)
			  : start_here(end, function, argument, err);
}

int copy_end_await(struct copy_end *end, struct error *err)
{
	char how[64];

	if (end->visit)
		return visit_await(end->visit, err);
	int status = process_wait(end->child, err);
	end->child = 0;
	if (status < 0)
		return status;
	if (status > 0)
		return error_say(err, ECHILD, "the process that copies %s",
				 process_describe(status, how, sizeof(how)));
	if (end->report->result < 0)
		*err = end->report->err;
	return end->report->result;
}
