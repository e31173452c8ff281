#include "core/visit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/confine/capabilities.h"
#include "core/confine/identity.h"
#include "core/confine/seccomp.h"
#include "core/control.h"
#include "core/launch.h"
#include "core/plan.h"
#include "core/revive.h"
#include "core/supervise.h"
#include "core/walk.h"

/* What the process inside and its parent share. */
struct report {
	int result;
	struct error err;
};

struct visit {
	struct revived revived; /* of one that does not run: locked */
	struct launch launch;   /* the same: its mounts */
	bool mounted;
	struct spec spec; /* of one that runs */
	int root_fd, userns_fd;
	pid_t worker;
	struct report *report;
};

const struct spec *visit_spec(const struct visit *visit)
{
	return visit->mounted ? &visit->revived.spec : &visit->spec;
}

static int ask_launcher(const struct store *store, const char *id,
			struct visit *visit, struct error *err)
{
	const struct control_request request = { .verb = CONTROL_ROOT };
	struct control_reply reply;
	int fds[FD_MESSAGE_MOST];
	scoped_fd dirfd = container_open(store, id, err);
	spec_free(&visit->spec);
	visit->spec = (struct spec){ 0 };
	int r = dirfd < 0 ? dirfd : record_read_spec(dirfd, &visit->spec, err);
	scoped_fd control = r < 0 ? -1 : control_connect(store, id, err);

	if (r < 0 || control < 0)
		return r < 0 ? r : control;
	r = control_ask(control, &request, NULL, 0, err);
	if (r == 0)
		r = control_hear(control, &reply, fds, err);
	if (r < 0)
		return r;
	visit->root_fd = fds[0];
	visit->userns_fd = fds[1];
	fd_close(&fds[2]);
	return visit->root_fd < 0 || visit->userns_fd < 0
		       ? error_say(err, EPROTO,
				   "the launcher does not hand out the root")
		       : 0;
}

/* PID 1 of nothing: it keeps the mounts until its launcher hangs up */
_Noreturn static void keep_mounts(struct launch *l)
{
	int keep[] = { l->peer[LAUNCHER] };
	struct error ignored;
	char byte;

	if (fd_close_above(keep, 1, &ignored) == 0)
		while (recv(keep[0], &byte, 1, 0) < 0 && errno == EINTR)
			;
	_exit(0);
}

static int mount_root(const struct store *store, const struct record *record,
		      struct visit *visit, struct error *err)
{
	struct launch *l = &visit->launch;
	int r = revive_busy(store, record, &visit->revived, err);

	if (r < 0)
		return r;
	visit->mounted = true;
	l->spec = &visit->revived.spec;
	l->state = &visit->revived.state;
	l->again = l->visit = true;
	r = launch_share_board(l, err);
	if (r == 0 && pipe2(l->server_log, O_CLOEXEC) < 0)
		r = error_set(err, errno, "make a pipe");
	if (r == 0)
		r = walk(visit_plan, l, err);
	if (l->me == OUTER || (l->me == INIT && r < 0))
		_exit(r < 0 ? STATUS_WOLFFIA : 0);
	if (l->me == INIT)
		keep_mounts(l);
	if (r < 0)
		return r;
	visit->root_fd = take_fd(l->root_tree_fd);
	visit->userns_fd = take_fd(l->inner_userns_fd);
	return 0;
}

/*
 * Between running and not there are moments in which neither way works: its
 * launcher has not yet got so far, or tidies up.
 */
static int get_root(const struct store *store,
		    const struct container *container, struct visit *visit,
		    struct error *err)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	enum { TRIES = 500 };
	bool alive = container->alive;
	int r;

	for (int i = 0;; i++) {
		r = alive ? ask_launcher(store, container->record.id, visit,
					 err)
			  : mount_root(store, &container->record, visit, err);
		bool changed = r == (alive ? -ESRCH : -EBUSY);
		if (!changed || visit->mounted || i == TRIES ||
		    container->record.phase == PHASE_RESTARTING)
			return r;
		alive = !alive;
		if (i > 0)
			nanosleep(&moment, NULL);
	}
}

int visit_begin(const struct store *store, const struct container *container,
		struct visit **ret, struct error *err)
{
	struct visit *visit = xcalloc(1, sizeof(*visit));

	visit->revived = (struct revived)REVIVED_NONE;
	launch_init(&visit->launch);
	visit->root_fd = visit->userns_fd = -1;
	int r = get_root(store, container, visit, err);
	if (r < 0) {
		visit_end(visit);
		return r;
	}
	*ret = visit;
	return 0;
}

static void kill_worker(struct visit *visit)
{
	struct error ignored;

	if (visit->worker <= 0)
		return;
	kill(visit->worker, SIGKILL);
	process_wait(visit->worker, &ignored);
	visit->worker = 0;
}

void visit_end(struct visit *visit)
{
	if (!visit)
		return;
	kill_worker(visit);
	fd_close(&visit->root_fd);
	fd_close(&visit->userns_fd);
	if (visit->mounted && visit->launch.board)
		supervise_kill(&visit->launch);
	launch_close(&visit->launch);
	revived_free(&visit->revived);
	spec_free(&visit->spec);
	if (visit->report)
		munmap(visit->report, sizeof(*visit->report));
	free(visit);
}

/* root of the container, with what reading and writing any file takes */
static int become_root(struct visit *visit, struct error *err)
{
	static const gid_t no_groups[1];
	bool single = visit_spec(visit)->userns == USERNS_SINGLE;

	/* nobody may look into this process, which came from outside */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "become non-dumpable");
	if (setns(visit->userns_fd, CLONE_NEWUSER) < 0)
		return error_set(err, errno,
				 "enter the container's user namespace");
	return identity_become(0, 0, no_groups, 0, !single, err);
}

/* the caller's terminal and files are no business of a container's files */
static int leave_streams(struct error *err)
{
	scoped_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_set(err, errno, "open /dev/null");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return error_set(err, errno, "leave the streams");
	return 0;
}

static int enter_root(struct visit *visit, struct error *err)
{
	if (fchdir(visit->root_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return error_set(err, errno, "enter the container's root");
	return 0;
}

static int confine(bool writes, struct error *err)
{
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct landlock_tree tree = { root, writes ? LANDLOCK_WRITE
							 : LANDLOCK_READ };
	int abi = 0;

	if (root < 0)
		return error_set(err, errno, "open /");
	int r = landlock_confine_to(&tree, 1, &abi, err);
	/* a kernel without Landlock: the other walls stand */
	if (r < 0 && r != -ENOSYS && r != -EOPNOTSUPP)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "set no_new_privs");
	return seccomp_install(SECCOMP_PROFILE_DEFAULT, false, err);
}

struct work {
	bool writes;
	const int *fds;
	size_t n;
	int (*function)(void *, struct error *);
	void *argument;
};

static int work_inside(struct visit *visit, const struct work *work,
		       pid_t parent, struct error *err)
{
	int r = become_root(visit, err);

	if (r == 0) {
		process_die_with_parent(parent);
		r = leave_streams(err);
	}
	if (r == 0)
		r = enter_root(visit, err);
	if (r == 0)
		r = fd_close_above(work->fds, work->n, err);
	if (r == 0)
		r = confine(work->writes, err);
	return r < 0 ? r : work->function(work->argument, err);
}

int visit_start(struct visit *visit, bool writes, const int *fds, size_t n,
		int (*function)(void *argument, struct error *err),
		void *argument, struct error *err)
{
	const struct work work = { writes, fds, n, function, argument };
	pid_t parent = getpid();

	kill_worker(visit);
	if (!visit->report)
		visit->report = mmap(NULL, sizeof(*visit->report),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (visit->report == MAP_FAILED) {
		visit->report = NULL;
		return error_set(err, errno, "share memory");
	}
	*visit->report = (struct report){ .result = -ECHILD };
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		visit->report->result =
			work_inside(visit, &work, parent, &visit->report->err);
		_exit(0);
	}
	visit->worker = pid;
	return 0;
}

int visit_await(struct visit *visit, struct error *err)
{
	char how[64];
	int status = process_wait(visit->worker, err);

	visit->worker = 0;
	if (status < 0)
		return status;
	if (status > 0)
		return error_say(err, ECHILD,
				 "the process in the container's root %s",
				 process_describe(status, how, sizeof(how)));
	if (visit->report->result < 0)
		*err = visit->report->err;
	return visit->report->result;
}
