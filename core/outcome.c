#include "core/outcome.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "base/status.h"
#include "core/record.h"

/* what fuse-overlayfs said last, if anything; it may explain a failure */
static void add_server_words(struct launch *l, struct error *err)
{
	char said[512];

	fd_close(&l->server_log[1]);
	ssize_t n = read(l->server_log[0], said, sizeof(said) - 1);
	if (n <= 0)
		return;
	said[n] = '\0';
	/* one line, without what it always says */
	for (char *line = said, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!*line || strstr(line, "unknown argument ignored"))
			continue;
		char text[sizeof(err->text)];
		memcpy(text, err->text, sizeof(text));
		error_say(err, err->code, "%s (fuse-overlayfs says: %s)", text,
			  line);
		return;
	}
}

static int status_of_failure(const struct launch *l, const struct error *err)
{
	sigset_t pending;

	/* after an interruption the command may have failed on our killing */
	if (err->code != EINTR && l->board && l->board->exec_failed)
		return err->code == ENOENT ? STATUS_NOT_FOUND
					   : STATUS_CANNOT_EXEC;
	sigpending(&pending);
	for (int sig = 1; err->code == EINTR && sig < 32; sig++)
		if (sig != SIGCHLD && sig != SIGWINCH && sig != SIGCONT &&
		    sigismember(&pending, sig))
			return STATUS_SIGNAL + sig;
	return STATUS_WOLFFIA;
}

/* a full disk, for example: success would be a lie */
static int judge_output(struct outcome *o, struct error *err)
{
	if (!o->ended.output_error)
		return 0;
	if (o->status == 0)
		o->status = STATUS_WOLFFIA;
	return error_set(err, o->ended.output_error,
			 "pass the container's output on");
}

int outcome_judge(const struct launch *l, struct outcome *o, struct error *err)
{
	const struct ended *ended = &o->ended;
	char how[64];

	o->status = process_exit_status(ended->wait_status);
	switch (ended->how) {
	case ENDED_BY_ITSELF:
		return judge_output(o, err);
	case ENDED_BY_TIMEOUT:
		return error_say(err, ETIMEDOUT,
				 "the container was ended after %llu.%03llu s "
				 "(--timeout)",
				 (unsigned long long)l->spec->timeout_ms / 1000,
				 (unsigned long long)l->spec->timeout_ms %
					 1000);
	case ENDED_BY_STOP:
		return 0;
	case ENDED_WITH_PARENT:
		error_say(err, ECHILD,
			  "the process that started the container "
			  "is gone, so it was ended");
		return error_hint(err, "--keep lets it go on");
	case ENDED_WITH_SERVER:
		o->status = STATUS_WOLFFIA;
		return error_say(err, EIO,
				 "the file system server (fuse-overlayfs) %s, "
				 "so the container was ended",
				 process_describe(ended->server_status, how,
						  sizeof(how)));
	case ENDED_WITH_GUARD:
		o->status = STATUS_WOLFFIA;
		return error_say(err, ECHILD,
				 "the process that watches over PID 1 %s, so "
				 "the container was ended",
				 process_describe(ended->guard_status, how,
						  sizeof(how)));
	case ENDED_WITH_INIT:
		return error_say(
			err, ECHILD, "PID 1 of the container %s",
			process_describe(ended->wait_status, how, sizeof(how)));
	}
	return 0;
}

/*
 * A launch whose file system server died has failed for that reason, whatever
 * step noticed it: the command that "cannot be executed" is there.
 */
static int explain_server_end(const struct launch *l, struct error *err)
{
	siginfo_t end = { 0 };
	pid_t pid = l->board->server_pid;
	char how[64];

	if (err->code == EINTR || pid <= 0)
		return 0;
	/* its last descriptors were closed before its end can be seen */
	bool is_lost = err->code == ENOTCONN || err->code == ECONNABORTED;
	if (waitid(P_PID, (id_t)pid, &end,
		   WEXITED | WNOWAIT | (is_lost ? 0 : WNOHANG)) < 0 ||
	    end.si_pid != pid)
		return 0;
	return error_say(err, EIO, "the file system server (fuse-overlayfs) %s",
			 process_describe(end.si_code == CLD_EXITED
						  ? end.si_status << 8
						  : end.si_status,
					  how, sizeof(how)));
}

void outcome_fail(struct launch *l, struct outcome *o, struct error *err)
{
	int lost = explain_server_end(l, err);

	supervise_kill(l);
	o->status = lost < 0 ? STATUS_WOLFFIA : status_of_failure(l, err);
	add_server_words(l, err);
}

const char *outcome_cause(const struct outcome *o)
{
	if (!o->started)
		return CAUSE_LAUNCHER;
	switch (o->ended.how) {
	case ENDED_BY_TIMEOUT:
		return CAUSE_TIMEOUT;
	case ENDED_BY_STOP:
		return CAUSE_STOPPED;
	case ENDED_BY_ITSELF:
		break;
	case ENDED_WITH_INIT:
		if (o->ended.out_of_memory)
			return CAUSE_OOM;
		/* fall through */
	default:
		return CAUSE_LAUNCHER;
	}
	if (o->ended.out_of_memory)
		return CAUSE_OOM;
	if (o->ended.stop_asked)
		return CAUSE_STOPPED;
	if (WIFSIGNALED(o->ended.wait_status))
		return CAUSE_SIGNAL;
	return o->result < 0 ? CAUSE_LAUNCHER : CAUSE_EXIT;
}

int outcome_signal(const struct outcome *o)
{
	return o->started && WIFSIGNALED(o->ended.wait_status)
		       ? WTERMSIG(o->ended.wait_status)
		       : 0;
}
