/*
 * cmd/top.c - "wolffia top": the processes of a container
 *
 * The host's ps(1) shows all processes that the user may see, and those of the
 * container are kept.  Nothing of the container is executed (CVE-2022-1227).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/print.h"
#include "cmd/process_rows.h"
#include "cmd/ps_descriptors.h"
#include "cmd/show_tables.h"
#include "core/processes.h"

enum { OUTPUT_LARGEST = 64 << 20 };

struct top_options {
	struct container_options common;
};

#define TO top_options
/* clang-format off */
const struct option_entry top_table[] = {
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int not_running(const char *name, struct error *err)
{
	error_say(err, ESRCH, "the container %s is not running", name);
	return error_hint(err, "\"wolffia start %s\" starts it", name);
}

/* @options: what followed the name; Return: 0 with what ps said */
static int run_ps(const struct strv *options, char **ret, struct error *err)
{
	struct process_stdio stdio = { -1, -1, STDERR_FILENO };
	scoped_strv argv = { 0 };
	int ends[2];

	strv_add(&argv, "ps");
	int r = ps_descriptors(options, &argv, err);
	if (r < 0)
		return r;
	if (r == 0)
		strv_extend(&argv, options->v);
	if (options->n == 0)
		strv_add(&argv, "-ef");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	scoped_fd out = ends[0], in = ends[1];
	stdio.out = in;
	pid_t pid = process_spawn(strv_argv(&argv), &stdio, err);
	if (pid == -ENOENT) {
		error_say(err, ENOENT, "there is no program ps");
		return error_hint(err, "install the package procps");
	}
	if (pid < 0)
		return pid;
	fd_close(&in);
	ssize_t n = fd_read_all(out, OUTPUT_LARGEST, ret, err);
	fd_close(&out);
	struct error ignored;
	int status = process_wait(pid, n < 0 ? &ignored : err);
	if (n < 0)
		return (int)n;
	char how[64];
	return status == 0 ? 0
	       : status < 0
		       ? status
		       : error_say(err, ECHILD, "ps %s",
				   process_describe(status, how, sizeof(how)));
}

/* is it still what the list of processes was made for? */
static int check_same(const struct container_verb *verb,
		      const struct record *before, struct error *err)
{
	struct container now = { 0 };
	int r = container_find(&verb->store, before->id, &now, err);
	bool same = r == 0 && now.alive && now.record.pid == before->pid;

	container_free(&now);
	return same ? 0 : not_running(before->name, err);
}

static int show(const struct container_verb *verb, const struct record *record,
		struct error *err)
{
	/* the name is the first, the rest is for ps */
	const struct strv options = { verb->arguments.v + 1,
				      verb->arguments.n - 1 };
	scoped_processes processes = { 0 };
	scoped(char) *text = NULL;
	scoped_strv lines = { 0 };
	int r = processes_find(record->pid, &processes, err);

	if (r == 0)
		r = run_ps(&options, &text, err);
	if (r == 0)
		r = check_same(verb, record, err);
	if (r == 0)
		r = process_rows_select(text, &processes, &lines, err);
	for (size_t i = 0; r == 0 && i < lines.n; i++)
		puts(lines.v[i]);
	return r == -ESRCH ? not_running(record->name, err) : r;
}

int verb_top(const struct call *call)
{
	struct top_options options = { 0 };
	struct container_verb verb = {
		.table = top_table,
		.usage = "top CONTAINER [OPTION OF PS... | DESCRIPTOR...]",
		.options_first = true,
		.least = 1,
	};
	struct container container = { 0 };
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		r = container_find(&verb.store, verb.arguments.v[0], &container,
				   &err);
		if (r == 0 && (!container.alive || container.record.pid == 0))
			r = not_running(container.record.name, &err);
		if (r == 0)
			r = show(&verb, &container.record, &err);
		if (r < 0)
			print_error(&err);
		status = r < 0 ? STATUS_WOLFFIA : 0;
	}
	container_free(&container);
	container_verb_end(&verb);
	return status;
}
