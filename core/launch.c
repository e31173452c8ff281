#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/init.h"
#include "core/launch_record.h"
#include "core/notify.h"
#include "core/outcome.h"
#include "core/plan.h"
#include "core/report.h"
#include "core/state_lock.h"
#include "core/steps.h"
#include "core/supervise.h"
#include "core/walk.h"

/* nohup(1), or a shell for what it starts in the background, ignores it */
static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* From here on these come through a descriptor; children put it all back. */
static int catch_signals(struct launch *l, struct error *err)
{
	static const int caught[] = { SIGCHLD, SIGTERM, SIGINT,  SIGHUP,
				      SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
				      SIGTSTP, SIGCONT };
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		if (caught[i] == SIGCHLD || !is_ignored(caught[i]))
			sigaddset(&mask, caught[i]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log that meets a limit loses lines */
	signal(SIGCHLD, SIG_DFL); /* an ignored one reaps by itself */
	if (sigprocmask(SIG_BLOCK, &mask, &l->caller_mask) < 0)
		return error_set(err, errno, "block signals");
	l->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0)
		return error_set(err, errno, "receive signals");
	return 0;
}

/* The parent is watched by a descriptor: its number may be another's soon. */
static int watch_parent(struct launch *l, struct error *err)
{
	pid_t parent = getppid();

	if (l->spec->keep || l->background || parent <= 1)
		return 0;
	l->parent_fd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (l->parent_fd < 0 && errno != ESRCH)
		return error_set(err, errno, "watch the parent process");
	if (getppid() != parent || l->parent_fd < 0)
		return error_say(err, EINTR,
				 "the process that started it is gone");
	return 0;
}

int launch_share_board(struct launch *l, struct error *err)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (board == MAP_FAILED)
		return error_set(err, errno, "share memory");
	l->board = board;
	return 0;
}

static int prepare(struct launch *l, struct error *err)
{
	int r = launch_share_board(l, err);

	l->landlock_abi = landlock_abi();
	if (r == 0)
		r = catch_signals(l, err);
	return r < 0 ? r : watch_parent(l, err);
}

/* who started it in the background waits for this */
static void tell_ready(struct launch *l)
{
	const struct launch_news fine = { 0 };

	if (l->ready_fd < 0)
		return;
	/* when that one is gone, it is its affair */
	ssize_t ignored = write(l->ready_fd, &fine, sizeof(fine));
	(void)ignored;
	if (!l->tell_end)
		fd_close(&l->ready_fd);
}

static int write_pidfile(const struct launch *l, struct error *err)
{
	if (!l->pidfile)
		return 0;
	scoped(char) *line = xasprintf("%d\n", (int)l->board->init_pid);
	scoped_fd fd = open(l->pidfile,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "open %s", l->pidfile);
	return fd_write_all(fd, line, strlen(line), err);
}

/*
 * The service manager, if one started us in the foreground.  Nobody may be
 * there any more: NOTIFY_SOCKET is inherited, so that is no error.
 */
static void notify(const struct launch *l, const char *lines)
{
	struct error ignored;

	if (!l->background)
		notify_send(lines, &ignored);
}

static void notify_ready(const struct launch *l)
{
	scoped(char) *lines = xasprintf("READY=1\nMAINPID=%d\n"
					"STATUS=The container %s runs.",
					(int)getpid(), l->record.name);

	notify(l, lines);
}

int step_record(struct launch *l, struct error *err)
{
	return l->record.id ? 0 : launch_record_begin(l, err);
}

int step_note_start(struct launch *l, struct error *err)
{
	int r = write_pidfile(l, err);

	if (r < 0)
		return r;
	fd_close(&l->server_log[1]);
	for (int i = 0; i < 3; i++)
		fd_close(&l->stream[i].inside);
	r = launch_record_started(l, err);
	if (r < 0)
		return r;
	report_started(l, run_plan);
	tell_ready(l);
	notify_ready(l);
	return 0;
}

/*
 * With --pid1 nobody of ours is in the container who would see the launcher's
 * end, and the kernel forgets PR_SET_PDEATHSIG when the workload changes its
 * ids: so the outer process stays and sees it.
 */
_Noreturn static void guard(struct launch *l)
{
	int keep[] = { l->peer[LAUNCHER], l->init_fd };
	struct pollfd launcher = { l->peer[LAUNCHER], 0, 0 };
	struct error ignored;

	if (keep[0] > keep[1]) {
		keep[0] = l->init_fd;
		keep[1] = l->peer[LAUNCHER];
	}
	/* it outlives the launcher by a moment, also when all of the
	 * launcher's process group is killed; before this it had to die */
	setsid();
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (fd_close_above(keep, 2, &ignored) == 0)
		while (poll(&launcher, 1, -1) < 0 && errno == EINTR)
			;
	syscall(SYS_pidfd_send_signal, l->init_fd, SIGKILL, NULL, 0);
	_exit(0);
}

/* The processes that the plan made go their ways; only the launcher returns. */
static int start(struct launch *l, struct error *err)
{
	int r = walk(run_plan, l, err);

	if (l->me == LAUNCHER)
		return r;
	if (r == 0 && l->me == OUTER && l->spec->pid1)
		guard(l);
	if (r < 0 || l->me == OUTER)
		_exit(r < 0 ? STATUS_WOLFFIA : 0);
	init_serve(l, l->workload);
}

/* of one start; what lasts over restarts is in finish() */
static void close_start(struct launch *l)
{
	int *fds[] = { &l->peer[0],
		       &l->peer[1],
		       &l->peer[2],
		       &l->server_log[0],
		       &l->server_log[1],
		       &l->terminal_fd,
		       &l->terminal_socket[0],
		       &l->terminal_socket[1],
		       &l->root_socket[0],
		       &l->root_socket[1],
		       &l->root_tree_fd,
		       &l->inner_userns_fd,
		       &l->outer_userns_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	for (int i = 0; i < 3; i++) {
		fd_close(&l->stream[i].inside);
		fd_close(&l->stream[i].outside);
	}
}

void launch_close(struct launch *l)
{
	close_start(l);
	fd_close(&l->signal_fd);
	fd_close(&l->parent_fd);
	fd_close(&l->control_fd);
	log_close(take_ptr(l->log));
	for (int i = 0; i < 3; i++)
		fd_close(&l->attached[i]);
	if (l->board)
		munmap(l->board, sizeof(*l->board));
	record_free(&l->record);
}

static const struct launch nothing = {
	.me = LAUNCHER,
	.peer = { -1, -1, -1 },
	.outer_userns_fd = -1,
	.signal_fd = -1,
	.parent_fd = -1,
	.control_fd = -1,
	.root_tree_fd = -1,
	.inner_userns_fd = -1,
	.init_to_launcher = -1,
	.init_fd = -1,
	.stream = { { -1, -1 }, { -1, -1 }, { -1, -1 } },
	.server_log = { -1, -1 },
	.root_socket = { -1, -1 },
	.terminal_socket = { -1, -1 },
	.terminal_fd = -1,
	.stage_fd = -1,
	.root_fd = -1,
	.null_fd = -1,
	.mapping = { .uid_output = -1, .gid_output = -1 },
};

void launch_init(struct launch *l)
{
	*l = nothing;
}

struct id_text launch_root_ids(const struct launch *l)
{
	struct id_text ids;

	snprintf(ids.uid, sizeof(ids.uid), "%u",
		 idmap_to_outside(&l->spec->inner_uids, 0));
	snprintf(ids.gid, sizeof(ids.gid), "%u",
		 idmap_to_outside(&l->spec->inner_gids, 0));
	return ids;
}

/* one start, until its end */
static void run_once(struct launch *l, struct watch **watch, struct outcome *o,
		     struct error *err)
{
	struct error ignored;

	*o = (struct outcome){ .status = STATUS_WOLFFIA };
	if (pipe2(l->server_log, O_CLOEXEC) < 0)
		o->result = error_set(err, errno, "make a pipe");
	else
		o->result = start(l, err);
	if (o->result == 0) {
		o->started = true;
		if (!*watch)
			*watch = supervise_new(l);
		o->result = supervise(*watch, &o->ended, err);
		if (o->result == 0)
			o->result = outcome_judge(l, o, err);
	} else {
		outcome_fail(l, o, err);
	}
	if (o->started && l->board->server_pid > 0)
		process_wait(l->board->server_pid, &ignored);
}

static bool wants_restart(const struct launch *l, const struct outcome *o)
{
	const struct spec *spec = l->spec;

	if (!o->started || o->ended.stop_asked ||
	    o->ended.how == ENDED_WITH_PARENT)
		return false;
	switch (spec->restart) {
	case RESTART_NO:
		return false;
	case RESTART_ON_FAILURE:
		return o->status != 0 &&
		       (spec->restart_max == 0 ||
			l->record.restarts < spec->restart_max);
	default:
		return true;
	}
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* docker's: 100 ms, doubled each time, up to a minute; from the beginning
 * again when it ran for ten seconds */
static uint64_t next_delay_ms(uint64_t ran_ns, uint64_t last)
{
	if (last == 0 || ran_ns > 10ull * 1000000000)
		return 100;
	return last * 2 > 60000 ? 60000 : last * 2;
}

/* @phase: PHASE_RESTARTING, and if that comes to nothing PHASE_EXITED */
static int record_end(struct launch *l, enum phase phase, struct outcome *o,
		      const struct error *why, struct error *err)
{
	int r = o->recorded
			? launch_record_phase(l, phase, err)
			: launch_record_ended(l, phase, o->status,
					      outcome_signal(o),
					      outcome_cause(o),
					      o->result < 0 ? why : NULL, err);

	o->recorded = true;
	return r;
}

static void forget_start(struct launch *l)
{
	sigset_t mask = l->caller_mask;

	close_start(l);
	user_free(&l->user);
	memset(l->board, 0, sizeof(*l->board));
	l->outer_pid = 0;
	l->mapping = nothing.mapping;
	l->caller_mask = mask;
	l->again = true;
}

static void run_until_end(struct launch *l, struct outcome *o,
			  struct watch **watch, struct error *err)
{
	uint64_t delay = 0;
	struct error ignored;

	for (;;) {
		uint64_t began = monotonic_ns();
		run_once(l, watch, o, err);
		if (!wants_restart(l, o))
			return;
		record_end(l, PHASE_RESTARTING, o, err, &ignored);
		supervise_answer(*watch, false, o->status, outcome_signal(o));
		delay = next_delay_ms(monotonic_ns() - began, delay);
		forget_start(l);
		if (!supervise_idle(*watch, delay))
			return;
		l->record.restarts++;
		launch_event(l, EVENT_RESTART, NULL);
	}
}

/* the last word: written down, removed or kept, and then told */
static int finish(struct launch *l, struct outcome *o, struct watch *watch,
		  struct error *err)
{
	struct error late, ignored;

	if (o->started)
		notify(l, "STOPPING=1");
	int s = record_end(l, PHASE_EXITED, o, err, &late);
	if (o->started && o->ended.stop_asked)
		launch_event(l, EVENT_STOP, NULL);
	/* one that was not written down as kept is of no use to anybody; where
	 * that cannot be told it stays */
	bool stays = !l->spec->remove &&
		     state_is_kept(l->state->dirfd, &ignored) != 0;
	if (stays) {
		unlinkat(l->state->dirfd, "control", 0);
		state_close(l->state);
	} else {
		s = state_remove(l->state, l->outer_userns_fd, &late);
		launch_event(l, EVENT_REMOVE, NULL);
	}
	report_exited(l->spec, o->status, outcome_signal(o), outcome_cause(o),
		      o->result < 0 ? err : NULL);
	if (watch) {
		supervise_answer(watch, false, o->status, outcome_signal(o));
		supervise_answer(watch, true, o->status, outcome_signal(o));
		supervise_free(watch);
	}
	if (o->result == 0 && s < 0)
		*err = late;
	return o->result < 0 ? o->result : s;
}

int launch_run(const struct spec *spec, struct state *state,
	       struct launch_how *how, uint64_t started_ns, int *ret_status,
	       struct error *err)
{
	struct launch l = nothing;
	struct outcome o = { .status = STATUS_WOLFFIA };
	struct watch *watch = NULL;

	l.spec = spec;
	l.state = state;
	l.started_ns = started_ns;
	l.again = how->again;
	l.background = how->background;
	for (int i = 0; i < 3; i++)
		l.attached[i] = take_fd(how->attached[i]);
	l.ready_fd = take_fd(how->ready_fd);
	l.tell_end = how->tell_end;
	l.pidfile = how->pidfile;
	o.result = prepare(&l, err);
	if (o.result == 0) {
		report_created(spec);
		run_until_end(&l, &o, &watch, err);
	}
	int r = finish(&l, &o, watch, err);
	*ret_status = o.status;
	/* a caller who still waits learns what went wrong */
	how->ready_fd = take_fd(l.ready_fd);
	launch_close(&l);
	return r;
}
