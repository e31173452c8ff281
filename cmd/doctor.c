/*
 * cmd/doctor.c - "wolffia doctor": test what a start needs, one by one
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/process.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/doctor_checks.h"
#include "cmd/option_table.h"
#include "cmd/print.h"
#include "cmd/verbs.h"
#include "cmd/wrap.h"
#include "storage/store.h"

enum {
	SECONDS_MAX = 10, /* of one test */
	CHECKS_MAX = 32,
	COLUMN = 27, /* where the findings begin */
};

struct doctor_options {
	enum flag help, json, quiet;
};

/* clang-format off */
static const struct option_entry doctor_options_table[] = {
	{ .kind = OPTION_FLAG, .name = "json",
	  .offset = offsetof(struct doctor_options, json),
	  .help = "print one JSON object" },
	{ .kind = OPTION_FLAG, .letter = 'q', .name = "quiet",
	  .offset = offsetof(struct doctor_options, quiet),
	  .help = "print only what is not all right" },
	{ .kind = OPTION_FLAG, .letter = 'h', .name = "help",
	  .offset = offsetof(struct doctor_options, help),
	  .help = "print this" },
	OPTION_TABLE_END,
};
/* clang-format on */

static const char *const verdict_names[N_VERDICTS] = {
	[VERDICT_OK] = "ok",
	[VERDICT_WARN] = "warn",
	[VERDICT_FAIL] = "FAIL",
	[VERDICT_SKIP] = "skip",
};

/* the signal that asked to end; what is left is done, then we go */
static volatile sig_atomic_t interrupted;

static void note_signal(int sig)
{
	interrupted = sig;
}

static void catch_signals(void)
{
	/* without SA_RESTART: waitpid(2) has to return */
	struct sigaction action = { .sa_handler = note_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* A directory of our own, with what the tests need in it. */
struct scratch {
	char *path;
	int parent_fd;
	char *name, *lock_name;
	int lock_fd;
};

static int fill_scratch(const char *path, struct error *err)
{
	static const char *const names[] = {
		"lower",  "lower/dir",    "lower-upper", "lower-work",
		"served", "served-upper", "served-work", "merged",
	};
	scoped_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_set(err, errno, "open %s", path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mkdirat(dir, names[i], 0755) < 0)
			return error_set(err, errno, "make %s/%s", path,
					 names[i]);
	scoped_fd file = openat(dir, "lower/file",
				O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return error_set(err, errno, "make a file in %s", path);
	return fd_write_all(file, "x", 1, err);
}

/* the store's tmp/, or the nearest directory above that is there */
static char *scratch_parent(const char *store_path, bool *ret_in_store)
{
	char *path = xasprintf("%s/tmp", store_path);

	*ret_in_store = access(path, F_OK) == 0;
	while (access(path, F_OK) < 0 && errno == ENOENT) {
		char *slash = strrchr(path, '/');
		if (!slash || slash == path) {
			free(path);
			return xstrdup("/");
		}
		*slash = '\0';
	}
	return path;
}

/*
 * In the store it has a lock, as all work in progress has: if we are killed,
 * the next command that cleans up removes it (storage/stage.h).
 */
static int make_scratch(const char *store_path, struct scratch *s,
			struct error *err)
{
	bool in_store;
	scoped(char) *parent = scratch_parent(store_path, &in_store);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->parent_fd < 0)
		return error_set(err, errno, "open %s", parent);
	s->name = xasprintf("%sdoctor-%d", in_store ? "" : ".wolffia-",
			    (int)getpid());
	if (in_store) {
		s->lock_name = xasprintf("%s.lock", s->name);
		s->lock_fd =
			openat(s->parent_fd, s->lock_name,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (s->lock_fd < 0 || fcntl(s->lock_fd, F_OFD_SETLK, &lock) < 0)
			return error_set(err, errno, "make %s/%s", parent,
					 s->lock_name);
	}
	if (mkdirat(s->parent_fd, s->name, 0700) < 0) {
		error_set(err, errno, "make a directory in %s", parent);
		free(s->name);
		s->name = NULL;
		return error_hint(err, "choose a place for the store that you "
				       "may write: export WOLFFIA_STORE=DIR");
	}
	s->path = xasprintf("%s/%s", parent, s->name);
	return fill_scratch(s->path, err);
}

static void remove_scratch(struct scratch *s)
{
	struct error err;

	if (s->name && path_remove_tree(s->parent_fd, s->name, &err) < 0)
		print_error(&err);
	if (s->lock_fd >= 0)
		unlinkat(s->parent_fd, s->lock_name, 0);
	fd_close(&s->lock_fd);
	fd_close(&s->parent_fd);
	free(s->path);
	free(s->name);
	free(s->lock_name);
}

/* Return: the wait status; the child is killed when we are asked to end */
static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		if (interrupted)
			kill(pid, SIGKILL);
	return status;
}

static void run_check(const struct doctor *d, const struct check *check,
		      struct finding *shared)
{
	char how[64];
	pid_t parent = getpid();

	/* before the fork: from there on it is the child's */
	*shared = (struct finding){ .verdict = VERDICT_FAIL };
	pid_t pid = fork();
	if (pid == 0) {
		process_reset_signals();
		process_die_with_parent(parent);
		alarm(SECONDS_MAX);
		check->function(d, check->argument, shared);
		_exit(0);
	}
	if (pid < 0) {
		finding_say(shared, VERDICT_FAIL, "cannot start the test: %s",
			    strerror(errno));
		return;
	}
	int status = wait_for(pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		finding_say(shared, VERDICT_FAIL, "no answer within %d seconds",
			    SECONDS_MAX);
	else if (status != 0)
		finding_say(shared, VERDICT_FAIL, "the test %s",
			    process_describe(status, how, sizeof(how)));
}

/* one after the other; Return: how many were done */
static size_t run_checks(const struct doctor *d, struct finding *findings)
{
	size_t n = 0;
	struct finding *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return 0;
	for (; n < CHECKS_MAX && doctor_checks[n].name && !interrupted; n++) {
		const char *needs = doctor_checks[n].needs;
		size_t i = 0;

		while (needs && i < n && strcmp(doctor_checks[i].name, needs))
			i++;
		if (needs && (findings[i].verdict == VERDICT_FAIL ||
			      findings[i].verdict == VERDICT_SKIP)) {
			finding_say(&findings[n], VERDICT_SKIP,
				    "cannot be tested without: %s", needs);
			continue;
		}
		run_check(d, &doctor_checks[n], shared);
		findings[n] = *shared;
	}
	munmap(shared, sizeof(*shared));
	return n;
}

static void print_finding(const char *name, struct finding *f)
{
	char label[64];

	text_escape(f->text, sizeof(f->text), f->text);
	text_escape(f->remedy, sizeof(f->remedy), f->remedy);
	snprintf(label, sizeof(label), "%-4s  %s", verdict_names[f->verdict],
		 name);
	wrap_print(stdout, label, COLUMN, f->text);
	/* in one line, to be copied */
	if (*f->remedy)
		printf("      -> %s\n", f->remedy);
}

static bool has_failure(const struct finding *findings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (findings[i].verdict == VERDICT_FAIL)
			return true;
	return false;
}

static void print_text(struct finding *findings, size_t n, bool quiet)
{
	for (size_t i = 0; i < n; i++)
		if (!quiet || findings[i].verdict == VERDICT_WARN ||
		    findings[i].verdict == VERDICT_FAIL)
			print_finding(doctor_checks[i].name, &findings[i]);
	if (has_failure(findings, n))
		puts("\nA container cannot be started: see FAIL above.");
	else if (!quiet)
		puts("\nA container can be started.");
}

static void print_json(const struct finding *findings, size_t n)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			checks,
			json_pack("{s:s, s:s, s:s, s:s*}", "name",
				  doctor_checks[i].name, "verdict",
				  verdict_names[findings[i].verdict], "text",
				  findings[i].text, "remedy",
				  *findings[i].remedy ? findings[i].remedy
						      : NULL));
	json_t *all = json_pack("{s:b, s:o}", "can_start",
				!has_failure(findings, n), "checks", checks);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void find_store(const char *option, struct doctor *d, char **ret)
{
	scoped(char) *path = NULL;
	scoped(char) *cwd = getcwd(NULL, 0);

	if (store_default_path(option, &path, &d->store_error) < 0)
		return;
	*ret = path_normalize(cwd && *cwd == '/' ? cwd : "/", path);
	d->store_path = *ret;
}

static int examine(const struct doctor_options *options, const char *store)
{
	struct scratch scratch = { .parent_fd = -1, .lock_fd = -1 };
	scoped(struct finding) *findings =
		xcalloc(CHECKS_MAX, sizeof(*findings));
	scoped(char) *store_path = NULL;
	struct doctor d = { 0 };

	catch_signals();
	d.ids_result = outer_find_ids(false, &d.ids, &d.ids_error);
	find_store(store, &d, &store_path);
	if (d.store_path && geteuid() != 0 &&
	    make_scratch(d.store_path, &scratch, &d.scratch_error) == 0)
		d.scratch = scratch.path;
	size_t n = run_checks(&d, findings);
	remove_scratch(&scratch);
	if (interrupted)
		return STATUS_SIGNAL + interrupted;
	if (options->json == FLAG_YES)
		print_json(findings, n);
	else
		print_text(findings, n, options->quiet == FLAG_YES);
	return has_failure(findings, n) || n == 0;
}

static void print_usage(FILE *to)
{
	fputs("Usage: wolffia [--store DIR] doctor [--json] [--quiet]\n"
	      "Test what the start of a container needs, one by one, and say "
	      "how to mend what\nis not there.  Nothing is left behind.\n\n",
	      to);
	option_table_help(doctor_options_table, to);
	fputs("\nThe exit status is 0 when a container can be started, else "
	      "1.\nMore: wolffia-doctor(1)\n",
	      to);
}

int verb_doctor(const struct call *call)
{
	struct doctor_options options = { 0 };
	struct error err;
	int next = option_table_parse(doctor_options_table, call->argc,
				      call->argv, &options, &err);

	if (next >= 0 && next < call->argc && options.help != FLAG_YES) {
		error_say(&err, EINVAL, "doctor takes no argument \"%s\"",
			  call->argv[next]);
		next = -EINVAL;
	}
	if (next < 0) {
		print_error(&err);
		return STATUS_WOLFFIA;
	}
	if (options.help == FLAG_YES) {
		print_usage(stdout);
		return 0;
	}
	return examine(&options, call->global.store);
}
